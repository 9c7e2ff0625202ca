"""Counts as whole processes: what each takes, from its start to its end."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

OURS = """
from sys import argv
from benchrace_core import Run
run = Run("segmented_sieve", int(argv[1]), int(argv[2]), tier=argv[3])
print(run.execute().primes)
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: CPU seconds of all threads, and wall seconds."""

    cpu_s: float
    wall_s: float


@dataclass(frozen=True)
class Program:
    """A program that counts primes."""

    name: str
    command: Sequence[str]

    def count(self, n: int, threads: int, expected: int) -> Cost:
        """Count once in a process of its own; exit where the count is wrong."""
        command = [part.format(n=n, threads=threads) for part in self.command]
        began = time.perf_counter()
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            wall_s = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode or int(output.split()[-1]) != expected:
            raise SystemExit(f"{self.name}: expected {expected} primes up to {n}, got {output!r}")
        return Cost(usage.ru_utime + usage.ru_stime, wall_s)


def ours(tier: str) -> Program:
    """Return the segmented sieve as a user calls it, from Python."""
    return Program(f"benchrace ({tier})", (sys.executable, "-c", OURS, "{n}", "{threads}", tier))


def primesieve(path: str | None) -> Program | None:
    """Return the `primesieve` command with its version, None where there is none."""
    command = path or shutil.which("primesieve")
    if command is None:
        return None
    answer = subprocess.run([command, "--version"], check=True, capture_output=True, text=True)
    version = (answer.stdout or answer.stderr).split(",")[0].splitlines()[0]
    return Program(version, (command, "{n}", "--count", "--quiet", "--threads={threads}"))
