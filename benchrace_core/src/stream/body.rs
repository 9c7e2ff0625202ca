//! The frames of a body: chunks, a length, or all there is until the connection ends.

use super::fault::Fault;
use super::head::Framing;

/// In bytes: the line that says a chunk's size, with its extensions.
const MAX_SIZE_LINE: usize = 4096;
/// In bytes: all that follows the last chunk.
const MAX_TRAILERS: usize = 64 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size { value: u64, digits: u8, line: usize, extension: bool, returned: bool },
    Data(u64),
    DataEnd { returned: bool },
    Trailers { line: usize, taken: usize },
    Length(u64),
    UntilClose,
    Over,
}

const SIZE: State = State::Size { value: 0, digits: 0, line: 0, extension: false, returned: false };

/// Takes the frames away.
#[derive(Debug)]
pub struct Body(State);

impl Body {
    /// A body framed in this way.
    pub fn new(framing: Framing) -> Self {
        Body(match framing {
            Framing::Chunked => SIZE,
            Framing::Length(0) => State::Over,
            Framing::Length(bytes) => State::Length(bytes),
            Framing::UntilClose => State::UntilClose,
        })
    }

    /// Whether the body's own end was reached.
    pub fn over(&self) -> bool {
        self.0 == State::Over
    }

    /// Whether the end of the connection is a good end of this body.
    pub fn may_close(&self) -> bool {
        matches!(self.0, State::Over | State::UntilClose)
    }

    /// Takes a step: how many bytes were used, and how many of those, from the front, are data.
    ///
    /// Uses nothing once the body is over. `bytes` must not be empty.
    pub fn step(&mut self, bytes: &[u8]) -> Result<(usize, usize), Fault> {
        match &mut self.0 {
            State::Over => Ok((0, 0)),
            State::UntilClose => Ok((bytes.len(), bytes.len())),
            State::Length(left) | State::Data(left) => {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
                *left -= taken as u64;
                if *left == 0 {
                    let chunked = matches!(self.0, State::Data(_));
                    self.0 = if chunked { State::DataEnd { returned: false } } else { State::Over };
                }
                Ok((taken, taken))
            }
            _ => {
                let mut used = 0;
                while used < bytes.len() && self.between_data() {
                    self.frame(bytes[used])?;
                    used += 1;
                }
                Ok((used, 0))
            }
        }
    }

    fn between_data(&self) -> bool {
        matches!(self.0, State::Size { .. } | State::DataEnd { .. } | State::Trailers { .. })
    }

    fn frame(&mut self, byte: u8) -> Result<(), Fault> {
        self.0 = match (self.0, byte) {
            (State::DataEnd { returned: false }, b'\r') => State::DataEnd { returned: true },
            (State::DataEnd { returned: true }, b'\n') => SIZE,
            (State::DataEnd { .. }, _) => {
                return Err(Fault::bad("a chunk of the answer is longer than it says"));
            }
            (State::Trailers { line: 0, .. }, b'\n') => State::Over,
            (State::Trailers { taken, .. }, _) if taken >= MAX_TRAILERS => {
                return Err(Fault::bad("the answer's trailers are over 64 KiB"));
            }
            (State::Trailers { taken, .. }, b'\n') => State::Trailers { line: 0, taken: taken + 1 },
            (State::Trailers { line, taken }, b'\r') => State::Trailers { line, taken: taken + 1 },
            (State::Trailers { line, taken }, _) => {
                State::Trailers { line: line + 1, taken: taken + 1 }
            }
            (size, byte) => size_line(size, byte)?,
        };
        Ok(())
    }
}

fn size_line(state: State, byte: u8) -> Result<State, Fault> {
    let bad = || Fault::bad("a chunk's size in the answer is no hexadecimal number");
    let State::Size { mut value, mut digits, mut line, mut extension, mut returned } = state else {
        return Ok(state);
    };
    line += 1;
    if line > MAX_SIZE_LINE {
        return Err(Fault::bad(format!("a chunk's size line is over {MAX_SIZE_LINE} bytes")));
    }
    match byte {
        b'\n' if digits == 0 => return Err(bad()),
        b'\n' if value == 0 => return Ok(State::Trailers { line: 0, taken: 0 }),
        b'\n' => return Ok(State::Data(value)),
        _ if returned => return Err(bad()),
        b'\r' => returned = true,
        _ if extension => {}
        b';' | b' ' | b'\t' if digits > 0 => extension = true,
        _ => {
            let digit = char::from(byte).to_digit(16).ok_or_else(bad)?;
            digits += 1;
            if digits > 15 {
                return Err(Fault::bad("a chunk of the answer is larger than any memory"));
            }
            value = value << 4 | u64::from(digit);
        }
    }
    Ok(State::Size { value, digits, line, extension, returned })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(framing: Framing, pieces: &[&[u8]]) -> Result<(Vec<u8>, usize, bool), Fault> {
        let (mut body, mut found, mut left) = (Body::new(framing), Vec::new(), 0);
        for piece in pieces {
            let mut rest = *piece;
            while !rest.is_empty() && !body.over() {
                let (used, data) = body.step(rest)?;
                found.extend_from_slice(&rest[..data]);
                rest = &rest[used..];
            }
            left += rest.len();
        }
        Ok((found, left, body.over()))
    }

    #[test]
    fn any_pieces_give_the_same_data() {
        let text: &[u8] =
            b"5\r\nhello\r\n1;a=\"b\"\r\n \r\n00b \r\nwide world!\r\n0\r\nTrailer: x\r\n\r\nmore";
        let want = (b"hello wide world!".to_vec(), 4, true);
        for cut in 0..text.len() {
            for after in cut..text.len() {
                let pieces = [&text[..cut], &text[cut..after], &text[after..]];
                assert_eq!(data(Framing::Chunked, &pieces).unwrap(), want, "{cut} {after}");
            }
        }
    }

    #[test]
    fn other_frames_end_as_they_say() {
        let text: &[u8] = b"abcdef";
        assert_eq!(data(Framing::Length(4), &[text]).unwrap(), (b"abcd".to_vec(), 2, true));
        assert_eq!(data(Framing::Length(0), &[text]).unwrap(), (vec![], 6, true));
        assert_eq!(data(Framing::UntilClose, &[text]).unwrap(), (text.to_vec(), 0, false));
        assert_eq!(data(Framing::Length(9), &[text]).unwrap(), (text.to_vec(), 0, false));
    }

    #[test]
    fn broken_chunks_are_refused() {
        for text in [
            &b"x\r\n"[..],
            b"\r\n",
            b"-1\r\na",
            b"0x5\r\nhello",
            b"5\r\nhello!\r\n",
            b"ffffffffffffffff\r\n",
            b" 5\r\nhello",
            b"5\rhello",
        ] {
            assert!(data(Framing::Chunked, &[text]).is_err(), "{text:?}");
        }
        let long = [b"1;".to_vec(), vec![b'a'; 5000]].concat();
        assert!(data(Framing::Chunked, &[&long]).is_err());
        let long = [b"0\r\n".to_vec(), b"A: b\r\n".repeat(20_000)].concat();
        assert!(data(Framing::Chunked, &[&long]).is_err());
    }
}
