"""The compiled part of benchrace_core (Rust sources: benchrace_core/src)."""

from typing import final

ALGORITHMS: tuple[str, ...]
"""The kernels on offer: segmented_sieve, simple_sieve, trial_division."""

class Cancelled(Exception):
    """The run was cancelled."""

class KernelPanic(RuntimeError):
    """A kernel panicked: a defect of the kernel, not of its arguments."""

class KernelRefused(ValueError):
    """The run needs more memory than is available; the text names both figures in bytes."""

@final
class Run:
    """One run of one kernel. Its methods may be called from any thread."""

    def __new__(
        cls, algorithm: str, n: int, threads: int = 1, *, memory_limit: int | None = None
    ) -> Run:
        """Check the arguments; allocate nothing.

        `n` is counted up to and including; see `limits`. `threads` goes from 1 to
        `available_threads()`. `memory_limit` is in bytes and replaces 90 % of what the
        system says is available.

        Raises `ValueError` whose text begins with the argument's name (`n: ...`),
        `KernelRefused` where the memory is too small, `TypeError` for what is no integer.
        """

    def execute(self) -> Count:
        """Run the kernel to its end without the GIL; once only.

        Raises `Cancelled`, `KernelPanic`, `KernelRefused` (the system refused the memory after
        all), `OSError` (no thread could be started) and `RuntimeError` (executed before).
        """

    def cancel(self) -> None:
        """Ask the kernel to stop: `execute` raises `Cancelled` within 50 ms.

        Harmless at any time; before `execute`, it makes that raise at once. The array of a
        large simple sieve goes back to the system shortly after.
        """

    def progress(self) -> tuple[int, int]:
        """Return (finished, total) blocks; (0, 0) until planned. Lock-free, no system call."""

@final
class Count:
    """What a run found, and what it took."""

    @property
    def primes(self) -> int:
        """Number of primes <= n."""
    @property
    def elapsed_ns(self) -> int:
        """Monotonic nanoseconds of the whole kernel.

        In it: tables, thread start, sieving, counting, taking memory and giving it back. Not
        in it: checking the arguments, waiting for the GIL.
        """
    @property
    def threads_used(self) -> int:
        """Threads that finished at least one task; fewer than asked if the work was short."""
    @property
    def blocks(self) -> int:
        """Finished blocks."""
    @property
    def cpu_tier(self) -> str:
        """The instruction tier that was used, as `cpu_tier()` names it."""

class StreamFault(Exception):
    """A stream failed; `args` are the kind of failure and what happened."""

@final
class Connection:
    """An HTTP/1.1 connection that is read by a thread of its own, outside the GIL.

    Every read is stamped before it is parsed. Methods return at once, from any thread.
    """

    def __new__(
        cls, addresses: list[tuple[str, int]], connect_ns: int, batch_ns: int
    ) -> Connection:
        """Start to connect: the addresses (IP, port) in turn, each for `connect_ns` at most.

        An address of a link's own names its interface by number: `fe80::1%2`.
        `batch_ns` is the least time between two wake-ups for lines; head and end wake at once.
        Raises `ValueError` for what is no IP address, `OSError` without descriptors or threads.
        """

    def fileno(self) -> int:
        """Return the descriptor that is readable while there is something new."""

    def connected(self) -> int | None:
        """Return the nanoseconds that connecting took, None while it lasts.

        Raises `StreamFault` of kind `unreachable`, `timeout_connect` or `failed`.
        """

    def is_ready(self) -> bool:
        """Return whether a request can begin: connected, idle, not closed by the other side."""

    def renew(self) -> bool:
        """Make ready for another request; False where the last answer does not allow it."""

    def begin(
        self,
        request: bytes,
        *,
        format: str,  # noqa: A002
        line_limit: int,
        first_ns: int,
        idle_ns: int,
        first_is_told: bool = False,
        bodiless: bool = False,
    ) -> bool:
        """Send a request as it is; False where the connection is not ready.

        `format` is `lines`, `ndjson` or `sse`; an answer that is no 2xx is read as `lines`.
        """

    def take(self) -> tuple[list[tuple[bytes, int, int, int, str]], tuple[str, str] | None]:
        """Return what has come, and the end once it came.

        A chunk is (data, at_ns, not_before_ns, size, event), the last being an event's name. The
        end is (`complete` or `closed` or the kind of failure, what happened).
        """

    def head(self) -> tuple[int, list[tuple[str, bytes]]] | None:
        """Return the status and the headers, names in small letters; None until they came."""

    def sent(self) -> tuple[int, bool] | None:
        """Return when the first byte was sent, and whether the kernel said so."""

    def rest(self) -> bytes:
        """Return what came and is in no chunk, once the answer has ended, its first 4 KiB.

        Of server-sent events that is whatever is none, as an error that came as plain JSON.
        """

    def lag(self) -> tuple[int, int, int, int, int, int, int, str]:
        """Return how well the reader kept up with this request.

        Reads, bytes, longest and summed time from stamp to read, widest bound, reads without a
        stamp of the kernel's, time held up by the caller (all ns), priority of the thread.
        """

    def content(self) -> None:
        """Say that output has begun, so that the idle limit counts from now on."""

    def close(self) -> None:
        """End the connection at once. Harmless at any time."""

@final
class Splitter:
    """Cuts bytes that another client has read into lines or events."""

    def __new__(cls, format: str, line_limit: int) -> Splitter:  # noqa: A002
        """Cut as `Connection.begin` does."""

    def feed(self, data: bytes, at_ns: int) -> list[tuple[bytes, int, int, int, str]]:
        """Take bytes that arrived together, return what is complete; raises `StreamFault`."""

    def finish(self, at_ns: int) -> list[tuple[bytes, int, int, int, str]]:
        """Return what has no newline, after an end that was good."""

    def rest(self) -> bytes:
        """Return what came and is in no chunk, its first 4 KiB."""

def monotonic_ns() -> int:
    """Return nanoseconds on the clock of every stamp, Python's `time.monotonic_ns`."""

def limits(algorithm: str) -> tuple[int, int]:
    """Return the smallest and largest n of a kernel.

    The simple sieve's largest follows the memory that is available now.
    Raises `ValueError` for an unknown name.
    """

def known_pi(n: int) -> int | None:
    """Return the number of primes <= n where it is on record, else None.

    On record, up to 10**13: d * 10**k for digits d from 1 to 9, powers of two, and a few
    that are not round. Source: primecount, and the published powers of ten.
    """

def first_primes(k: int, limit: int) -> list[int]:
    """Return the first k primes, fewer if there are not as many <= limit.

    Raises `ValueError` for k above 1,000,000 or negative arguments.
    """

def cpu_tier() -> str:
    """Return the instruction tier that kernels use here: avx512, avx2, sse2 or neon."""

def available_threads() -> int:
    """Return the threads that this process may run at once (affinity, cgroup quota)."""
