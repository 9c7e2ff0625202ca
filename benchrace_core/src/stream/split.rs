//! Cuts a body into lines or server-sent events: at `\n` only, on bytes, whatever they hold.

use super::chunk::{Chunk, Stamp};
use super::fault::Fault;

/// What a body is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines as they are, empty ones too.
    Lines,
    /// One JSON value a line; blank lines are skipped, a `\r` at the end is taken off.
    Ndjson,
    /// Server-sent events: a chunk is the data of one event. Comments are skipped.
    Sse,
}

impl Format {
    /// The format of this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "lines" => Some(Format::Lines),
            "ndjson" => Some(Format::Ndjson),
            "sse" => Some(Format::Sse),
            _ => None,
        }
    }
}

/// Cuts one body.
#[derive(Debug)]
pub struct Splitter {
    format: Format,
    limit: usize,
    line: Vec<u8>,
    event: Option<(Vec<u8>, Stamp)>,
    size: usize,
}

impl Splitter {
    /// A splitter that refuses lines, and events, of more than `limit` bytes.
    pub fn new(format: Format, limit: usize) -> Self {
        Splitter { format, limit, line: Vec::new(), event: None, size: 0 }
    }

    /// Takes bytes that arrived at `stamp`, and adds what is complete to `out`.
    pub fn feed(&mut self, bytes: &[u8], stamp: Stamp, out: &mut Vec<Chunk>) -> Result<(), Fault> {
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
            let (line, after) = (&rest[..at], &rest[at + 1..]);
            self.size += at + 1;
            if self.line.is_empty() {
                self.check(line.len())?;
                self.complete(line, stamp, out)?;
            } else {
                self.check(self.line.len() + line.len())?;
                self.line.extend_from_slice(line);
                let line = std::mem::take(&mut self.line);
                self.complete(&line, stamp, out)?;
            }
            rest = after;
        }
        self.check(self.line.len() + rest.len())?;
        self.size += rest.len();
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// Ends a body that ended well: what has no newline counts as a line.
    pub fn finish(&mut self, stamp: Stamp, out: &mut Vec<Chunk>) -> Result<(), Fault> {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.complete(&line, stamp, out)?;
        }
        if self.format == Format::Sse {
            self.complete(b"", stamp, out)?;
        }
        Ok(())
    }

    /// What has arrived of a line, or an event, that is not complete.
    pub fn rest(&self) -> &[u8] {
        match &self.event {
            Some((data, _)) if self.line.is_empty() => data,
            _ => &self.line,
        }
    }

    fn check(&self, length: usize) -> Result<(), Fault> {
        if length <= self.limit {
            return Ok(());
        }
        Err(Fault::bad(format!("a line of the answer is over {} bytes", self.limit)))
    }

    fn complete(&mut self, line: &[u8], stamp: Stamp, out: &mut Vec<Chunk>) -> Result<(), Fault> {
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        match self.format {
            Format::Lines => self.put(line.to_vec(), stamp, out),
            Format::Ndjson if bare.trim_ascii().is_empty() => {}
            Format::Ndjson => self.put(bare.to_vec(), stamp, out),
            Format::Sse if bare.is_empty() => {
                if let Some((data, stamp)) = self.event.take() {
                    self.put(data, stamp, out);
                }
            }
            Format::Sse => self.field(bare, stamp)?,
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8], stamp: Stamp) -> Result<(), Fault> {
        let Some(value) = line.strip_prefix(b"data") else { return Ok(()) };
        let value = match value {
            [b':', b' ', value @ ..] | [b':', value @ ..] => value,
            [] => value,
            _ => return Ok(()),
        };
        match &mut self.event {
            None => self.event = Some((value.to_vec(), stamp)),
            Some((data, last)) => {
                data.push(b'\n');
                data.extend_from_slice(value);
                *last = stamp;
            }
        }
        self.check(self.event.as_ref().map_or(0, |(data, _)| data.len()))
    }

    fn put(&mut self, data: Vec<u8>, stamp: Stamp, out: &mut Vec<Chunk>) {
        out.push(Chunk { data, stamp, size: std::mem::take(&mut self.size) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(format: Format, pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, Fault> {
        let (mut splitter, mut out) = (Splitter::new(format, 40), Vec::new());
        for piece in pieces {
            splitter.feed(piece, Stamp::default(), &mut out)?;
        }
        splitter.finish(Stamp::default(), &mut out)?;
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        assert!(out.iter().map(|chunk| chunk.size).sum::<usize>() <= bytes);
        Ok(out.into_iter().map(|chunk| chunk.data).collect())
    }

    #[track_caller]
    fn always(format: Format, text: &[u8], want: &[&[u8]]) {
        for cut in 0..=text.len() {
            for after in cut..=text.len() {
                let pieces = [&text[..cut], &text[cut..after], &text[after..]];
                assert_eq!(split(format, &pieces).unwrap(), want, "cut at {cut} and {after}");
            }
        }
    }

    #[test]
    fn only_a_newline_ends_a_line() {
        let text = "a\u{2028}b\u{85}c\x0bd\re\n\n\0\r\nlast".as_bytes();
        let first = "a\u{2028}b\u{85}c\x0bd\re".as_bytes();
        always(Format::Lines, text, &[first, b"", b"\0\r", b"last"]);
        always(Format::Ndjson, text, &[first, b"\0", b"last"]);
    }

    #[test]
    fn broken_unicode_passes_as_it_is() {
        always(Format::Ndjson, b"\xff\xf0\x9f\n\x98\x80\n", &[b"\xff\xf0\x9f", b"\x98\x80"]);
    }

    #[test]
    fn events_are_their_data() {
        let text = b": ping\n\ndata: one\n\nevent: x\r\ndata:two\r\ndata:  2\r\n\r\ndatax: no\nid: 1\n\ndata\n\ndata: end\n";
        always(Format::Sse, text, &[b"one", b"two\n 2", b"", b"end"]);
    }

    #[test]
    fn an_event_is_stamped_when_its_data_came() {
        let (mut splitter, mut out) = (Splitter::new(Format::Sse, 40), Vec::new());
        let at = |at_ns| Stamp { at_ns, not_before_ns: at_ns };
        splitter.feed(b"data: a", at(1), &mut out).unwrap();
        splitter.feed(b"b\n", at(2), &mut out).unwrap();
        assert_eq!(splitter.rest(), b"ab");
        splitter.feed(b"\n", at(3), &mut out).unwrap();
        assert_eq!(out[0], Chunk { data: b"ab".to_vec(), stamp: at(2), size: 10 });
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_is_kept() {
        let long = [b'a'; 41];
        for format in [Format::Lines, Format::Ndjson, Format::Sse] {
            assert!(split(format, &[&long]).is_err());
            assert!(split(format, &[&long[..30], &long[..30]]).is_err());
            assert!(split(format, &[&long[..40], b"\n"]).is_ok());
        }
        assert!(split(Format::Sse, &[&b"data: aaaaaaaaaa\n".repeat(5)]).is_err());
    }
}
