//! Linux: arrival and send stamps come with the socket's ancillary data.

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::RawFd;

use super::Received;
use crate::stream::clock::nanoseconds;

/// Ancillary data of one message: two stamps and an error report fit with room to spare.
#[repr(align(8))]
struct Control([u8; 512]);

const SEND_STAMPS: libc::c_int = (libc::SOF_TIMESTAMPING_TX_SOFTWARE
    | libc::SOF_TIMESTAMPING_SOFTWARE
    | libc::SOF_TIMESTAMPING_OPT_TSONLY) as libc::c_int;

/// Turns stamps on; tells which the kernel agreed to: of arrivals, of sends.
pub fn ask_for_stamps(fd: RawFd) -> (bool, bool) {
    (set(fd, libc::SO_TIMESTAMPNS, 1), set(fd, libc::SO_TIMESTAMPING, SEND_STAMPS))
}

fn set(fd: RawFd, option: libc::c_int, value: libc::c_int) -> bool {
    let size = mem::size_of_val(&value) as libc::socklen_t;
    // SAFETY: pointer and size are of the value above, which outlives the call.
    unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, option, (&raw const value).cast(), size) == 0 }
}

pub fn receive(fd: RawFd, into: &mut [u8]) -> io::Result<Received> {
    let mut wall_ns = None;
    let bytes = message(fd, into, libc::MSG_DONTWAIT, |kind, stamp| {
        if kind == libc::SCM_TIMESTAMPNS {
            wall_ns = Some(stamp);
        }
    })?;
    Ok(Received { bytes, wall_ns })
}

pub fn send_stamp(fd: RawFd) -> Option<i64> {
    let mut found = None;
    let read = message(fd, &mut [], libc::MSG_ERRQUEUE | libc::MSG_DONTWAIT, |kind, stamp| {
        if kind == libc::SCM_TIMESTAMPING {
            found = Some(stamp);
        }
    });
    read.ok().and(found.filter(|&stamp| stamp != 0))
}

/// Reads one message; hands each stamp that came with it to `each`.
fn message(
    fd: RawFd,
    into: &mut [u8],
    flags: libc::c_int,
    mut each: impl FnMut(libc::c_int, i64),
) -> io::Result<usize> {
    let mut control = Control([0; 512]);
    let mut part = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
    // SAFETY: a header of all zeros is a valid one.
    let mut header: libc::msghdr = unsafe { MaybeUninit::zeroed().assume_init() };
    header.msg_iov = &raw mut part;
    header.msg_iovlen = 1;
    header.msg_control = control.0.as_mut_ptr().cast();
    header.msg_controllen = control.0.len() as _;
    // SAFETY: all that the header points to is alive until the end of this function.
    let read = unsafe { libc::recvmsg(fd, &raw mut header, flags) };
    let bytes = usize::try_from(read).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: the kernel filled in the header; the macros stay within its control data, and each
    // kind of message asked for here begins with a timespec, read without regard to alignment.
    unsafe {
        let mut at = libc::CMSG_FIRSTHDR(&raw const header);
        while let Some(found) = at.as_ref() {
            let kind = found.cmsg_type;
            if found.cmsg_level == libc::SOL_SOCKET
                && (kind == libc::SCM_TIMESTAMPNS || kind == libc::SCM_TIMESTAMPING)
            {
                let time = libc::CMSG_DATA(at).cast::<libc::timespec>().read_unaligned();
                each(kind, nanoseconds(&time));
            }
            at = libc::CMSG_NXTHDR(&raw const header, at);
        }
    }
    Ok(bytes)
}

pub fn raise_priority() -> &'static str {
    // SAFETY: the structure is our own; only this thread is changed.
    unsafe {
        let mut wanted: libc::sched_param = MaybeUninit::zeroed().assume_init();
        wanted.sched_priority = 1;
        // Threads that this one would start must not inherit it.
        let policy = libc::SCHED_RR | libc::SCHED_RESET_ON_FORK;
        if libc::sched_setscheduler(0, policy, &raw const wanted) == 0 {
            return "realtime";
        }
        let thread = libc::syscall(libc::SYS_gettid) as libc::id_t;
        for nice in [-20, -10, -5] {
            if libc::setpriority(libc::PRIO_PROCESS, thread, nice) == 0 {
                return "raised";
            }
        }
    }
    "normal"
}
