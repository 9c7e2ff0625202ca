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
