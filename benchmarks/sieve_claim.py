"""Compare the segmented sieve with primesieve, and with a segmented sieve made with numpy.

    python -m benchmarks.sieve_claim [--n N ...] [--tier TIER ...] [--threads T ...]

Counts are whole processes, ours and primesieve's in turn, so that noise on the machine affects
both; each line gives the median of the pairs' ratios with the least and the greatest. The ratio is
of CPU seconds, on several threads of wall seconds as well. "Whole" includes the start of Python,
"count" leaves out what each program usually takes to count up to 1. Small counts are compared with
primesieve's library in one process, where there is one. Below 1 is faster.
"""

import argparse
import statistics
from collections.abc import Sequence

import benchrace_core
from benchmarks.sieve_parts import in_process
from benchmarks.sieve_parts.in_process import Count, Library
from benchmarks.sieve_parts.processes import Cost, Program, ours, primesieve

SMALL = (10**6, 10**7, 10**8)
NUMPY_N = 10**9
# Below this, a process takes far longer to start than to count.
LEAST_PROCESS_N = 10**8
# Calls of the library that make one measurement of a small count.
CALLS = 20


def main() -> None:
    """Print a line for each comparison."""
    options = arguments()
    print(
        f"benchrace_core on {benchrace_core.available_threads()} cores, "
        f"instructions: {', '.join(benchrace_core.cpu_tiers())}"
    )
    opponent = primesieve(options.primesieve)
    library = matching(opponent)
    if opponent is None:
        print("primesieve is not installed: no comparison (--primesieve names its command)")
    else:
        print(f"against {opponent.name}")
        for tier in options.tier:
            for threads in options.threads:
                for n in options.n:
                    processes(n, threads, ours(tier), opponent, options.pairs)
    if library is None:
        print("primesieve's library was not found: no comparison of small counts")
    else:
        print(f"against the library of primesieve {library.version}")
        for tier in options.tier:
            for n in SMALL:
                library_calls(n, tier, library.count, options.pairs)
    if options.numpy:
        against_numpy(options.numpy)


def matching(opponent: Program | None) -> Library | None:
    """Return primesieve's library; exit where its version is another than the command's."""
    library = in_process.library(opponent.command[0] if opponent else None)
    if library is not None and opponent and opponent.name.split()[-1] != library.version:
        raise SystemExit(
            f"the library found is primesieve {library.version}, the command {opponent.name}; "
            "name the command of the same build with --primesieve"
        )
    return library


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    tiers = benchrace_core.cpu_tiers()
    parser.add_argument("--n", nargs="*", type=natural, default=[10**8, 10**9, 10**10])
    parser.add_argument("--tier", nargs="+", default=tiers, help=f"default: {' '.join(tiers)}")
    parser.add_argument("--threads", nargs="+", type=int, default=[1])
    parser.add_argument("--pairs", type=int, default=15)
    parser.add_argument("--primesieve", metavar="PATH", help="the command, if not on the path")
    parser.add_argument("--numpy", type=int, metavar="PAIRS", help="compare with numpy as well")
    return parser.parse_args()


def natural(text: str) -> int:
    """Read `1000000000` or `1e9`; the count up to it must be known."""
    n = int(float(text)) if "e" in text else int(text)
    if n < LEAST_PROCESS_N:
        raise argparse.ArgumentTypeError(
            f"a process that counts to {n} is too short; use 1e8 or more (smaller counts are "
            "compared with the library)"
        )
    if benchrace_core.known_pi(n) is None:
        raise argparse.ArgumentTypeError(f"the number of primes up to {n} is not on record")
    return n


def processes(n: int, threads: int, own: Program, other: Program, pairs: int) -> None:
    """Measure pairs of processes, each side first in every other pair."""
    primes = benchrace_core.known_pi(n) or 0
    sides: dict[Program, list[Cost]] = {own: [], other: []}
    starts: dict[Program, list[Cost]] = {own: [], other: []}
    for pair in range(pairs):
        for program in (own, other) if pair % 2 == 0 else (other, own):
            starts[program].append(program.count(1, 1, 0))
            sides[program].append(program.count(n, threads, primes))
    name = own.name.partition("(")[2].rstrip(")")
    whole = [mine.cpu_s / theirs.cpu_s for mine, theirs in zip(*sides.values(), strict=True)]
    figures = [f"whole {spread(whole)}", f"count {spread(without_start(sides, starts, 'cpu_s'))}"]
    if threads > 1:
        figures.append(f"wall {spread(without_start(sides, starts, 'wall_s'))}")
    print(f"{label(n, threads, name)}  {'  '.join(figures)}", flush=True)


def without_start(
    sides: dict[Program, list[Cost]], starts: dict[Program, list[Cost]], field: str
) -> list[float]:
    """Return the pairs' ratios, without what each program usually takes to start."""
    counts = []
    for program, costs in sides.items():
        start = statistics.median(getattr(cost, field) for cost in starts[program])
        counts.append([getattr(cost, field) - start for cost in costs])
    mine, theirs = counts
    return [ours / other for ours, other in zip(mine, theirs, strict=True)]


def library_calls(n: int, tier: str, library: Count, pairs: int) -> None:
    """Compare repeated calls within this process."""
    own, other = repeated(in_process.ours(tier)), repeated(library)
    taken = in_process.pairs(own, other, n, pairs)
    ratios = [mine / theirs for mine, theirs in taken]
    print(f"{label(n, 1, tier)}  library calls {spread(ratios)}")


def against_numpy(pairs: int) -> None:
    """Compare with the numpy sieve: print how many times our CPU time it takes."""
    try:
        in_process.numpy_segmented(100)
    except ImportError:
        print("numpy is not installed: no comparison")
        return
    own = in_process.ours(benchrace_core.cpu_tier())
    taken = in_process.pairs(own, in_process.numpy_segmented, NUMPY_N, pairs)
    ratios = [theirs / mine for mine, theirs in taken]
    print(f"{label(NUMPY_N, 1, benchrace_core.cpu_tier())}  numpy takes {spread(ratios)} times")


def repeated(count: Count) -> Count:
    """Count several times: a single small count is too short for the clock."""
    return lambda n: [count(n) for _ in range(CALLS)][-1]


def label(n: int, threads: int, tier: str) -> str:
    return f"N = {n:.0e}  {threads} thread(s)  {tier:8}"


def spread(ratios: Sequence[float]) -> str:
    median = statistics.median(ratios)
    return f"{median:.3f} [{min(ratios):.3f}, {max(ratios):.3f}]"


if __name__ == "__main__":
    main()
