//! The thread: it reads whenever something arrives, stamps it, and only then looks at it.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::chunk::{Chunk, Stamp};
use super::clock::{Pair, monotonic_ns, translate};
use super::exchange::Exchange;
use super::fault::{Fault, Kind};
use super::response::End;
use super::shared::{Ended, LARGEST_READ, LEAST_READ, Request, Shared};
use super::socket::{Socket, raise_priority, wait_for_bell};

/// Read in one go before limits, and whether there is still room, are looked at again: a server
/// that always has more to say must not keep the thread in here.
const MOST_AT_ONCE: usize = 1 << 20;
/// A stamp of the kernel's tells of the last byte of a write: this much leaves in one packet.
const ONE_PACKET: usize = 1 << 10;
/// Reads so close together, and so many in a row, are a flood: then some are spared, so that the
/// reader takes no core from the engine. Lines that come together carry their bound, as always.
const CLOSE_NS: i64 = 100_000;
const MANY: u32 = 32;
const STEP_BACK: Duration = Duration::from_micros(300);

pub struct Reader<'a> {
    shared: &'a Shared,
    socket: Socket,
    buffer: Vec<u8>,
    batch_ns: i64,
    rung_ns: i64,
    unheard: bool,
    offset_ns: i64,
    read_ns: i64,
    close: u32,
}

impl<'a> Reader<'a> {
    /// Connects, serves requests until closed, and tells the caller of everything.
    pub fn run(shared: &'a Shared, addresses: &[SocketAddr], limit: Duration, batch: Duration) {
        let served = catch_unwind(AssertUnwindSafe(|| {
            let began = monotonic_ns();
            let connected = connect(addresses, limit).and_then(|stream| {
                Reader::new(shared, stream, batch)
                    .map_err(|error| Fault::new(Kind::Failed, error.to_string()))
            });
            match connected {
                Err(fault) => shared.state().connected = Some(Err(fault)),
                Ok(mut reader) => {
                    shared.state().connected = Some(Ok(monotonic_ns() - began));
                    shared.news.ring();
                    reader.serve();
                }
            }
        }));
        let mut state = shared.state();
        state.gone = true;
        state.handle = None;
        if served.is_err() && state.end.is_none() {
            state.end = Some(Err(Fault::new(Kind::Failed, "the stream reader panicked")));
        }
        drop(state);
        shared.news.ring();
    }

    fn new(shared: &'a Shared, stream: TcpStream, batch: Duration) -> io::Result<Self> {
        let socket = Socket::new(stream)?;
        let mut state = shared.state();
        state.handle = Some(socket.handle()?);
        state.priority = raise_priority();
        Ok(Reader {
            shared,
            socket,
            buffer: vec![0; LARGEST_READ],
            batch_ns: i64::try_from(batch.as_nanos()).unwrap_or(i64::MAX),
            rung_ns: i64::MIN / 2,
            unheard: false,
            offset_ns: Pair::now().offset_ns,
            read_ns: 0,
            close: 0,
        })
    }

    fn serve(&mut self) {
        while !self.shared.is_closing() {
            let request = self.shared.state().request.clone();
            match request {
                Some(request) => {
                    let (ended, reusable, rest) = self.exchange(request);
                    if ended.is_err() {
                        self.socket.abort();
                    }
                    let mut state = self.shared.state();
                    state.end = Some(ended);
                    state.reusable = reusable;
                    state.rest = rest;
                    state.request = None;
                    drop(state);
                    self.unheard = false;
                    self.shared.news.ring();
                    if !reusable {
                        return;
                    }
                }
                None => {
                    let Ok(woken) = self.socket.wait(self.shared.wake.fd(), false, None) else {
                        return;
                    };
                    self.shared.wake.hush();
                    if woken.stamps && self.socket.take_send_stamp().is_none() {
                        return;
                    }
                    // An idle connection has nothing to say: it was closed, or is out of step.
                    if woken.readable && self.shared.state().request.is_none() {
                        return;
                    }
                }
            }
        }
    }

    fn exchange(&mut self, request: Request) -> (Ended, bool, Vec<u8>) {
        let mut exchange = Exchange::new(request, monotonic_ns());
        let ended = self.converse(&mut exchange);
        let reusable = ended == Ok(End::Complete) && exchange.is_clean();
        (ended, reusable, exchange.leftover())
    }

    fn converse(&mut self, exchange: &mut Exchange) -> Ended {
        self.send(exchange)?;
        loop {
            if self.shared.is_closing() {
                return Err(Fault::new(Kind::Failed, "the stream was closed from this side"));
            }
            self.hold(exchange)?;
            let limit = self.time_to_wait(exchange);
            let writing = exchange.sent < exchange.request.bytes.len();
            let woken =
                self.socket.wait(self.shared.wake.fd(), writing, Some(limit)).map_err(failed)?;
            if woken.rung {
                self.shared.wake.hush();
            }
            if woken.stamps {
                self.note_send_stamp(exchange);
            }
            if woken.writable && writing {
                self.send(exchange)?;
            }
            // An error of the socket shows as POLLERR alone, as stamps do.
            if (woken.readable || woken.stamps)
                && let Some(end) = self.read(exchange)?
            {
                return Ok(end);
            }
            // Only now: what had come in time is no reason to call the other side late.
            exchange.content |= self.shared.content.load(Ordering::SeqCst);
            exchange.check_limits(monotonic_ns())?;
            self.tell_when_due();
        }
    }

    fn send(&mut self, exchange: &mut Exchange) -> Result<(), Fault> {
        while exchange.sent < exchange.request.bytes.len() {
            let rest = &exchange.request.bytes[exchange.sent..];
            let part = if exchange.sent == 0 { ONE_PACKET.min(rest.len()) } else { rest.len() };
            let before = monotonic_ns();
            match self.socket.send(&rest[..part]) {
                Ok(bytes) => {
                    if exchange.sent == 0 {
                        exchange.begun_ns = before;
                        exchange.active_ns = before;
                        exchange.empty_ns = before;
                        let mut state = self.shared.state();
                        (state.sent_ns, state.sent_by_kernel) = (Some(before), false);
                        drop(state);
                        self.note_send_stamp(exchange);
                    }
                    exchange.sent += bytes;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                // It may have answered before it closed: an error is read, not guessed.
                Err(error) if is_reset(&error) && exchange.sent > 0 => {
                    exchange.request.bytes.truncate(exchange.sent);
                }
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(())
    }

    fn note_send_stamp(&mut self, exchange: &mut Exchange) {
        let Some(wall) = self.socket.take_send_stamp() else { return };
        if exchange.stamped {
            return;
        }
        let now = Pair::now();
        let offsets = [now.offset_ns, self.offset_ns];
        self.offset_ns = now.offset_ns;
        if let Some(at) = translate(wall, offsets, exchange.begun_ns, now.monotonic_ns) {
            exchange.stamped = true;
            exchange.begun_ns = at;
            let mut state = self.shared.state();
            (state.sent_ns, state.sent_by_kernel) = (Some(at), true);
        }
    }

    /// Reads what is there and fits; the first thing that happens to it is its stamp.
    fn read(&mut self, exchange: &mut Exchange) -> Result<Option<End>, Fault> {
        self.spare_reads();
        let mut left = MOST_AT_ONCE;
        loop {
            let most = self.shared.state().room_to_read();
            if left == 0 || most < LEAST_READ {
                return Ok(None);
            }
            let before = monotonic_ns();
            let received = self.socket.receive(&mut self.buffer[..most]);
            let now = Pair::now();
            self.read_ns = now.monotonic_ns;
            let received = match received {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    exchange.empty_ns = before;
                    return Ok(None);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(failed(error)),
            };
            let offsets = [now.offset_ns, self.offset_ns];
            self.offset_ns = now.offset_ns;
            let stamp = self.stamp(received.wall_ns, offsets, exchange.empty_ns, now.monotonic_ns);
            let drained = received.bytes < most;
            left = left.saturating_sub(received.bytes);
            if drained {
                exchange.empty_ns = before;
            }
            self.note_lag(received.bytes, stamp, now.monotonic_ns);
            let mut chunks = Vec::new();
            let ended = if received.bytes == 0 {
                exchange.response.close(stamp.0, &mut chunks).map(Some)
            } else {
                exchange.response.feed(&self.buffer[..received.bytes], stamp.0, &mut chunks)
            };
            if !chunks.is_empty() {
                exchange.active_ns = now.monotonic_ns;
                exchange.content |= !exchange.request.first_is_told;
            }
            self.hand_over(exchange, chunks);
            let ended = ended?;
            if ended.is_some() || drained {
                return Ok(ended);
            }
        }
    }

    fn spare_reads(&mut self) {
        let close = monotonic_ns() - self.read_ns < CLOSE_NS;
        self.close = if close { self.close.saturating_add(1) } else { 0 };
        if self.close > MANY {
            std::thread::sleep(STEP_BACK);
        }
    }

    /// The stamp, and whether it is the kernel's.
    fn stamp(
        &self,
        wall_ns: Option<i64>,
        offsets: [i64; 2],
        empty_ns: i64,
        now_ns: i64,
    ) -> (Stamp, bool) {
        let kernel = wall_ns.and_then(|wall| translate(wall, offsets, empty_ns, now_ns));
        let at_ns = kernel.unwrap_or(now_ns);
        (Stamp { at_ns, not_before_ns: empty_ns.min(at_ns) }, kernel.is_some())
    }

    fn note_lag(&self, bytes: usize, (stamp, by_kernel): (Stamp, bool), now_ns: i64) {
        if bytes == 0 {
            return;
        }
        let late = now_ns - stamp.at_ns;
        let lag = &mut self.shared.state().lag;
        lag.reads += 1;
        lag.bytes += bytes as u64;
        lag.late_max_ns = lag.late_max_ns.max(late);
        lag.late_sum_ns += late;
        lag.user_stamps += u64::from(!by_kernel);
    }

    fn hand_over(&mut self, exchange: &Exchange, chunks: Vec<Chunk>) {
        let mut state = self.shared.state();
        for chunk in &chunks {
            let bound = chunk.stamp.at_ns - chunk.stamp.not_before_ns;
            state.lag.bound_max_ns = state.lag.bound_max_ns.max(bound);
        }
        self.unheard |= !chunks.is_empty();
        state.put(chunks);
        if state.head.is_none()
            && let Some(head) = exchange.response.head()
        {
            state.head = Some(head.clone());
            drop(state);
            self.shared.news.ring();
        }
    }

    fn tell_when_due(&mut self) {
        let now = monotonic_ns();
        if self.unheard && now - self.rung_ns >= self.batch_ns {
            self.rung_ns = now;
            self.unheard = false;
            self.shared.news.ring();
        }
    }

    /// The time until something is due; none where a limit has passed.
    fn time_to_wait(&self, exchange: &Exchange) -> Duration {
        let now = monotonic_ns();
        let left = exchange.left_ns(now);
        let due = if self.unheard { self.batch_ns - (now - self.rung_ns) } else { left };
        Duration::from_nanos(left.min(due).max(0).unsigned_abs())
    }

    /// Waits while the caller takes nothing: the other side is slowed down, memory stays flat.
    fn hold(&mut self, exchange: &mut Exchange) -> Result<(), Fault> {
        if !self.shared.state().is_full() {
            return Ok(());
        }
        let began = monotonic_ns();
        self.shared.state().held_since_ns = Some(began);
        self.unheard = false;
        while self.shared.state().is_full() && !self.shared.is_closing() {
            self.shared.news.ring();
            wait_for_bell(self.shared.wake.fd(), None).map_err(failed)?;
            self.shared.wake.hush();
        }
        let held = monotonic_ns() - began;
        exchange.pause(held);
        let mut state = self.shared.state();
        state.held_since_ns = None;
        state.lag.held_ns += held;
        Ok(())
    }
}

fn connect(addresses: &[SocketAddr], limit: Duration) -> Result<TcpStream, Fault> {
    let mut last = Fault::new(Kind::Unreachable, "there is no address");
    for address in addresses {
        match TcpStream::connect_timeout(address, limit) {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                let late = error.kind() == ErrorKind::TimedOut;
                let kind = if late { Kind::TimeoutConnect } else { Kind::Unreachable };
                last = Fault::new(kind, format!("no connection to {address}: {error}"));
            }
        }
    }
    Err(last)
}

fn is_reset(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    matches!(error.kind(), ConnectionReset | BrokenPipe | ConnectionAborted)
}

fn failed(error: io::Error) -> Fault {
    if is_reset(&error) {
        return Fault::new(Kind::Reset, "the connection was reset by the other side");
    }
    Fault::new(Kind::Failed, format!("the connection failed: {error}"))
}
