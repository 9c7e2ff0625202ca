"""Kill processes of a fleet at random events of its runs, and count what is lost by it.

    python -m benchmarks.kills [--rounds N] [--victim NAME]... [--seed S] [--minutes M]

A central and an agent run apart on this machine. Each round races two lanes of the kernels, waits
for a random line of the run's log, sends SIGKILL to the worker, the agent, central, or all of them,
and starts again what was killed, in any order. Once the run is over, its log is compared with what
worker and agent wrote: lines that are missing are lost, lines that are there twice, and second ends
of a job, are doubled. A run that is not over within 120 s is pending. The goal is 0 of each.
`--minutes` ends early, after whole rounds.
"""

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow import kills
from tests.flow.conftest import Shell

VICTIMS = {
    "agent": ("agent",),
    "worker": ("worker",),
    "central": ("central",),
    "all": ("worker", "agent", "central"),
}
LANES = [{"params": {"threads": 1}}, {"params": {"threads": 2}}]
SPEC = {"kind": "compute", "params": {"n": 50_000_000}, "lanes": LANES, "rounds": 5}
PENDING_S = 120.0


@dataclass
class Tally:
    """What came of the rounds of one victim."""

    rounds: int = 0
    lost: int = 0
    doubled: int = 0
    pending: int = 0
    states: Counter[str] = field(default_factory=Counter)


def submit(url: str) -> str:
    """Start a run, and return its id; a machine that is not back yet is waited for."""
    until = time.monotonic() + PENDING_S
    while True:
        request = urllib.request.Request(
            f"{url}/api/runs", json.dumps(SPEC).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return str(json.load(answer)["run_id"])
        except urllib.error.URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def play(fleet: Shell, url: str, dice: random.Random, victims: Sequence[str], tally: Tally) -> bool:
    """Play one round; false where its run stays pending."""
    run = fleet.data / "runs" / submit(url)
    served = kills.strike(fleet, dice, url, run, victims)
    tally.rounds += 1
    until = time.monotonic() + PENDING_S
    while not kills.is_whole(fleet, run):
        if time.monotonic() > until:
            tally.pending += 1
            return False
        time.sleep(0.05)
    compared = kills.compare(fleet, run, served)
    tally.lost += compared.lost
    tally.doubled += compared.doubled
    tally.states[json.loads((run / "metadata.json").read_bytes())["state"]] += 1
    if compared != (0, 0):
        print(f"{run} after a kill of {', '.join(victims)}: {compared}", flush=True)
    return True


def measure(name: str, chosen: argparse.Namespace, until: float) -> Tally:
    """Play all rounds of one victim, on a fleet of their own."""
    dice, tally = random.Random(f"{chosen.seed} {name}"), Tally()
    while tally.rounds < chosen.rounds and time.monotonic() < until:
        folder = Path(tempfile.mkdtemp(prefix="benchrace-kills-"))
        fleet, clean = Shell(folder, token="a token of the benchmark"), True
        try:
            url = fleet.serve()
            while clean and tally.rounds < chosen.rounds and time.monotonic() < until:
                before = tally.lost + tally.doubled
                clean = play(fleet, url, dice, VICTIMS[name], tally)
                clean = clean and tally.lost + tally.doubled == before
        finally:
            for process in fleet.processes():
                with suppress(ProcessLookupError):
                    process.kill()
        if clean:
            shutil.rmtree(folder)
        else:
            print(f"kept for a look: {folder}", flush=True)
    return tally


def main() -> int:
    """Print a line for each victim; the status is 1 where anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="for each victim")
    parser.add_argument("--victim", action="append", choices=VICTIMS, help="default: each")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--minutes", type=float, default=float("inf"))
    chosen = parser.parse_args()
    names = chosen.victim or list(VICTIMS)
    print(f"seed {chosen.seed}", flush=True)
    begin, bad = time.monotonic(), 0
    for index, name in enumerate(names, 1):
        tally = measure(name, chosen, begin + chosen.minutes * 60 * index / len(names))
        states = ", ".join(f"{count} {state}" for state, count in sorted(tally.states.items()))
        print(
            f"{name:8} {tally.rounds} rounds ({states}): {tally.lost} lost, "
            f"{tally.doubled} doubled, {tally.pending} pending",
            flush=True,
        )
        bad += tally.lost + tally.doubled + tally.pending
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
