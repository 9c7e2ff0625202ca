"""Kernels and a stream reader in Rust: timed, watched and stopped from Python."""

from benchrace_core._native import (
    ALGORITHMS,
    Cancelled,
    Connection,
    Count,
    KernelPanic,
    KernelRefused,
    Run,
    Splitter,
    StreamFault,
    available_threads,
    cpu_tier,
    first_primes,
    known_pi,
    limits,
    monotonic_ns,
)

__all__ = [
    "ALGORITHMS",
    "Cancelled",
    "Connection",
    "Count",
    "KernelPanic",
    "KernelRefused",
    "Run",
    "Splitter",
    "StreamFault",
    "available_threads",
    "cpu_tier",
    "first_primes",
    "known_pi",
    "limits",
    "monotonic_ns",
]
