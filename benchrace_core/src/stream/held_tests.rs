//! A server that floods is held back: while nobody takes anything, it cannot say more either.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::mpsc::{self, Receiver};
use std::thread::JoinHandle;
use std::time::Instant;

use super::super::fault::Kind;
use super::super::shared::{CHUNK_COST, MOST_WAITING};
use super::super::split::Format;
use super::tests::{PATIENCE, read_request, request, serve, until};
use super::*;

/// A server that was never held back stops here, so that the test fails rather than the machine.
const WHOLE: u64 = 512 << 20;
const STALL: Duration = Duration::from_millis(500);

struct Flood {
    connection: Connection,
    server: JoinHandle<()>,
    /// All that was said up to a moment at which nothing more could be, for `STALL`.
    stalls: Receiver<u64>,
    said: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
}

impl Flood {
    /// Asks a server that says `text` again and again, without an end.
    fn ask(text: Vec<u8>, asked: Request) -> Self {
        let (told, stalls) = mpsc::channel();
        let (said, stop) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let (count, halt) = (Arc::clone(&said), Arc::clone(&stop));
        let (connection, server) = serve(move |mut socket| {
            read_request(&mut socket);
            socket.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            socket.set_write_timeout(Some(STALL)).unwrap();
            pour(
                &mut socket,
                &text,
                &count,
                || told.send(count.load(Ordering::SeqCst)).is_ok(),
                &halt,
            );
        });
        assert!(connection.begin(asked));
        Flood { connection, server, stalls, said, stop }
    }

    fn until_held_for(&self, least: Duration) {
        let least = i64::try_from(least.as_nanos()).unwrap();
        until(&self.connection, |connection| connection.lag().0.held_ns > least);
    }

    /// What the server could say while nothing was taken.
    fn said_at_most(&self) -> u64 {
        self.until_held_for(Duration::ZERO);
        // A stall from before may have had another cause.
        while self.stalls.try_recv().is_ok() {}
        self.stalls.recv_timeout(PATIENCE).expect("nothing held the server back")
    }

    fn waiting(&self) -> (usize, usize) {
        let state = self.connection.0.state();
        (state.waiting_bytes, state.chunks.len())
    }
}

fn pour(
    socket: &mut TcpStream,
    text: &[u8],
    said: &AtomicU64,
    stalled: impl Fn() -> bool,
    stop: &AtomicBool,
) {
    let mut at = 0;
    // It stops at the end of a text, so that what came is whole.
    while !(at == 0 && stop.load(Ordering::SeqCst)) && said.load(Ordering::SeqCst) < WHOLE {
        match socket.write(&text[at..]) {
            Ok(bytes) => {
                said.fetch_add(bytes as u64, Ordering::SeqCst);
                at = (at + bytes) % text.len();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && stalled() => {}
            Err(_) => return,
        }
    }
}

/// What the kernel may keep on both sides: the limits of its buffers, or plenty.
fn kernel_keeps() -> u64 {
    let largest = |name: &str| {
        let text = std::fs::read_to_string(format!("/proc/sys/net/ipv4/{name}")).ok()?;
        text.split_whitespace().last()?.parse::<u64>().ok()
    };
    let both = largest("tcp_rmem").zip(largest("tcp_wmem"));
    both.map_or(64 << 20, |(received, sent)| received + sent)
}

fn lines() -> Vec<u8> {
    (0..2000).flat_map(|number| format!("{number:06}{}\n", "x".repeat(493)).into_bytes()).collect()
}

#[test]
fn a_server_is_held_back_and_what_it_said_comes_whole() {
    let flood = Flood::ask(lines(), request());
    let said = flood.said_at_most();
    let (waiting, _) = flood.waiting();
    assert!(waiting <= MOST_WAITING, "{waiting}");
    assert!(said <= MOST_WAITING as u64 + kernel_keeps(), "{said} bytes were said");
    flood.stop.store(true, Ordering::SeqCst);
    let mut taken = 0;
    loop {
        let batch = flood.connection.take();
        for chunk in batch.chunks {
            assert_eq!(&chunk.data[..6], format!("{:06}", taken % 2000).as_bytes());
            taken += 1;
        }
        if batch.end.is_some() {
            break;
        }
        wait(&flood.connection);
    }
    flood.server.join().unwrap();
    assert_eq!(taken * 500, flood.said.load(Ordering::SeqCst));
}

fn wait(connection: &Connection) {
    super::super::socket::wait_for_bell(connection.fd(), Some(PATIENCE)).unwrap();
}

#[test]
fn lines_of_nothing_are_not_free() {
    let flood = Flood::ask(b"\n".repeat(1 << 16), Request { format: Format::Lines, ..request() });
    flood.said_at_most();
    let (waiting, chunks) = flood.waiting();
    assert!(waiting <= MOST_WAITING, "{waiting}");
    assert_eq!(waiting, chunks * CHUNK_COST);
    flood.connection.close();
    flood.server.join().unwrap();
}

#[test]
fn closing_ends_a_reader_that_is_held_and_tells_the_server() {
    // It must not matter how much is left unread: with nothing left, a close says nothing by itself.
    for take in [false, true, true, true] {
        let flood = Flood::ask(lines(), request());
        flood.said_at_most();
        if take {
            flood.connection.take();
        }
        let began = Instant::now();
        flood.connection.close();
        until(&flood.connection, |connection| connection.0.state().gone);
        flood.server.join().unwrap();
        assert!(began.elapsed() < PATIENCE);
    }
}

#[test]
fn no_limit_runs_on_while_the_reader_is_held() {
    let limit = Duration::from_secs(1);
    for told in [false, true] {
        let limits =
            Request { first_limit: limit, idle_limit: limit, first_is_told: told, ..request() };
        let flood = Flood::ask(lines(), limits);
        flood.until_held_for(limit * 3 / 2);
        assert_eq!(flood.connection.take().end, None);
        flood.connection.content();
        flood.until_held_for(limit * 3);
        let batch = flood.connection.take();
        assert_eq!(batch.end, None);
        assert!(!batch.chunks.is_empty());
        flood.connection.close();
        flood.server.join().unwrap();
    }
}

#[test]
fn a_line_without_end_is_refused_at_its_limit() {
    let flood = Flood::ask(b"x".repeat(1 << 16), request());
    until(&flood.connection, |connection| connection.0.state().gone);
    let batch = flood.connection.take();
    assert_eq!(batch.end.unwrap().unwrap_err().kind, Kind::BadOutput);
    assert!(batch.chunks.is_empty());
    flood.server.join().unwrap();
    assert!(flood.said.load(Ordering::SeqCst) < WHOLE);
}

#[test]
fn output_that_never_begins_is_late_however_much_is_said() {
    let limits = Request { first_limit: STALL, format: Format::Sse, ..request() };
    let flood = Flood::ask(b": ping\n\n".repeat(1 << 13), limits);
    until(&flood.connection, |connection| connection.0.state().gone);
    let end = flood.connection.take().end;
    assert_eq!(end.unwrap().unwrap_err().kind, Kind::TimeoutFirst);
    flood.server.join().unwrap();
}
