"""What commands and services cost before they do anything: CPU time, as a ratio to `import click`.

User and system time of a process and all its children, the least of several runs: wall time on a
shared machine says little. `python benchmarks/startup.py [--runs N] [--only NAME]`.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

PYTHON = sys.executable
COMMAND = (PYTHON, "-m", "benchrace.cli")
READY_S = 30.0
TINY = ("run", "--workload", "compute", "-p", "n=1000", "--rounds", "1", "--warmup", "0")

Measure = Callable[[], None]


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each; the least counts")
    parser.add_argument("--only", help="the figures whose names contain this text")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        config = data / "config"
        os.environ |= {"BENCHRACE_DATA_DIR": folder, "BENCHRACE_CONFIG_DIR": str(config)}
        run(*COMMAND, *TINY)
        click_s = least(lambda: run(PYTHON, "-c", "import click"), options.runs)
        sys.stdout.write(f"{'import click':24} {click_s:6.3f} s\n")
        for name, measure in figures(data).items():
            if options.only is None or options.only in name:
                cpu_s = least(measure, options.runs)
                sys.stdout.write(f"{name:24} {cpu_s:6.3f} s  {cpu_s / click_s:5.1f} x\n")
                sys.stdout.flush()


def figures(data: Path) -> dict[str, Measure]:
    """Return what is measured, by name; `data` has one stored run."""
    run_id = next((data / "runs").iterdir()).name
    commands: dict[str, Sequence[str]] = {
        "--help": ("--help",),
        "runs list": ("runs", "list"),
        "runs list --json": ("runs", "list", "--json"),
        "runs show": ("runs", "show", run_id),
        "plugins": ("plugins",),
        "params": ("params",),
        "run": TINY,
    }
    measures: dict[str, Measure] = {
        name: partial(run, *COMMAND, *words) for name, words in commands.items()
    }
    agent = ("agent", "--port", "0", "--machine-id", "m")
    measures["central ready"] = partial(service, data / "central.json", "central", "--port", "0")
    measures["agent ready"] = partial(service, data / "agents" / "m.json", *agent)
    return measures


def least(measure: Measure, runs: int) -> float:
    """Return the least CPU time of several runs."""
    return min(_cpu_of(measure) for _ in range(runs))


def _cpu_of(measure: Measure) -> float:
    before = _children_s()
    measure()
    return _children_s() - before


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(*command: str) -> None:
    """Run a command to its end."""
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def service(record: Path, *words: str) -> None:
    """Start a service, and kill it as soon as it listens."""
    record.unlink(missing_ok=True)
    with subprocess.Popen(
        (*COMMAND, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + READY_S
        while not record.exists() and time.monotonic() < until:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)


if __name__ == "__main__":
    main()
