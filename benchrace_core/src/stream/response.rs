//! An answer from its first byte to its last: head, frames and lines together.

use super::body::Body;
use super::chunk::{Chunk, Stamp};
use super::fault::{Fault, Kind};
use super::head::{Head, HeadReader};
use super::split::{Format, Splitter};

const MAX_INFORMATIONAL: usize = 16;

/// How a body ended, where it ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With its last chunk, or at its length.
    Complete,
    /// With the connection, which is all that this answer said about its end.
    Closed,
}

/// Takes bytes, gives the head once and the chunks as they are complete.
#[derive(Debug)]
pub struct Response {
    reader: HeadReader,
    informational: usize,
    head: Option<Head>,
    body: Option<Body>,
    splitter: Splitter,
    format: Format,
    limit: usize,
    bodiless: bool,
    surplus: bool,
}

impl Response {
    /// Awaits an answer in this format; `bodiless` for the answer to a HEAD request.
    pub fn new(format: Format, limit: usize, bodiless: bool) -> Self {
        Response {
            reader: HeadReader::default(),
            informational: 0,
            head: None,
            body: None,
            splitter: Splitter::new(format, limit),
            format,
            limit,
            bodiless,
            surplus: false,
        }
    }

    /// The head, once it is there.
    pub fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether any byte of an answer has come.
    pub fn begun(&self) -> bool {
        self.reader.begun()
    }

    /// What came and is in no chunk, its first 4 KiB.
    pub fn leftover(&self) -> Vec<u8> {
        self.splitter.leftover()
    }

    /// Whether the connection may be used again after a complete body.
    pub fn keeps_alive(&self) -> bool {
        !self.surplus && self.head.as_ref().is_some_and(|head| head.keeps_alive)
    }

    /// Takes bytes that arrived together at `stamp`; gives the end once it was reached.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        stamp: Stamp,
        out: &mut Vec<Chunk>,
    ) -> Result<Option<End>, Fault> {
        let first = out.len();
        let mut rest = bytes;
        let mut behind = false;
        loop {
            let Some(body) = &mut self.body else {
                if rest.is_empty() {
                    return Ok(None);
                }
                let (taken, head) = self.reader.feed(rest)?;
                rest = &rest[taken..];
                if let Some(head) = head {
                    self.begin(head)?;
                }
                continue;
            };
            if body.over() {
                self.surplus |= !rest.is_empty();
                self.splitter.finish(stamp, out)?;
                sharpen(&mut out[first..], stamp, behind);
                return Ok(Some(End::Complete));
            }
            if rest.is_empty() {
                sharpen(&mut out[first..], stamp, behind);
                return Ok(None);
            }
            let (used, data) = body.step(rest)?;
            if data > 0 {
                self.splitter.feed(&rest[..data], stamp, out)?;
                behind = !self.splitter.rest().is_empty();
            }
            rest = &rest[used..];
        }
    }

    /// Says that the connection has ended.
    pub fn close(&mut self, stamp: Stamp, out: &mut Vec<Chunk>) -> Result<End, Fault> {
        match &self.body {
            Some(body) if body.may_close() => {
                self.splitter.finish(stamp, out)?;
                Ok(End::Closed)
            }
            Some(_) => Err(Fault::new(Kind::Truncated, "the answer was cut off before its end")),
            None if self.begun() => {
                Err(Fault::new(Kind::Truncated, "the answer was cut off within its headers"))
            }
            None => Err(Fault::new(Kind::Truncated, "the connection was closed without an answer")),
        }
    }

    fn begin(&mut self, head: Head) -> Result<(), Fault> {
        if head.status == 101 {
            return Err(Fault::bad("the answer switches protocol, which was not requested"));
        }
        if head.status < 200 {
            self.informational += 1;
            if self.informational > MAX_INFORMATIONAL {
                return Err(Fault::bad("informational answers without end"));
            }
            return Ok(());
        }
        if !(200..300).contains(&head.status) && self.format != Format::Lines {
            // An error's body is read as text, whatever the stream would have been.
            self.splitter = Splitter::new(Format::Lines, self.limit);
        }
        let framing = if self.bodiless { super::head::Framing::Length(0) } else { head.framing };
        self.body = Some(Body::new(framing));
        self.head = Some(head);
        Ok(())
    }
}

/// Makes the stamp exact of what came alone, or last with nothing behind it.
fn sharpen(chunks: &mut [Chunk], stamp: Stamp, behind: bool) {
    if let Some(last) = chunks.last_mut()
        && !behind
        && last.stamp == stamp
    {
        last.stamp.not_before_ns = stamp.at_ns;
    }
}

#[cfg(test)]
#[path = "response_tests.rs"]
mod tests;
