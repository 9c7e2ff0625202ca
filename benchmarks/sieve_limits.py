"""How soon a long count stops, and how much memory it takes.

    python -m benchmarks.sieve_limits [--cancels N] [--memory-n N] [--threads T ...]

Cancels counts up to 10^12 at moments spread over their first second, and prints the time until
`execute` has raised, and the blocks that were finished meanwhile: on a busy machine a thread waits
for a core first. Then counts up to `--memory-n` in a process of its own, and prints how far its
peak of memory is above that of one that counts up to 1.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial

import benchrace_core

CANCELLED_N = 10**12
CANCEL_GOAL_S = 0.05
MEMORY_GOAL_BYTES = 20_000_000
# The latest moment of a cancel.
SPREAD_S = 1.0
# The parent's peak is counted as the child's by the system's own accounting, so that the child has
# to read its own.
COUNT = """
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from sys import argv, platform
from benchrace_core import Run
primes = Run("segmented_sieve", int(argv[1]), int(argv[2])).execute().primes
if platform == "linux":
    status = Path("/proc/self/status").read_text()
    peak = 1024 * int(status.partition("VmHWM:")[2].split()[0])
else:
    peak = getrusage(RUSAGE_SELF).ru_maxrss
print(primes, peak)
"""


def main() -> None:
    """Print a line for each number of threads and each limit."""
    options = arguments()
    for number in options.threads:
        cancels = [cancelled(number, after_s) for after_s in moments(options.cancels)]
        waits = [wait_s for wait_s, _ in cancels]
        middle, worst = statistics.median(waits) * 1e3, max(waits) * 1e3
        blocks = max(more for _, more in cancels)
        print(
            f"cancel of a count to {CANCELLED_N:.0e}, {number} thread(s): {middle:.2f} ms median, "
            f"{worst:.2f} ms at worst of {len(waits)}, {blocks} blocks at most; "
            f"{verdict(max(waits), CANCEL_GOAL_S)}; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
    for number in options.threads:
        more = memory(options.memory_n, number)
        print(
            f"memory of a count to {options.memory_n:.0e}, {number} thread(s): "
            f"{more / 1e6:.1f} MB over the interpreter; {verdict(more, MEMORY_GOAL_BYTES)}",
            flush=True,
        )


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cancels", type=positive, default=20)
    parser.add_argument("--memory-n", type=on_record, default=10**11)
    threads = sorted({1, benchrace_core.available_threads()})
    parser.add_argument("--threads", nargs="+", type=positive, default=threads)
    return parser.parse_args(argv)


def positive(text: str) -> int:
    """Read a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"invalid number {text!r}: 1 or more, e.g. 20")
    return int(text)


def on_record(text: str) -> int:
    """Read `1000000000` or `1e9`; the number of primes up to it must be known."""
    try:
        n = int(text) if text.isdecimal() else int(float(text))
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"invalid number {text!r} (e.g. 1e10)") from error
    if n < 1 or benchrace_core.known_pi(n) is None:
        raise argparse.ArgumentTypeError(
            f"the number of primes up to {text} is not on record (use e.g. 1e10 or 2e10)"
        )
    return n


def moments(cancels: int) -> list[float]:
    """Return when to cancel, in seconds after the start; never at once, before a count began."""
    return [SPREAD_S * (index + 1) / cancels for index in range(cancels)]


def cancelled(threads: int, after_s: float) -> tuple[float, int]:
    """Return the seconds, and the blocks, from a cancel to the end of the count.

    It comes `after_s` after the start.
    """
    run = benchrace_core.Run("segmented_sieve", CANCELLED_N, threads)
    began, ends = threading.Event(), list[float]()
    thread = threading.Thread(target=partial(execute, run, began, ends))
    thread.start()
    began.wait()
    time.sleep(after_s)
    before, _ = run.progress()
    start = time.perf_counter()
    run.cancel()
    thread.join()
    if not ends:
        raise SystemExit("the count was over before it was cancelled")
    return ends[0] - start, run.progress()[0] - before


def execute(run: benchrace_core.Run, began: threading.Event, ends: list[float]) -> None:
    """Count until the cancel, and note when it has come through."""
    began.set()
    try:
        run.execute()
    except benchrace_core.Cancelled:
        ends.append(time.perf_counter())


def memory(n: int, threads: int) -> int:
    """Return how many bytes a count's peak is above that of a count up to 1."""
    return peak(n, threads) - peak(1, 1)


def peak(n: int, threads: int) -> int:
    """Return the peak of memory of a process that counts, in bytes."""
    command = [sys.executable, "-c", COUNT, str(n), str(threads)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    primes, peak_bytes = map(int, output.split())
    if primes != benchrace_core.known_pi(n):
        raise SystemExit(f"wrong count: {primes} primes up to {n}")
    return peak_bytes


def verdict(value: float, goal: float) -> str:
    return "goal met" if value <= goal else "goal missed"


if __name__ == "__main__":
    main()
