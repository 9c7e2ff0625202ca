use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Instant;

use super::super::clock::monotonic_ns;
use super::super::fault::Kind;
use super::super::response::End;
use super::super::socket::wait_for_bell;
use super::super::split::Format;
use super::*;

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

pub(super) fn request() -> Request {
    Request {
        bytes: b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        format: Format::Ndjson,
        line_limit: 1000,
        first_limit: PATIENCE,
        idle_limit: PATIENCE,
        first_is_told: false,
        bodiless: false,
    }
}

pub(super) fn serve(
    script: impl FnOnce(std::net::TcpStream) + Send + 'static,
) -> (Connection, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || script(listener.accept().unwrap().0));
    let connection = Connection::start(vec![address], PATIENCE, Duration::ZERO).unwrap();
    until(&connection, |connection| connection.connected().is_some());
    (connection, thread)
}

pub(super) fn until(connection: &Connection, done: impl Fn(&Connection) -> bool) {
    let began = Instant::now();
    while !done(connection) {
        assert!(began.elapsed() < PATIENCE);
        wait_for_bell(connection.fd(), Some(Duration::from_millis(20))).unwrap();
        connection.0.news.hush();
    }
}

pub(super) fn read_request(socket: &mut std::net::TcpStream) {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 512];
        let read = socket.read(&mut piece).unwrap();
        assert_ne!(read, 0);
        bytes.extend_from_slice(&piece[..read]);
    }
}

fn all(connection: &Connection) -> (Vec<Chunk>, Ended) {
    let mut chunks = Vec::new();
    let began = Instant::now();
    loop {
        let batch = connection.take();
        chunks.extend(batch.chunks);
        if let Some(end) = batch.end {
            return (chunks, end);
        }
        assert!(began.elapsed() < PATIENCE);
        wait_for_bell(connection.fd(), Some(Duration::from_millis(100))).unwrap();
    }
}

#[test]
fn lines_come_with_their_stamps_and_the_connection_is_used_again() {
    let (connection, server) = serve(|mut socket| {
        for _ in 0..2 {
            read_request(&mut socket);
            socket.write_all(HEAD).unwrap();
            let line = format!("{}\n", monotonic_ns());
            socket
                .write_all(format!("{:x}\r\n{line}\r\n0\r\n\r\n", line.len()).as_bytes())
                .unwrap();
        }
    });
    for again in [false, true] {
        assert!(!again || connection.renew());
        assert!(connection.begin(request()));
        let (chunks, end) = all(&connection);
        assert_eq!(end, Ok(End::Complete));
        assert_eq!(chunks.len(), 1);
        let written: i64 = std::str::from_utf8(&chunks[0].data).unwrap().parse().unwrap();
        let (sent, _) = connection.sent().unwrap();
        assert!(sent <= written + 5_000 && written <= chunks[0].stamp.at_ns + 5_000);
        assert!(chunks[0].stamp.not_before_ns <= chunks[0].stamp.at_ns);
        assert_eq!(connection.head().unwrap().status, 200);
    }
    server.join().unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn linux_stamps_by_the_kernel() {
    let (connection, server) = serve(|mut socket| {
        read_request(&mut socket);
        socket.write_all(HEAD).unwrap();
        socket.write_all(b"2\r\n1\n\r\n0\r\n\r\n").unwrap();
    });
    assert!(connection.begin(request()));
    assert_eq!(all(&connection).1, Ok(End::Complete));
    assert_eq!(connection.lag().0.user_stamps, 0);
    assert!(connection.sent().unwrap().1);
    server.join().unwrap();
}

#[test]
fn a_request_larger_than_any_buffer_is_sent_whole() {
    let mut large = request();
    large.bytes = vec![b'x'; 20 << 20];
    large.bytes.extend_from_slice(b"\r\n\r\n");
    let (connection, server) = serve(|mut socket| {
        let mut left = (20 << 20) + 4;
        let mut piece = vec![0; 1 << 16];
        while left > 0 {
            left -= socket.read(&mut piece).unwrap();
        }
        socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    assert!(connection.begin(large));
    let (chunks, end) = all(&connection);
    assert_eq!((chunks[0].data.as_slice(), end), (&b"ok"[..], Ok(End::Complete)));
    server.join().unwrap();
}

#[test]
fn limits_are_kept_and_output_can_be_told() {
    let short = Duration::from_millis(50);
    for (told, wanted) in [(false, Kind::TimeoutIdle), (true, Kind::TimeoutFirst)] {
        let (connection, server) = serve(|mut socket| {
            read_request(&mut socket);
            socket.write_all(HEAD).unwrap();
            socket.write_all(b"2\r\n1\n\r\n").unwrap();
            let _ = socket.read(&mut [0]);
        });
        let limits =
            Request { first_limit: short, idle_limit: short, first_is_told: told, ..request() };
        assert!(connection.begin(limits));
        let (_, end) = all(&connection);
        assert_eq!(end.unwrap_err().kind, wanted);
        assert!(!connection.renew());
        connection.close();
        server.join().unwrap();
    }
}

#[test]
fn closing_ends_the_other_side_at_once() {
    let (connection, server) = serve(|mut socket| {
        read_request(&mut socket);
        socket.write_all(HEAD).unwrap();
        assert!(matches!(socket.read(&mut [0]), Ok(0) | Err(_)));
    });
    assert!(connection.begin(request()));
    until(&connection, |connection| connection.head().is_some());
    connection.close();
    server.join().unwrap();
    assert!(!connection.is_ready());
}

#[test]
fn an_idle_connection_that_is_closed_is_not_ready() {
    let (connection, server) = serve(drop);
    server.join().unwrap();
    until(&connection, |connection| !connection.is_ready());
    assert!(!connection.begin(request()));
}

#[test]
fn nobody_at_the_address_is_unreachable() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let connection = Connection::start(vec![address], PATIENCE, Duration::ZERO).unwrap();
    until(&connection, |connection| connection.connected().is_some());
    assert_eq!(connection.connected().unwrap().unwrap_err().kind, Kind::Unreachable);
}
