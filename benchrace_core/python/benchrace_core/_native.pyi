"""The compiled part of benchrace_core (Rust sources: benchrace_core/src)."""

from collections.abc import Sequence
from typing import final

ALGORITHMS: tuple[str, ...]
"""The kernels on offer: segmented_sieve, simple_sieve, trial_division."""

BANDWIDTH_KERNELS: tuple[str, ...]
"""The kernels of `Ceiling.bandwidth` that this processor has, in the order in which they run."""

class Cancelled(Exception):
    """The run was cancelled."""

class KernelFault(RuntimeError):
    """A kernel's result is wrong: a defect of the kernel or of the machine."""

class KernelPanic(RuntimeError):
    """A kernel panicked: a defect of the kernel, not of its arguments."""

class KernelRefused(ValueError):
    """The run needs more memory than is available; the text names both figures in bytes."""

@final
class Run:
    """One run of one kernel. Its methods may be called from any thread."""

    def __new__(
        cls,
        algorithm: str,
        n: int,
        threads: int = 1,
        *,
        start: int = 1,
        tier: str | None = None,
        memory_limit: int | None = None,
    ) -> Run:
        """Check the arguments; allocate nothing.

        Primes from `start` up to and including `n` are counted; see `limits`. Only
        `segmented_sieve` can start above 1. `threads` goes from 1 to `available_threads()`.
        `tier` is one of `cpu_tiers()` or `baseline`, in place of the best one;
        `trial_division` has none to choose. `memory_limit` is in bytes and replaces 90 % of
        what the system says is available.

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
        """Number of primes from `start` to `n`."""
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
        """The best instruction tier that the kernel used, one of `cpu_tiers()`.

        The simple sieve uses it only to count its array; trial division uses the baseline.
        """

@final
class Ceiling:
    """One measurement of a machine's ceiling. Its methods may be called from any thread.

    All constructors check their arguments and allocate nothing. `threads` goes from 1 to
    `available_threads()`, `passes` from 1 to 1000; `tier` as for `Run`; `pin` binds each thread
    to a core if the system supports that. `size` is in bytes, and by default four times the
    last-level caches, 1 GiB at least where these are unknown or a hypervisor's, half of the
    available memory at most. Raises as `Run` does.
    """

    @staticmethod
    def bandwidth(
        kernels: Sequence[str] = (),
        *,
        threads: int,
        passes: int,
        size: int | None = None,
        tier: str | None = None,
        pin: bool = True,
    ) -> Ceiling:
        """Read and write memory; `size` bytes are one of up to three arrays.

        The kernels are read_prefetch, read_streams, copy, copy_nt, triad and triad_nt, the
        last of each two with stores past the caches; none stands for all that there are here.
        """

    @staticmethod
    def gemv(
        layout: str,
        columns: int,
        *,
        threads: int,
        passes: int,
        size: int | None = None,
        tier: str | None = None,
        pin: bool = True,
    ) -> Ceiling:
        """Multiply `size` bytes of weights with a vector; the layouts are q8_0, q4_0 and f16.

        `columns` is a multiple of 32, at most 2^20.
        """

    @staticmethod
    def gemm(
        precision: str,
        n: int,
        *,
        threads: int,
        passes: int,
        tier: str | None = None,
        pin: bool = True,
    ) -> Ceiling:
        """Multiply two matrices of n x n, f32 or int8; n is at most 32768."""

    @property
    def bytes(self) -> int:
        """Bytes of one array of `bandwidth`, of the weights, or of all three matrices.

        Given as `size`, they make the same size again, or raise `KernelRefused` where that is
        more than 90 % of the memory that is available then.
        """

    def execute(self) -> Measurement:
        """Measure without the GIL; once only. Raises as `Run.execute`, and `KernelFault`."""

    def cancel(self) -> None:
        """Ask the kernels to stop: `execute` raises `Cancelled` within 50 ms."""

    def progress(self) -> tuple[int, int]:
        """Return (finished, total) slices of all passes; (0, 0) until planned."""

@final
class Measurement:
    """What was measured."""

    @property
    def sweeps(self) -> list[tuple[str, int, list[int]]]:
        """Each kernel: its name, the amount of a pass, and the nanoseconds of each pass.

        The amount is bytes of memory or of weights, or operations (2 n^3). Bytes are those
        that a kernel reads and writes: what the processor reads to complete a line before an
        ordinary store is not counted. A pass lasts from the start of its first thread to the
        end of its last.
        """
    @property
    def threads_used(self) -> int:
        """The most threads that had work in a pass."""
    @property
    def cores_pinned(self) -> int:
        """The most threads that were bound to a core each."""
    @property
    def cpu_tier(self) -> str:
        """The instruction tier that the kernels used, one of `cpu_tiers()`."""
    @property
    def bytes(self) -> int:
        """Bytes of one array of `bandwidth`, of the weights, or of all three matrices."""
    @property
    def cache_bytes(self) -> int | None:
        """Bytes of all last-level caches, None where the system does not tell."""
    @property
    def virtual_machine(self) -> bool | None:
        """Whether a hypervisor runs below, None where processors do not tell."""

def gemv(
    layout: str, weights: bytes, vector: Sequence[float], *, tier: str | None = None
) -> list[float]:
    """Multiply rows of weights, stored as in GGUF files, with a vector, on this thread.

    For q8_0 and q4_0 each 32 numbers of the vector are rounded to bytes first, the largest
    magnitude to 127. Raises `ValueError` unless the weights are a whole number of rows.
    """

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

def cpu_tiers() -> list[str]:
    """Return the names of all instruction tiers that this processor can run, best first."""

def available_threads() -> int:
    """Return the threads that this process may run at once (affinity, cgroup quota)."""
