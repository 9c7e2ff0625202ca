//! The head of an HTTP/1.1 answer: status line and headers, and how its body is framed.

use super::fault::Fault;

/// Status line and headers together, in bytes; informational answers before it count too.
pub const MAX_BYTES: usize = 64 * 1024;

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// In chunks, the last of them empty.
    Chunked,
    /// By its length in bytes.
    Length(u64),
    /// By the end of the connection.
    UntilClose,
}

/// A parsed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Three digits.
    pub status: u16,
    /// Names in small letters, values as they came, in their order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// How the body is framed.
    pub framing: Framing,
    /// Whether the connection may be used again.
    pub keeps_alive: bool,
}

/// Gathers a head from pieces.
#[derive(Debug, Default)]
pub struct HeadReader {
    bytes: Vec<u8>,
    looked: usize,
    taken: usize,
}

impl HeadReader {
    /// Takes bytes up to the head's end; gives the head once complete, and how many were taken.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(usize, Option<Head>), Fault> {
        let before = self.bytes.len();
        let room = (MAX_BYTES + 1).saturating_sub(self.taken + before);
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
        if let Some(end) = self.end() {
            let text = self.bytes[..end].to_vec();
            self.taken += end;
            self.bytes.clear();
            self.looked = 0;
            return Ok((end - before, Some(parse(&text)?)));
        }
        if self.taken + self.bytes.len() > MAX_BYTES {
            return Err(Fault::bad(format!("the answer's headers are over {MAX_BYTES} bytes")));
        }
        Ok((bytes.len(), None))
    }

    /// Whether any byte has come.
    pub fn begun(&self) -> bool {
        self.taken + self.bytes.len() > 0
    }

    /// Finds the empty line, with `\r\n` or `\n` as line ends.
    fn end(&mut self) -> Option<usize> {
        let mut from = self.looked;
        while let Some(at) = self.bytes[from..].iter().position(|&byte| byte == b'\n') {
            let next = from + at + 1;
            match self.bytes[next..] {
                [b'\n', ..] => return Some(next + 1),
                [b'\r', b'\n', ..] => return Some(next + 2),
                [] | [b'\r'] => {
                    self.looked = from + at;
                    return None;
                }
                _ => from = next,
            }
        }
        self.looked = self.bytes.len();
        None
    }
}

fn parse(text: &[u8]) -> Result<Head, Fault> {
    if text.contains(&0) {
        return Err(Fault::bad("the answer's headers hold a NUL byte"));
    }
    let mut lines =
        text.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let (status, minor) = status_line(lines.next().unwrap_or_default())?;
    let mut headers = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        headers.push(header(line)?);
    }
    let framing = framing(status, minor, &headers)?;
    let keeps_alive = keeps_alive(minor, &headers) && framing != Framing::UntilClose;
    Ok(Head { status, headers, framing, keeps_alive })
}

fn status_line(line: &[u8]) -> Result<(u16, u8), Fault> {
    let refused = || Fault::bad(format!("no HTTP/1 answer: it begins with {:?}", shown(line)));
    let (minor, rest) = match line {
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor @ (b'0' | b'1'), b' ', rest @ ..] => {
            (minor - b'0', rest)
        }
        _ => return Err(refused()),
    };
    let digits = rest.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
    let ended = matches!(rest.get(3), None | Some(b' '));
    match digits {
        Some(&[hundreds @ b'1'..=b'9', tens, ones]) if ended => {
            let digit = |byte: u8| u16::from(byte - b'0');
            Ok((digit(hundreds) * 100 + digit(tens) * 10 + digit(ones), minor))
        }
        _ => Err(refused()),
    }
}

fn header(line: &[u8]) -> Result<(String, Vec<u8>), Fault> {
    let bad = || Fault::bad(format!("the answer has a broken header: {:?}", shown(line)));
    let colon = line.iter().position(|&byte| byte == b':').ok_or_else(bad)?;
    let name = std::str::from_utf8(&line[..colon]).map_err(|_| bad())?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(bad());
    }
    Ok((name.to_ascii_lowercase(), line[colon + 1..].trim_ascii().to_vec()))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn values<'a>(headers: &'a [(String, Vec<u8>)], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers.iter().filter(move |(each, _)| each == name).map(|(_, value)| value.as_slice())
}

fn framing(status: u16, minor: u8, headers: &[(String, Vec<u8>)]) -> Result<Framing, Fault> {
    for value in values(headers, "content-encoding") {
        if !value.is_empty() && !value.eq_ignore_ascii_case(b"identity") {
            return Err(Fault::bad(format!(
                "the answer is encoded as {:?} although identity was asked for",
                shown(value)
            )));
        }
    }
    if status < 200 || matches!(status, 204 | 304) {
        return Ok(Framing::Length(0));
    }
    let codings: Vec<_> = values(headers, "transfer-encoding").collect();
    let lengths: Vec<_> = values(headers, "content-length").collect();
    match (codings.as_slice(), lengths.as_slice()) {
        ([], []) => Ok(Framing::UntilClose),
        ([coding], []) if minor == 1 && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Framing::Chunked)
        }
        ([], [first, rest @ ..]) if rest.iter().all(|each| each == first) => {
            length(first).map(Framing::Length)
        }
        _ => Err(Fault::bad("the answer contradicts itself about where its body ends")),
    }
}

fn length(value: &[u8]) -> Result<u64, Fault> {
    let digits = !value.is_empty() && value.len() <= 18 && value.iter().all(u8::is_ascii_digit);
    if !digits {
        return Err(Fault::bad(format!("the content-length is {:?}", shown(value))));
    }
    Ok(value.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
}

fn keeps_alive(minor: u8, headers: &[(String, Vec<u8>)]) -> bool {
    let says = |word: &[u8]| {
        values(headers, "connection")
            .flat_map(|value| value.split(|&byte| byte == b','))
            .any(|each| each.trim_ascii().eq_ignore_ascii_case(word))
    };
    if minor == 0 { says(b"keep-alive") } else { !says(b"close") }
}

fn shown(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(80)
        .flat_map(|&byte| std::ascii::escape_default(byte))
        .map(char::from)
        .collect()
}

#[cfg(test)]
#[path = "head_tests.rs"]
mod tests;
