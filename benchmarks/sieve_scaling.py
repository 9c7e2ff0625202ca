"""Measure how the segmented sieve scales with threads, and compare it with primesieve.

    python benchmarks/sieve_scaling.py [N] [--rounds R]

Prints wall seconds, CPU seconds and their ratio for one and for all threads. On two free cores
the ratio should reach 1.6. Where the `primesieve` command or Python module is at hand, its time
is taken in turn with ours, round by round, so that a change of the machine's mood hits both.
"""

import argparse
import importlib
import resource
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

import benchrace_core


@dataclass(frozen=True)
class Timing:
    """One count: monotonic wall seconds, CPU seconds of all threads."""

    wall_s: float
    cpu_s: float


@dataclass(frozen=True)
class Opponent:
    """Another program that counts primes, and where it was found."""

    name: str
    count: Callable[[int, int], int]


def cpu_s() -> float:
    """Return the CPU seconds of this process and of its finished children."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def timed(count: Callable[[int, int], int], n: int, threads: int) -> Timing:
    """Count once and check the count where it is on record."""
    wall, cpu = time.perf_counter(), cpu_s()
    primes = count(n, threads)
    timing = Timing(time.perf_counter() - wall, cpu_s() - cpu)
    expected = benchrace_core.known_pi(n)
    if expected is not None and primes != expected:
        raise SystemExit(f"wrong count: {primes} primes up to {n}, {expected} are known")
    return timing


def own_count(n: int, threads: int) -> int:
    return benchrace_core.Run("segmented_sieve", n, threads).execute().primes


def command_count(n: int, threads: int) -> int:
    command = ["primesieve", str(n), "--count", "--quiet", "--threads", str(threads)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return int(output.split()[-1])


def opponents() -> list[Opponent]:
    installed = []
    if path := shutil.which("primesieve"):
        installed.append(Opponent(f"command {path}", command_count))
    try:
        module = importlib.import_module("primesieve")
    except ImportError:
        return installed

    def module_count(n: int, threads: int) -> int:
        module.set_num_threads(threads)
        return int(module.count_primes(n))

    installed.append(Opponent(f"module {module.__name__}", module_count))
    return installed


def row(label: str, timings: list[Timing]) -> None:
    wall = statistics.median(timing.wall_s for timing in timings)
    ratio = statistics.median(timing.cpu_s / timing.wall_s for timing in timings)
    cpu = statistics.median(timing.cpu_s for timing in timings)
    print(f"{label:<34} wall {wall:8.4f} s   cpu {cpu:8.4f} s   cpu/wall {ratio:5.2f}")


def compare(n: int, threads: int, rounds: int, others: list[Opponent]) -> None:
    own: list[Timing] = []
    theirs: dict[str, list[Timing]] = {other.name: [] for other in others}
    for _ in range(rounds):
        own.append(timed(own_count, n, threads))
        for other in others:
            theirs[other.name].append(timed(other.count, n, threads))
    row(f"benchrace, {threads} thread(s)", own)
    for name, timings in theirs.items():
        row(f"  {name}", timings)
        pairs = zip(own, timings, strict=True)
        ratio = statistics.median(ours.wall_s / other.wall_s for ours, other in pairs)
        print(f"  benchrace / {name}: {ratio:.2f} of its wall time (median of {rounds} pairs)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("n", nargs="?", type=int, default=10**9, help="count primes up to this")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each (median is shown)")
    arguments = parser.parse_args()
    available = benchrace_core.available_threads()
    others = opponents()
    print(f"n = {arguments.n}, tier {benchrace_core.cpu_tier()}, {available} threads available")
    for threads in sorted({1, available}):
        compare(arguments.n, threads, max(1, arguments.rounds), others)
    if not others:
        print("primesieve is not installed: no comparison (its command or module would do)")


if __name__ == "__main__":
    main()
