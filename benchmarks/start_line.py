"""How far apart agents of one computer start: the spread of many armed starts, with uncertainty.

`python benchmarks/start_line.py [--agents N] [--starts N]`. The cores must be idle for figures that
count: workers that wait for a core start late, and the load that is printed tells.
"""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchrace.cli.connect.client import Client
from benchrace.formatting import duration
from benchrace.run.states import RunState

COMMAND = (sys.executable, "-m", "benchrace.cli")
GOAL_NS = 2_000_000
READY_S = 120.0
POLL_S = 0.5


def main() -> None:
    """Start a fleet, race it, and print the distribution of the spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agents", type=int, default=4)
    parser.add_argument("--starts", type=int, default=100)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"BENCHRACE_DATA_DIR": folder, "BENCHRACE_CONFIG_DIR": f"{folder}/config"}
        os.environ["BENCHRACE_TOKEN"] = secrets.token_hex(16)
        with fleet(chosen.agents) as client:
            before = os.getloadavg()[0]
            heats = race(client, chosen.agents, chosen.starts)
            report(heats, chosen.agents, (before, os.getloadavg()[0]))


@contextmanager
def fleet(agents: int) -> Iterator[Client]:
    """Run a central and agents that share this computer, until the end."""
    names = [f"m{number}" for number in range(agents)]
    status = run("central", "start", "--port", "0", "--json")
    url = json.loads(status)["info"]["url"]
    try:
        for name in names:
            options = ("--central", url, "--port", "0", "--share-host")
            run("agent", "start", "--machine-id", name, *options)
        with Client(url) as client:
            yield client
    finally:
        for name in names:
            subprocess.run(
                (*COMMAND, "agent", "stop", "--machine-id", name), check=False, capture_output=True
            )
        subprocess.run((*COMMAND, "central", "stop"), check=False, capture_output=True)


def race(client: Client, agents: int, starts: int) -> Sequence[Any]:
    """Race with every heat armed, and return the starts."""
    lanes = [{"machine_id": f"m{number}"} for number in range(agents)]
    params = {"n": 1000, "threads": 1}
    spec = {"kind": "compute", "params": params, "lanes": lanes, "rounds": starts, "warmup": 0}
    until = time.monotonic() + READY_S
    while len(offering(client)) < agents:
        if time.monotonic() > until:
            sys.exit(f"only {len(offering(client))} of {agents} agents were ready in {READY_S:g} s")
        time.sleep(POLL_S)
    run_id = client.post("/api/runs", {**spec, "sync": "every_heat", "sampling_s": 0})["run_id"]
    while not client.queue(run_id).state.final:
        time.sleep(POLL_S)
    document = client.document(run_id)
    if document.state is not RunState.DONE:
        sys.exit(f"the race ended as {document.state}: {document.failure}")
    return document.heats


def offering(client: Client) -> set[str]:
    """Return the machines that offer the work."""
    return {
        machine.machine_id
        for machine in client.machines()
        if any(work.kind == "compute" for one in machine.backends for work in one.workloads)
    }


def report(heats: Sequence[Any], agents: int, load: tuple[float, float]) -> None:
    """Print the distribution."""
    judged = [heat for heat in heats if heat.spread_ns is not None]
    if not judged:
        sys.exit("no start could be judged: the offsets of the clocks are unknown")
    spreads = sorted(heat.spread_ns for heat in judged)
    unsure = sorted(heat.uncertainty_ns for heat in judged)
    within = sum(spread <= GOAL_NS for spread in spreads)
    staggered = sum(heat.staggered for heat in judged)
    lines = (
        f"{len(judged)} starts of {agents} agents on {os.cpu_count()} threads",
        f"load average before and after: {load[0]:.1f}, {load[1]:.1f}",
        f"spread median {at(spreads, 0.5)}, p90 {at(spreads, 0.9)}, largest {at(spreads, 1)}",
        f"uncertainty median {at(unsure, 0.5)}, p90 {at(unsure, 0.9)}",
        f"within {duration(GOAL_NS)}: {within} of {len(spreads)}; staggered: {staggered}",
    )
    sys.stdout.write("\n".join(lines) + "\n")


def at(values: Sequence[int], share: float) -> str:
    """Return a quantile of sorted nanoseconds, in words."""
    return duration(values[min(len(values) - 1, int(share * len(values)))])


def run(*args: str) -> str:
    """Run a command of benchrace; its failure ends the benchmark in words."""
    done = subprocess.run((*COMMAND, *args), check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"benchrace {' '.join(args[:2])}: {done.stderr or done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
