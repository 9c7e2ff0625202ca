"""Measure how the segmented sieve scales with threads.

    python benchmarks/sieve_scaling.py [N] [--rounds R]

Prints wall seconds, CPU seconds and their ratio for one and for all threads. On two free cores
the ratio should reach 1.6. `benchmarks/sieve_claim.py` compares the sieve with primesieve.
"""

import argparse
import statistics
import time

import benchrace_core


def timed(n: int, threads: int) -> tuple[float, float]:
    """Count once, check the count where it is on record; return wall and CPU seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    primes = benchrace_core.Run("segmented_sieve", n, threads).execute().primes
    timing = time.perf_counter() - wall, time.process_time() - cpu
    expected = benchrace_core.known_pi(n)
    if expected is not None and primes != expected:
        raise SystemExit(f"wrong count: {primes} primes up to {n}, {expected} are known")
    return timing


def main() -> None:
    """Print a line for each number of threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("n", nargs="?", type=int, default=10**9, help="count primes up to this")
    parser.add_argument("--rounds", type=int, default=9, help="rounds of each (median is shown)")
    arguments = parser.parse_args()
    available = benchrace_core.available_threads()
    print(f"n = {arguments.n}, tier {benchrace_core.cpu_tier()}, {available} threads available")
    for threads in sorted({1, available}):
        rounds = [timed(arguments.n, threads) for _ in range(max(1, arguments.rounds))]
        wall, cpu = (statistics.median(values) for values in zip(*rounds, strict=True))
        ratio = statistics.median(cpu_s / wall_s for wall_s, cpu_s in rounds)
        print(f"{threads} thread(s)  wall {wall:8.4f} s   cpu {cpu:8.4f} s   cpu/wall {ratio:5.2f}")


if __name__ == "__main__":
    main()
