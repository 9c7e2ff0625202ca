"""Count primes with kernels in Rust: timed, watched and stopped from Python."""

from benchrace_core._native import (
    ALGORITHMS,
    Cancelled,
    Count,
    KernelPanic,
    KernelRefused,
    Run,
    available_threads,
    cpu_tier,
    first_primes,
    known_pi,
    limits,
)

__all__ = [
    "ALGORITHMS",
    "Cancelled",
    "Count",
    "KernelPanic",
    "KernelRefused",
    "Run",
    "available_threads",
    "cpu_tier",
    "first_primes",
    "known_pi",
    "limits",
]
