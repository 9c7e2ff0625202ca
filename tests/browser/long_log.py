"""A stored log made longer: between the lines of a real run, many that a model might have said."""

from itertools import count
from pathlib import Path
from typing import Any

import msgspec

STEP_NS = 1_000_000
TEXT = "a word and another, " * 5


def lengthen(path: Path, more_bytes: int) -> int:
    """Put about so many bytes after the starts of its rounds, one a millisecond; give the size."""
    events = [msgspec.json.decode(line) for line in path.read_bytes().splitlines()]
    starts = sum(event["type"] == "round_start" for event in events)
    seqs: dict[tuple[str | None, str], Any] = {}
    later_ns = 0
    with path.open("wb") as out:

        def write(event: dict[str, Any]) -> int:
            moved = event | {
                "seq": next(seqs.setdefault((event["job_id"], event["stream"]), count())),
                "t_ns": event["t_ns"] + later_ns,
                "timestamp_s": event["timestamp_s"] + later_ns / 1e9,
            }
            return out.write(msgspec.json.encode(moved) + b"\n")

        for event in events:
            write(event)
            if event["type"] == "round_start":
                written = 0
                while written < more_bytes / starts:
                    later_ns += STEP_NS
                    written += write(event | {"type": "llm_token", "payload": {"text": TEXT}})
        return out.tell()
