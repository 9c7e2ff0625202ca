//! A line of output with the time at which it arrived.

/// When a piece of the stream arrived, in nanoseconds on the monotonic clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp {
    /// No later than this.
    pub at_ns: i64,
    /// No earlier than this; equal to `at_ns` where nothing else arrived with it.
    pub not_before_ns: i64,
}

/// One line, or the data of one server-sent event. Bytes as they came, never decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The line without its newline.
    pub data: Vec<u8>,
    /// When its last byte arrived.
    pub stamp: Stamp,
    /// Bytes of the body that it took, what was skipped before it included.
    pub size: usize,
    /// The event's name, its first 64 bytes; empty where it has none.
    pub event: String,
}
