"""Fill a data folder's index with made-up runs, to try the list of runs with very many.

The runs have no folders: they are listed and searched, and cannot be opened. Give the folder of a
central that serves: at its next start it forgets them, since its folders are the truth.
"""

import argparse
import random
import time
from collections.abc import Iterator
from pathlib import Path

from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.store.index import Entry, Index

STATES = (RunState.DONE,) * 8 + (RunState.FAILED, RunState.CANCELLED)
TAGS = ("nightly", "baseline", "threads", "kernel", "regression", "release")
BATCH = 5_000


def main() -> None:
    """Write the runs, and say how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the data folder of a central that serves")
    parser.add_argument("--runs", type=int, default=100_000)
    chosen = parser.parse_args()
    index = Index(chosen.data / "index.sqlite")
    start = time.monotonic()
    entries = recorded_runs(chosen.runs)
    for _ in range(0, chosen.runs, BATCH):
        index.put_all(entry for _, entry in zip(range(BATCH), entries, strict=False))
    index.close()
    print(f"{chosen.runs} runs in {time.monotonic() - start:.1f} s")


def recorded_runs(count: int) -> Iterator[Entry]:
    """Yield runs a minute apart, the last one now; the same ones each time but for their dates."""
    chance = random.Random(1)
    now = time.time()
    for number in range(count):
        yield _run(now - (count - number) * 60, number, chance), None


def _run(at_s: float, number: int, chance: random.Random) -> RunMetadata:
    machines = chance.sample([f"box-{number}" for number in range(12)], k=chance.randint(1, 3))
    return RunMetadata(
        run_id=f"{time.strftime('%Y-%m-%d_%H%M%S', time.gmtime(at_s))}_{number & 0xFFFFFF:06x}",
        version="0",
        created_at=at_s,
        started_at=at_s + 1,
        ended_at=at_s + chance.uniform(5, 600),
        spec=RunSpec(kind="compute"),
        state=chance.choice(STATES),
        kind="compute",
        order=Order.ABBA,
        sync=Sync.FIRST_HEAT,
        salt="",
        rounds=5,
        warmup=1,
        lanes=tuple(
            RunLane(
                lane_id=f"lane-{number}",
                label=f"{machine}, segmented sieve",
                machine_id=machine,
                backend="compute",
                params={"n": 10**9},
            )
            for number, machine in enumerate(machines)
        ),
        name=f"Night {number // 10}, try {number % 10}",
        tags=tuple(chance.sample(TAGS, k=chance.randint(0, 2))),
        notes=chance.choice((None, None, "after the new kernel")),
    )


if __name__ == "__main__":
    main()
