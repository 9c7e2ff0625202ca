//! A connected socket whose reads and writes are stamped by the kernel where it can.

use std::io::{self, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

/// What a read gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received {
    /// Bytes read; 0 at the end of the connection.
    pub bytes: usize,
    /// Wall time at which the kernel took in the last of them, where it tells.
    pub wall_ns: Option<i64>,
}

/// What a wait ended with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Woken {
    /// There is something to read: data, the end, or an error.
    pub readable: bool,
    /// There is room to write.
    pub writable: bool,
    /// The kernel has stamps of what was sent.
    pub stamps: bool,
    /// The bell was rung.
    pub rung: bool,
}

/// A connection that never blocks.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    /// Whether the kernel stamps arrivals.
    pub stamps_arrivals: bool,
    /// Whether the kernel stamps what is sent.
    pub stamps_sends: bool,
}

impl Socket {
    /// Prepares a connected stream.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let fd = stream.as_raw_fd();
        let (stamps_arrivals, stamps_sends) = sys::ask_for_stamps(fd);
        Ok(Socket { stream, stamps_arrivals, stamps_sends })
    }

    /// A second handle, through which another thread can end the connection.
    pub fn handle(&self) -> io::Result<TcpStream> {
        self.stream.try_clone()
    }

    /// Makes the close that follows a reset: the other side hears of it whatever it is doing.
    ///
    /// A side that is held back waits for a window, and is not told by an orderly close that none
    /// will open: it would hang until the system forgets the connection, for a minute or more.
    pub fn abort(&self) {
        let linger = libc::linger { l_onoff: 1, l_linger: 0 };
        let size = size_of_val(&linger) as libc::socklen_t;
        let value = (&raw const linger).cast();
        // SAFETY: pointer and size are of the value above. It fails where there is no connection.
        unsafe { libc::setsockopt(self.fd(), libc::SOL_SOCKET, libc::SO_LINGER, value, size) };
    }

    /// Reads what is there; `WouldBlock` where nothing is.
    pub fn receive(&self, into: &mut [u8]) -> io::Result<Received> {
        sys::receive(self.fd(), into)
    }

    /// Writes what there is room for.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        (&self.stream).write(bytes)
    }

    /// Takes the earliest stamp of what was sent since the last call, in wall time.
    pub fn take_send_stamp(&self) -> Option<i64> {
        if !self.stamps_sends {
            return None;
        }
        let mut earliest = None;
        while let Some(stamp) = sys::send_stamp(self.fd()) {
            earliest = Some(earliest.map_or(stamp, |found: i64| found.min(stamp)));
        }
        earliest
    }

    /// Waits for the socket or the bell, for ever without a limit.
    pub fn wait(&self, bell: RawFd, write: bool, limit: Option<Duration>) -> io::Result<Woken> {
        let wanted = libc::POLLIN | if write { libc::POLLOUT } else { 0 };
        let mut fds = [
            libc::pollfd { fd: self.fd(), events: wanted, revents: 0 },
            libc::pollfd { fd: bell, events: libc::POLLIN, revents: 0 },
        ];
        poll(&mut fds, limit)?;
        let is = |flags: libc::c_short| fds[0].revents & flags != 0;
        Ok(Woken {
            readable: is(libc::POLLIN | libc::POLLHUP) || (is(libc::POLLERR) && !self.stamps_sends),
            writable: is(libc::POLLOUT),
            stamps: is(libc::POLLERR) && self.stamps_sends,
            rung: fds[1].revents != 0,
        })
    }

    fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }
}

/// Waits for the bell alone.
pub fn wait_for_bell(bell: RawFd, limit: Option<Duration>) -> io::Result<()> {
    poll(&mut [libc::pollfd { fd: bell, events: libc::POLLIN, revents: 0 }], limit)
}

fn poll(fds: &mut [libc::pollfd], limit: Option<Duration>) -> io::Result<()> {
    // Rounded up: a wait that ends early would be followed by one of nothing.
    let limit = limit.map_or(-1, |limit| {
        libc::c_int::try_from(limit.as_micros().div_ceil(1000)).unwrap_or(libc::c_int::MAX)
    });
    // SAFETY: the array and its length belong together.
    let found = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, limit) };
    if found < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
        fds.iter_mut().for_each(|each| each.revents = 0);
    }
    Ok(())
}

/// Asks for a core ahead of others; tells what was granted.
pub fn raise_priority() -> &'static str {
    sys::raise_priority()
}

#[cfg(target_os = "linux")]
#[path = "socket_linux.rs"]
mod sys;

#[cfg(not(target_os = "linux"))]
mod sys {
    //! No stamps of the kernel here: the caller's own are taken right after the read.

    use std::io;
    use std::os::fd::RawFd;

    use super::Received;

    pub fn ask_for_stamps(_: RawFd) -> (bool, bool) {
        (false, false)
    }

    pub fn receive(fd: RawFd, into: &mut [u8]) -> io::Result<Received> {
        // SAFETY: pointer and length are of one slice.
        let read = unsafe { libc::recv(fd, into.as_mut_ptr().cast(), into.len(), 0) };
        let bytes = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
        Ok(Received { bytes, wall_ns: None })
    }

    pub fn send_stamp(_: RawFd) -> Option<i64> {
        None
    }

    pub fn raise_priority() -> &'static str {
        "normal"
    }
}
