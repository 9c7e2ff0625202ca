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

/// In bytes, as `State::put` counts them: what the caller has left untaken never exceeds this by
/// more than one line. What the kernel keeps comes on top, up to limits of the system's own: a
/// fixed SO_RCVBUF would bound that too, but it turns off the kernel's tuning, and under the usual
/// `rmem_max` leaves a window too small for an engine that is far away.
pub const MOST_WAITING: usize = 8 << 20;
/// In bytes: what a chunk costs beside its data, here and as Python's objects once it was taken.
/// Without it a flood of empty lines would be free.
pub const CHUNK_COST: usize = 256;
/// Reading pauses where not even so much is sure to fit.
pub const LEAST_READ: usize = 4 << 10;
/// What fits into an empty buffer even where every byte is a line.
pub const LARGEST_READ: usize = MOST_WAITING / (1 + CHUNK_COST);

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
    /// Time without any chunk after that.
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
    pub held_since_ns: Option<i64>,
    pub end: Option<Ended>,
    pub rest: Vec<u8>,
    pub lag: Lag,
    pub reusable: bool,
    pub gone: bool,
    pub handle: Option<TcpStream>,
    pub priority: &'static str,
}

impl State {
    /// How many bytes may be read so that they fit even where every one of them is a line.
    pub fn room_to_read(&self) -> usize {
        MOST_WAITING.saturating_sub(self.waiting_bytes) / (1 + CHUNK_COST)
    }

    /// Whether reading has to wait for the caller.
    pub fn is_full(&self) -> bool {
        self.room_to_read() < LEAST_READ
    }

    /// Adds chunks for the caller to take.
    pub fn put(&mut self, chunks: Vec<Chunk>) {
        self.waiting_bytes +=
            chunks.iter().map(|chunk| chunk.data.len() + CHUNK_COST).sum::<usize>();
        if self.chunks.is_empty() {
            self.chunks = chunks;
        } else {
            self.chunks.extend(chunks);
        }
    }

    /// Gives all chunks to the caller, and whether reading had to wait for that.
    pub fn take(&mut self) -> (Vec<Chunk>, bool) {
        let full = self.is_full();
        self.waiting_bytes = 0;
        (std::mem::take(&mut self.chunks), full)
    }

    /// How well the reader has kept up until now, a pause that lasts included.
    pub fn lag_at(&self, now_ns: i64) -> Lag {
        let pause = self.held_since_ns.map_or(0, |since| now_ns - since);
        Lag { held_ns: self.lag.held_ns + pause, ..self.lag }
    }
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
