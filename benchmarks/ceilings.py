"""Compare the ceilings' kernels with numpy, and with STREAM where it is on the path.

    python -m benchmarks.ceilings [--pairs N] [--threads T] [--stream PATH]

Each pair measures ours and the other one in turn, so that noise on the machine affects both. A line
gives the threads of both, and the median of the pairs' ratios (ours / the other one's rate) with
the least and the greatest: above 1 is faster. numpy copies on one thread, and so does ours here;
products and STREAM take as many threads as ours. STREAM is a program that you build from its
source, with arrays of four times your last-level cache.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence

from benchrace_core import Ceiling, available_threads, cpu_tier

Rate = Callable[[], float]
N = 2048
COLUMNS = 4096
# The libraries behind numpy's products read them when they are imported.
THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def main() -> None:
    """Print a line for each comparison."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    parser.add_argument("--threads", type=int, default=1, help="of all but copies")
    parser.add_argument("--size-mb", type=int, default=1000, help="of each array")
    parser.add_argument("--stream", metavar="PATH", default=shutil.which("stream"))
    options = parser.parse_args()
    threads, pairs, size = options.threads, options.pairs, options.size_mb * 10**6
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    print(f"{threads} of {available_threads()} threads, instructions: {cpu_tier()}")
    both = f"{threads} thread" if threads == 1 else f"{threads} threads"
    compare("copy / numpy copy, 1 thread", bandwidth("copy_nt", 1, size), numpy_copy(size), pairs)
    compare(f"gemv q8_0 weights / numpy f32, {both}", gemv(threads, size), numpy_gemv(size), pairs)
    compare(f"gemm f32 {N} / numpy, {both}", gemm(threads), numpy_gemm(), pairs)
    if options.stream is None:
        print("STREAM is not on the path: no comparison (--stream names its program)")
        return
    triad = stream(options.stream, threads)
    compare(f"triad / STREAM's, {both}", bandwidth("triad", threads, size), triad, pairs)
    past = bandwidth("triad_nt", threads, size)
    compare(f"triad past caches / STREAM's, {both}", past, triad, pairs)


def compare(name: str, own: Rate, other: Rate, pairs: int) -> None:
    """Measure pairs, each side first in every other one."""
    ratios, rates = [], []
    for pair in range(pairs):
        if pair % 2 == 0:
            mine, theirs = own(), other()
        else:
            theirs, mine = other(), own()
        ratios.append(mine / theirs)
        rates.append((mine, theirs))
    middle = [statistics.median(side) / 1e9 for side in zip(*rates, strict=True)]
    spread = f"{statistics.median(ratios):.3f} [{min(ratios):.3f}, {max(ratios):.3f}]"
    print(f"{name:42} {spread}  medians {middle[0]:.2f} and {middle[1]:.2f} G/s", flush=True)


def best(ceiling: Ceiling) -> float:
    """Return the rate of the fastest pass."""
    ((_, amount, elapsed_ns),) = ceiling.execute().sweeps
    return amount / (min(elapsed_ns) / 1e9)


def bandwidth(kernel: str, threads: int, size: int) -> Rate:
    return lambda: best(Ceiling.bandwidth([kernel], threads=threads, passes=3, size=size))


def gemv(threads: int, size: int) -> Rate:
    """Return the rate in weights: numpy has four bytes for each, Q8_0 a little over one."""
    blocks = 32 / 34
    return lambda: (
        blocks * best(Ceiling.gemv("q8_0", COLUMNS, threads=threads, passes=3, size=size))
    )


def gemm(threads: int) -> Rate:
    return lambda: best(Ceiling.gemm("f32", N, threads=threads, passes=3))


def numpy_copy(size: int) -> Rate:
    import numpy as np

    source = np.ones(size // 8)
    target = np.zeros_like(source)
    return lambda: fastest(lambda: np.copyto(target, source), 2 * size)


def numpy_gemv(size: int) -> Rate:
    import numpy as np

    rows = size // 4 // COLUMNS
    matrix = np.ones((rows, COLUMNS), dtype=np.float32)
    vector = np.ones(COLUMNS, dtype=np.float32)
    return lambda: fastest(lambda: matrix @ vector, rows * COLUMNS)


def numpy_gemm() -> Rate:
    import numpy as np

    random = np.random.default_rng(1)
    one, other = (random.normal(size=(N, N)).astype(np.float32) for _ in range(2))
    return lambda: fastest(lambda: one @ other, 2 * N**3)


def fastest(work: Callable[[], object], amount: int, passes: int = 3) -> float:
    """Return the amount per second of the fastest pass."""
    times = []
    for _ in range(passes):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return amount / min(times)


def stream(program: str, threads: int) -> Rate:
    """Return STREAM's best triad, in bytes per second."""

    def rate() -> float:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        output = subprocess.run(
            [program], check=True, capture_output=True, text=True, env=environment
        ).stdout
        return triad_rate(output)

    return rate


def triad_rate(output: str) -> float:
    """Read the best triad from what STREAM prints, in MB/s; exit where there is none."""
    line = re.search(r"^Triad:\s+([\d.]+)", output, re.MULTILINE)
    if line is None:
        raise SystemExit(f"this is not the output of STREAM: {lines(output)}")
    return float(line.group(1)) * 1e6


def lines(output: str) -> Sequence[str]:
    return output.splitlines()[:3]


if __name__ == "__main__":
    main()
