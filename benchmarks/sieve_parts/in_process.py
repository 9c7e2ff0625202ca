"""Counts within one process: primesieve as a library, and a sieve made with numpy."""

import ctypes
import ctypes.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import benchrace_core

Count = Callable[[int], int]
# Flags of a segment of the sieve in numpy: 1 MiB, the best of several sizes.
SEGMENT = 1 << 20


class Library(NamedTuple):
    """primesieve as a library: its version, and its count on one thread."""

    version: str
    count: Count


def ours(tier: str) -> Count:
    """Return the segmented sieve on one thread."""
    return lambda n: benchrace_core.Run("segmented_sieve", n, tier=tier).execute().primes


def library(command: str | None) -> Library | None:
    """Return primesieve as a library, from beside its command or where the system has it."""
    names = [ctypes.util.find_library("primesieve")]
    if command is not None:
        folder = Path(command).resolve().parent
        files = sorted({*folder.glob("libprimesieve.*"), *folder.glob("../lib*/libprimesieve.*")})
        names = [*(str(file) for file in files if ".so" in file.name or file.suffix == ".dylib")]
    for name in filter(None, names):
        try:
            loaded = ctypes.CDLL(name)
        except OSError:
            continue
        return _opened(loaded)
    return None


def _opened(loaded: ctypes.CDLL) -> Library:
    loaded.primesieve_set_num_threads(1)
    loaded.primesieve_version.restype = ctypes.c_char_p
    function = loaded.primesieve_count_primes
    function.argtypes, function.restype = (ctypes.c_uint64, ctypes.c_uint64), ctypes.c_uint64
    return Library(loaded.primesieve_version().decode(), lambda n: int(function(0, n)))


def numpy_segmented(n: int) -> int:
    """Count primes with a flag for each odd number, a segment at a time."""
    import numpy as np

    root = int(n**0.5) + 1
    small = np.ones(root // 2 + 1, dtype=bool)
    small[0] = False
    for index in range(1, int(root**0.5) // 2 + 1):
        if small[index]:
            small[2 * index * (index + 1) :: 2 * index + 1] = False
    primes = [2 * int(index) + 1 for index in np.flatnonzero(small)]
    flags_left = (n + 1) // 2  # flag i is the number 2 i + 1, and number 1 stands for 2
    hits = [(prime * prime) // 2 for prime in primes]
    count = 0
    while flags_left > 0:
        flags = np.ones(min(SEGMENT, flags_left), dtype=bool)
        for place, prime in enumerate(primes):
            hit = hits[place]
            if hit < len(flags):
                flags[hit::prime] = False
                hit += (len(flags) - hit + prime - 1) // prime * prime
            hits[place] = hit - len(flags)
        count += int(np.count_nonzero(flags))
        flags_left -= len(flags)
    return count


def pairs(own: Count, other: Count, n: int, number: int) -> list[tuple[float, float]]:
    """Return CPU seconds of both counts in turn, each first in every other pair."""
    taken = []
    for pair in range(number):
        if pair % 2 == 0:
            mine = seconds(own, n)
            taken.append((mine, seconds(other, n)))
        else:
            theirs = seconds(other, n)
            taken.append((seconds(own, n), theirs))
    return taken


def seconds(count: Count, n: int) -> float:
    """Return the CPU seconds of one count; exit where it is wrong."""
    expected = benchrace_core.known_pi(n)
    began = time.process_time()
    primes = count(n)
    took = time.process_time() - began
    if primes != expected:
        raise SystemExit(f"wrong count: {primes} primes up to {n}, {expected} are known")
    return took
