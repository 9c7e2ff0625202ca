//! A connection with a thread of its own: connect ahead, then one request after another.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::chunk::Chunk;
use super::clock::monotonic_ns;
use super::fault::Fault;
use super::head::Head;
use super::reader::Reader;
use super::shared::{Ended, Shared};

pub use super::shared::{Lag, Request};

/// A connection to one of several addresses. Dropping it closes it.
#[derive(Debug)]
pub struct Connection(Arc<Shared>);

/// What there was to take.
#[derive(Debug, Default)]
pub struct Batch {
    /// Complete lines or events, in order.
    pub chunks: Vec<Chunk>,
    /// How the answer ended, once it did; nothing follows.
    pub end: Option<Ended>,
}

impl Connection {
    /// Starts to connect: the addresses in turn, each for `limit` at most.
    ///
    /// The caller is woken at most once in `batch`, and at once by what it waits for: the
    /// connection, the head, the first chunk after a pause, the end.
    pub fn start(addresses: Vec<SocketAddr>, limit: Duration, batch: Duration) -> io::Result<Self> {
        let shared = Arc::new(Shared::new()?);
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("stream".into())
            .spawn(move || Reader::run(&of_thread, &addresses, limit, batch))?;
        Ok(Connection(shared))
    }

    /// The descriptor that is readable while there is something new.
    pub fn fd(&self) -> RawFd {
        self.0.news.fd()
    }

    /// How the attempt to connect ended, in nanoseconds it took; `None` while it lasts.
    pub fn connected(&self) -> Option<Result<i64, Fault>> {
        self.0.state().connected.clone()
    }

    /// Whether it stands, idle, and was not closed by the other side.
    pub fn is_ready(&self) -> bool {
        let state = self.0.state();
        let idle = state.request.is_none() && state.end.is_none() && !state.gone;
        idle && matches!(state.connected, Some(Ok(_))) && !self.0.is_closing()
    }

    /// Makes it ready for the next request, where the answer before allows that.
    pub fn renew(&self) -> bool {
        let mut state = self.0.state();
        if !state.reusable || state.gone || self.0.is_closing() {
            return false;
        }
        state.end = None;
        state.reusable = false;
        state.head = None;
        state.sent_ns = None;
        true
    }

    /// Sends a request; false where the connection is not ready.
    pub fn begin(&self, request: Request) -> bool {
        if !self.is_ready() {
            return false;
        }
        self.0.content.store(false, Ordering::SeqCst);
        let mut state = self.0.state();
        state.lag = Lag::default();
        state.rest.clear();
        state.request = Some(request);
        drop(state);
        self.0.wake.ring();
        true
    }

    /// Takes all that has come. Call it whenever the descriptor is readable.
    pub fn take(&self) -> Batch {
        self.0.news.hush();
        let mut state = self.0.state();
        let (chunks, held) = state.take();
        let batch = Batch { chunks, end: state.end.clone() };
        drop(state);
        if held {
            self.0.wake.ring();
        }
        batch
    }

    /// The answer's head, once it is there.
    pub fn head(&self) -> Option<Head> {
        self.0.state().head.clone()
    }

    /// When the first byte of the request was sent, and whether the kernel said so.
    pub fn sent(&self) -> Option<(i64, bool)> {
        let state = self.0.state();
        state.sent_ns.map(|at| (at, state.sent_by_kernel))
    }

    /// What came and is in no chunk, once the answer has ended, its first 4 KiB.
    pub fn rest(&self) -> Vec<u8> {
        self.0.state().rest.clone()
    }

    /// How well the reader kept up with this request, and its thread's priority.
    pub fn lag(&self) -> (Lag, &'static str) {
        let state = self.0.state();
        (state.lag_at(monotonic_ns()), state.priority)
    }

    /// Says that output has begun: from now on the idle limit counts, not that for the first.
    pub fn content(&self) {
        self.0.content.store(true, Ordering::SeqCst);
        self.0.wake.ring();
    }

    /// Ends the connection at once. Harmless at any time.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::SeqCst);
        if let Some(handle) = self.0.state().handle.take() {
            // It fails where the other side was faster.
            let _ = handle.shutdown(Shutdown::Both);
        }
        self.0.wake.ring();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
#[path = "connection_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "held_tests.rs"]
mod held_tests;
