//! A descriptor that becomes readable when rung: wakes a poll, or a Python event loop.

use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

/// Rung any number of times, it wakes once.
#[derive(Debug)]
pub struct Bell {
    ears: UnixStream,
    hand: UnixStream,
    rung: AtomicBool,
}

impl Bell {
    /// Makes a bell; fails where there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        let (ears, hand) = UnixStream::pair()?;
        ears.set_nonblocking(true)?;
        hand.set_nonblocking(true)?;
        Ok(Bell { ears, hand, rung: AtomicBool::new(false) })
    }

    /// Makes the descriptor readable.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::SeqCst) {
            // It can only fail where nobody could hear it any more.
            let _ = (&self.hand).write(&[1]);
        }
    }

    /// Makes the descriptor silent again. Look at what it told of after this, never before.
    pub fn hush(&self) {
        let mut bytes = [0; 16];
        while matches!((&self.ears).read(&mut bytes), Ok(read) if read == bytes.len()) {}
        self.rung.store(false, Ordering::SeqCst);
    }

    /// The descriptor to wait for.
    pub fn fd(&self) -> RawFd {
        self.ears.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_rings_are_one_and_none_is_lost() {
        let bell = Bell::new().unwrap();
        for _ in 0..3 {
            bell.ring();
            bell.ring();
            let mut bytes = [0; 8];
            bell.ears.set_nonblocking(false).unwrap();
            assert_eq!((&bell.ears).read(&mut bytes).unwrap(), 1);
            bell.ears.set_nonblocking(true).unwrap();
            bell.hush();
        }
    }
}
