"""A run watched and stopped from another thread."""

import threading
import time
from collections.abc import Iterator

import pytest

from benchrace_core import Cancelled, Run, available_threads

# Each takes far longer than a test may: only cancel ends it.
LONG = (("segmented_sieve", 10**13), ("simple_sieve", 4 * 10**9), ("trial_division", 2 * 10**8))


class Racer:
    """Executes a run on a thread and keeps how it ended."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._execute, daemon=True)
        self.thread.start()

    def _execute(self) -> None:
        try:
            self.run.execute()
        except Exception as error:  # noqa: BLE001 - kept for the test to judge
            self.error = error

    def looks(self) -> Iterator[tuple[int, int]]:
        """Yield the progress for as long as the run lasts, some seconds at most."""
        deadline = time.monotonic() + 10
        while self.thread.is_alive() and time.monotonic() < deadline:
            yield self.run.progress()
            self.thread.join(0.001)


@pytest.mark.alone
@pytest.mark.parametrize(("algorithm", "n"), LONG)
@pytest.mark.parametrize("threads", [1, available_threads()])
def test_cancel_ends_every_kernel_soon(algorithm: str, n: int, threads: int) -> None:
    racer = Racer(Run(algorithm, n, threads))
    for done, _ in racer.looks():
        if done >= 3:
            break
    cancelled_at = time.monotonic()
    racer.run.cancel()
    racer.thread.join(5)
    took_s = time.monotonic() - cancelled_at
    assert isinstance(racer.error, Cancelled)
    assert took_s < 0.5  # 50 ms are promised; the rest is for a busy machine
    done, total = racer.run.progress()
    assert 3 <= done < total


def test_cancel_before_execute_is_kept() -> None:
    run = Run("segmented_sieve", 10**13)
    run.cancel()
    with pytest.raises(Cancelled):
        run.execute()


def test_cancel_after_the_end_changes_nothing() -> None:
    run = Run("segmented_sieve", 1000)
    count = run.execute()
    run.cancel()
    assert count.primes == 168


def test_python_goes_on_while_a_kernel_runs() -> None:
    racer = Racer(Run("segmented_sieve", 10**11))
    seen: list[int] = []
    for done, _ in racer.looks():
        seen.append(done)
        if len(set(seen)) >= 5:
            break
    racer.run.cancel()
    racer.thread.join(5)
    # With the GIL held, this thread would have seen nothing between the start and the end.
    assert len(set(seen)) >= 5
    assert seen == sorted(seen)
