//! Why a stream did not end well.

use std::fmt;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody answers at the address.
    Unreachable,
    /// No connection within the limit.
    TimeoutConnect,
    /// No first output within the limit.
    TimeoutFirst,
    /// Output began, and then nothing came for the limit.
    TimeoutIdle,
    /// Closed before the body's own end.
    Truncated,
    /// Reset by the other side.
    Reset,
    /// The answer breaks the protocol, or a limit.
    BadOutput,
    /// The socket failed in another way.
    Failed,
}

impl Kind {
    /// The name that callers match on.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Unreachable => "unreachable",
            Kind::TimeoutConnect => "timeout_connect",
            Kind::TimeoutFirst => "timeout_first",
            Kind::TimeoutIdle => "timeout_idle",
            Kind::Truncated => "truncated",
            Kind::Reset => "reset",
            Kind::BadOutput => "bad_output",
            Kind::Failed => "failed",
        }
    }
}

/// A failure with words for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of failure it was.
    pub kind: Kind,
    /// What happened.
    pub message: String,
}

impl Fault {
    /// Makes a failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Fault { kind, message: message.into() }
    }

    /// An answer that breaks the protocol or a limit.
    pub fn bad(message: impl Into<String>) -> Self {
        Fault::new(Kind::BadOutput, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}
