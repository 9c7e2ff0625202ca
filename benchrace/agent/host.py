"""The host: its name for central, its boot, and the lock that lets one agent of it measure."""

import fcntl
import hashlib
import os
import socket
import tempfile
import uuid
from pathlib import Path

import psutil

from benchrace.agent.folder import WorkerMark

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


def boot_id() -> str | None:
    """Name this boot; None where the system has no name for it. Blocks."""
    try:
        return _BOOT.read_text().strip() or None
    except OSError:
        return None


def host_id() -> str:
    """Name this host, the same for all its agents; a hash, so that it tells nothing. Blocks."""
    for path in _IDS:
        try:
            text = path.read_text().strip()
        except OSError:
            continue
        if text:
            break
    else:
        text = f"{uuid.getnode():x}"
    return hashlib.sha256(f"{text} {socket.gethostname()}".encode()).hexdigest()[:16]


def is_running(mark: WorkerMark) -> bool:
    """Tell whether that very process still runs; a zombie does not. Blocks."""
    try:
        process = psutil.Process(mark.pid)
        same = abs(process.create_time() - mark.started) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def mark_of(pid: int) -> WorkerMark:
    """Tell a process apart from later ones of its number. Blocks."""
    try:
        return WorkerMark(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return WorkerMark(pid, 0.0)


class HostLock:
    """Held while an agent of this host and user measures it, or `what`; dies with its holders.

    The worker inherits it, so that it outlives a killed agent as long as the worker does.
    """

    def __init__(self, path: Path | None = None, what: str = "this host") -> None:
        self.path = path or Path(tempfile.gettempdir()) / f"benchrace-host-{os.getuid()}.lock"
        self.what = what
        self.fd: int | None = None

    def take(self, holder: str) -> str | None:
        """Take it; where another agent has it, give that one's words. Blocks for a moment."""
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        fd = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            words = os.pread(fd, 500, 0).decode("utf-8", "replace").strip()
            os.close(fd)
            return words or "another agent"
        os.ftruncate(fd, 0)
        os.pwrite(fd, holder.encode(), 0)
        self.fd = fd
        return None

    def release(self) -> None:
        """Let go, also of what a left-over child may have inherited."""
        if self.fd is not None:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
            os.close(self.fd)
            self.fd = None
