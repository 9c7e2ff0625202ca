"""The host: its boot, and the lock that lets one agent of it measure."""

import errno
import fcntl
import logging
import os
import subprocess
import sys
from pathlib import Path

import psutil

from benchrace.agent.jobs.job_folder import WorkerMark
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.store.regular import open_regular

log = logging.getLogger(__name__)

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def boot_id() -> str | None:
    """Name this boot; None where the system has no name for it. Blocks."""
    try:
        if sys.platform == "darwin":
            return _output("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid") or None
        return _BOOT.read_text().strip() or None
    except OSError:
        return None


def _output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def is_running(mark: WorkerMark) -> bool:
    """Check whether that very process still runs; a zombie does not. Blocks."""
    try:
        process = psutil.Process(mark.pid)
        same = abs(process.create_time() - mark.started) < 2.0
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def mark_of(pid: int) -> WorkerMark:
    """Identify a process, so that a later one with its number is not mistaken for it. Blocks."""
    try:
        return WorkerMark(pid, psutil.Process(pid).create_time())
    except psutil.Error:
        return WorkerMark(pid, 0.0)


def lock_dir() -> Path:
    """Return the folder of the locks; the same for all agents of a user, even while it is full."""
    return Path(os.environ.get("TMPDIR") or "/tmp")


class HostLock:
    """Held while an agent of this host and user measures it, or `what`; dies with its holders.

    The worker inherits it, so that it outlives a killed agent as long as the worker does.
    """

    def __init__(self, path: Path | None = None, what: str = "this host") -> None:
        self.path = path or lock_dir() / f"benchrace-host-{os.getuid()}.lock"
        self.what = what
        self.fd: int | None = None

    def take(self, holder: str) -> str | None:
        """Acquire the lock; return who holds it if another agent does. Blocks briefly.

        Raises `system` or `disk_full` where the file cannot be used: it is another user's, or no
        file at all.
        """
        fd = self._open()
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            words = os.pread(fd, 500, 0).decode("utf-8", "replace").strip()
            os.close(fd)
            return words or "another agent"
        except OSError as error:
            os.close(fd)
            raise self._failure(error) from error
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, holder.encode(), 0)
        except OSError as error:
            # The lock holds on a full disk too; others only cannot see who holds it.
            log.warning("%s: %s", self.path, error.strerror or error)
        self.fd = fd
        return None

    def _open(self) -> int:
        try:
            fd = open_regular(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise self._failure(error) from error
        if os.fstat(fd).st_uid != os.getuid():
            os.close(fd)
            # Its owner could hold it for ever.
            raise self._failure(PermissionError(errno.EACCES, "it belongs to another user"))
        return fd

    def _failure(self, error: OSError) -> BenchraceError:
        if atomic.is_full(error):
            category = Category.DISK_FULL
            remedy = f"Free space in {self.path.parent}, and start again."
        else:
            category = Category.SYSTEM
            remedy = (
                f"Remove {self.path}, or start every agent of this host with the same TMPDIR, a "
                "folder that only you can write."
            )
        why = error.strerror or str(error)
        what = f"the lock of {self.what} cannot be acquired: {self.path}: {why}"
        return BenchraceError(category, what, remedy)

    def release(self) -> None:
        """Release the lock, also where a left-over child has inherited it."""
        if self.fd is not None:
            fcntl.flock(self.fd, fcntl.LOCK_UN)
            os.close(self.fd)
            self.fd = None
