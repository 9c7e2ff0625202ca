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
    begun: bool,
    event: Option<(Vec<u8>, Stamp)>,
    name: String,
    stray: Vec<u8>,
    size: usize,
}

/// In bytes: what is kept of that which came and is no chunk.
const MAX_LEFTOVER: usize = 4 << 10;
/// In bytes: what is kept of an event's name.
const MAX_NAME: usize = 64;
/// Some servers begin with it; the standard of server-sent events has it skipped.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

impl Splitter {
    /// A splitter that refuses lines, and events, of more than `limit` bytes.
    pub fn new(format: Format, limit: usize) -> Self {
        Splitter {
            format,
            limit,
            line: Vec::new(),
            begun: false,
            event: None,
            name: String::new(),
            stray: Vec::new(),
            size: 0,
        }
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

    /// What came and is in no chunk, its first 4 KiB: lines that are no event, then what has
    /// arrived of a line that is not complete. A server that answers in another format says here
    /// what it has to say.
    pub fn leftover(&self) -> Vec<u8> {
        let mut bytes = self.stray.clone();
        keep(&mut bytes, self.rest());
        bytes
    }

    fn check(&self, length: usize) -> Result<(), Fault> {
        if length <= self.limit {
            return Ok(());
        }
        Err(Fault::bad(format!("a line of the answer is over {} bytes", self.limit)))
    }

    fn complete(&mut self, line: &[u8], stamp: Stamp, out: &mut Vec<Chunk>) -> Result<(), Fault> {
        let first = !std::mem::replace(&mut self.begun, true);
        let line = match self.format {
            Format::Ndjson | Format::Sse if first => {
                line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
            }
            _ => line,
        };
        let bare = line.strip_suffix(b"\r").unwrap_or(line);
        match self.format {
            Format::Lines => self.put(line.to_vec(), stamp, out),
            Format::Ndjson if bare.trim_ascii().is_empty() => {}
            Format::Ndjson => self.put(bare.to_vec(), stamp, out),
            Format::Sse if bare.is_empty() => {
                let event = std::mem::take(&mut self.name);
                if let Some((data, stamp)) = self.event.take() {
                    let size = std::mem::take(&mut self.size);
                    out.push(Chunk { data, stamp, size, event });
                }
            }
            Format::Sse => self.field(bare, stamp)?,
        }
        Ok(())
    }

    fn field(&mut self, line: &[u8], stamp: Stamp) -> Result<(), Fault> {
        let end = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
        let (name, value) = (&line[..end], line.get(end + 1..).unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => self.data(value, stamp),
            b"event" => {
                let kept = &value[..value.len().min(MAX_NAME)];
                self.name = String::from_utf8_lossy(kept).into_owned();
                Ok(())
            }
            // A comment begins with its colon.
            b"" | b"id" | b"retry" => Ok(()),
            _ => {
                keep(&mut self.stray, line);
                Ok(())
            }
        }
    }

    fn data(&mut self, value: &[u8], stamp: Stamp) -> Result<(), Fault> {
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
        let size = std::mem::take(&mut self.size);
        out.push(Chunk { data, stamp, size, event: String::new() });
    }
}

/// Adds a line to `kept`, as far as there is room.
fn keep(kept: &mut Vec<u8>, line: &[u8]) {
    if line.is_empty() || kept.len() >= MAX_LEFTOVER {
        return;
    }
    if !kept.is_empty() {
        kept.push(b'\n');
    }
    let room = MAX_LEFTOVER.saturating_sub(kept.len());
    kept.extend_from_slice(&line[..line.len().min(room)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ns: i64) -> Stamp {
        Stamp { at_ns, not_before_ns: at_ns }
    }

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
        splitter.feed(b"data: a", at(1), &mut out).unwrap();
        splitter.feed(b"b\n", at(2), &mut out).unwrap();
        assert_eq!(splitter.rest(), b"ab");
        splitter.feed(b"\n", at(3), &mut out).unwrap();
        let event = String::new();
        assert_eq!(out[0], Chunk { data: b"ab".to_vec(), stamp: at(2), size: 10, event });
    }

    #[test]
    fn an_event_has_its_name_and_the_next_one_does_not() {
        let (mut splitter, mut out) = (Splitter::new(Format::Sse, 100), Vec::new());
        let long = "e".repeat(90);
        let text =
            format!("event: error\ndata: a\n\ndata: b\n\nevent: x\n\nevent:{long}\ndata: c\n\n");
        splitter.feed(text.as_bytes(), Stamp::default(), &mut out).unwrap();
        let names: Vec<_> = out.iter().map(|chunk| chunk.event.as_str()).collect();
        assert_eq!(names, ["error", "", &long[..MAX_NAME]]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once_and_at_the_beginning_alone() {
        always(Format::Sse, b"\xef\xbb\xbfdata: a\n\ndata: b\n\n", &[b"a", b"b"]);
        always(Format::Ndjson, b"\xef\xbb\xbf{}\n\xef\xbb\xbf{}\n", &[b"{}", b"\xef\xbb\xbf{}"]);
        always(Format::Lines, b"\xef\xbb\xbfa\n", &[b"\xef\xbb\xbfa"]);
    }

    #[test]
    fn what_is_no_event_is_left_over_up_to_a_limit() {
        let (mut splitter, mut out) = (Splitter::new(Format::Sse, 8000), Vec::new());
        splitter.feed(b": ping\nid: 1\n{\n\"a\": 1}\ndata: x\n\nno", at(1), &mut out).unwrap();
        assert_eq!(out.len(), 1);
        assert_eq!(splitter.leftover(), b"{\n\"a\": 1}\nno");
        assert_eq!(splitter.rest(), b"no");
        splitter.feed(&[b'y'; 5000], at(1), &mut out).unwrap();
        splitter.feed(b"\n", at(1), &mut out).unwrap();
        splitter.feed(&[b'z'; 5000], at(1), &mut out).unwrap();
        assert_eq!(splitter.leftover().len(), MAX_LEFTOVER);
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
