"""Runs of lanes that make images, and their logs."""

from typing import Any

import msgspec

from benchrace.events import Level, RoundDone, Stream, Verdict, encode
from benchrace.events.payloads import RoundDonePayload
from benchrace.kinds import TXT2IMG
from benchrace.plugin import Drawing
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from tests.stats.text_run import run as text_run

JOB = f"j{'0' * 16}"
SIZE = {"width": 512, "height": 512, "batch": 1}


def run(*lanes: dict[str, Any], run_id: str = "r") -> RunMetadata:
    """A run that is over, of lanes with these parameters beside one size for all."""
    metadata = text_run(*(SIZE | lane for lane in lanes), kind=TXT2IMG)
    drawn = msgspec.structs.replace(metadata.workloads["b"], drawing=Drawing.IMAGE)
    return msgspec.structs.replace(
        metadata,
        run_id=run_id,
        state=RunState.DONE,
        workloads={"b": drawn},
        lanes=tuple(msgspec.structs.replace(lane, job_id=JOB) for lane in metadata.lanes),
    )


def line(lane: int, number: int, seed: int, *digests: str, **changes: Any) -> bytes:
    """The end of a round that made images with these digests."""
    record = {
        "prompt_digest": "p",
        "engine": {"name": "e", "model": changes.get("model", "m.safetensors")},
        "seed": seed,
        "steps": changes.get("steps", 20),
        "outputs": [
            {"node": "9", "name": "a.png", "media_type": "image/png", "size": 1, "sha256": digest}
            for digest in digests
        ],
    }
    payload = RoundDonePayload(
        warmup=changes.get("warmup", False),
        heat=None,
        elapsed_ns=1,
        record=record,
        measured=(),
        verdict=Verdict(changes.get("level", Level.VALID)),
        metrics_version=1,
    )
    return encode(
        RoundDone(
            run_id="r",
            job_id=changes.get("job_id", JOB),
            machine_id="m",
            lane_id=f"lane-{lane}",
            round=number,
            stream=Stream.WORK,
            seq=number,
            t_ns=1,
            timestamp_s=1.0,
            payload=payload,
        )
    )
