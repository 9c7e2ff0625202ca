"""Central's logs against the journals of the machines, which were there first."""

import time
from collections import defaultdict
from pathlib import Path

import msgspec

from benchmarks.simulated_fleet import Central
from benchmarks.soak_parts.goals import Goal
from benchrace.events import head

_PATIENCE_S = 60.0
STREAMS = ("work", "agent")
Lines = dict[tuple[str, str], list[bytes]]


def compare(central: Central, folder: Path, runs: list[str]) -> list[Goal]:
    """Compare until all is equal, or for a minute: what was cut off comes late."""
    limit = time.monotonic() + _PATIENCE_S
    while True:
        truth, stored = journals(folder, frozenset(runs)), logs(central, runs)
        missing, foreign = differences(truth, stored)
        if not missing + foreign or time.monotonic() > limit:
            break
        time.sleep(0.5)
    lines = sum(map(len, truth.values()))
    return [
        Goal("runs", f"{len(runs)}, {len(truth) // len(STREAMS)} jobs", "", None),
        Goal("lines of journals", f"{lines}", "", None),
        Goal("lines that central lacks", f"{missing}", "0", missing == 0),
        Goal("lines that no journal has", f"{foreign}", "0", foreign == 0),
    ]


def journals(folder: Path, runs: frozenset[str]) -> Lines:
    """Read the journals of all machines, by job and stream."""
    journalled: Lines = {}
    for job in folder.glob("machine-*/jobs/*/job.json"):
        spec = msgspec.json.decode(job.read_bytes())["spec"]
        if spec["run_id"] in runs:
            for stream in STREAMS:
                path = job.with_name(f"{stream}.ndjson")
                lines = path.read_bytes().splitlines() if path.exists() else []
                journalled[spec["job_id"], stream] = lines
    return journalled


def logs(central: Central, runs: list[str]) -> Lines:
    """Read central's logs, by job and stream; a line that is there twice counts once."""
    stored: defaultdict[tuple[str, str], dict[int, bytes]] = defaultdict(dict)
    for run in runs:
        for line in (central.data / "runs" / run / "events.ndjson").read_bytes().splitlines():
            start = head(line)
            if start.job_id is not None:
                stored[start.job_id, start.stream].setdefault(start.seq, line)
    return {key: [lines[seq] for seq in sorted(lines)] for key, lines in stored.items()}


def differences(truth: Lines, stored: Lines) -> tuple[int, int]:
    """Count lines that are missing in the store, and those that the truth does not have."""
    missing = foreign = 0
    for key in truth.keys() | stored.keys():
        ours, theirs = truth.get(key, []), stored.get(key, [])
        missing += len(set(ours) - set(theirs))
        foreign += len(set(theirs) - set(ours))
    return missing, foreign
