//! What the reader's thread and its caller share.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::bell::Bell;
use super::chunk::Chunk;
use super::fault::Fault;
use super::head::Head;
use super::response::End;
use super::split::Format;

/// How a request ended.
pub type Ended = Result<End, Fault>;

/// One request: bytes to send, and how to take the answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// Request line, headers and body.
    pub bytes: Vec<u8>,
    /// What the answer's body is made of.
    pub format: Format,
    /// Longest line or event, in bytes.
    pub line_limit: usize,
    /// Time from sending to the first output.
    pub first_limit: Duration,
    /// Time without any byte after that.
    pub idle_limit: Duration,
    /// The caller says when output has begun; else the first chunk is it.
    pub first_is_told: bool,
    /// The answer has no body (HEAD).
    pub bodiless: bool,
}

/// How well the reader kept up. Times in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lag {
    /// Reads that gave something.
    pub reads: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Longest time from the kernel's stamp to the end of the read.
    pub late_max_ns: i64,
    /// Sum of those times.
    pub late_sum_ns: i64,
    /// Widest bound of a chunk's arrival.
    pub bound_max_ns: i64,
    /// Reads without a usable stamp of the kernel's.
    pub user_stamps: u64,
    /// Time in which nothing was read because the caller took nothing.
    pub held_ns: i64,
}

/// All that the caller may look at.
#[derive(Debug, Default)]
pub struct State {
    pub connected: Option<Result<i64, Fault>>,
    pub request: Option<Request>,
    pub sent_ns: Option<i64>,
    pub sent_by_kernel: bool,
    pub head: Option<Head>,
    pub chunks: Vec<Chunk>,
    pub waiting_bytes: usize,
    pub end: Option<Ended>,
    pub rest: Vec<u8>,
    pub lag: Lag,
    pub reusable: bool,
    pub gone: bool,
    pub handle: Option<TcpStream>,
    pub priority: &'static str,
}

#[derive(Debug)]
pub struct Shared {
    state: Mutex<State>,
    /// Rung for the thread: a request, a close, room again.
    pub wake: Bell,
    /// Rung for the caller: there is something new.
    pub news: Bell,
    pub closing: AtomicBool,
    pub content: AtomicBool,
}

impl Shared {
    pub fn new() -> std::io::Result<Self> {
        Ok(Shared {
            state: Mutex::default(),
            wake: Bell::new()?,
            news: Bell::new()?,
            closing: AtomicBool::new(false),
            content: AtomicBool::new(false),
        })
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic in between leaves plain values behind, each of them whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }
}
