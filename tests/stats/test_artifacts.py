"""Files that events name: checked for safety, and limited in number."""

from collections.abc import Callable
from typing import Any

import pytest

from benchrace.events import Artifact, Stream, encode
from benchrace.events.payloads import ArtifactPayload
from benchrace.run.artifact import MAX_ARTIFACTS
from benchrace.run.metadata import RunMetadata
from benchrace.stats import Fold

SHA = "ab" * 32


def line(
    seq: int, job_id: str | None, lane: str = "lane-0", number: int = 1, **changes: object
) -> bytes:
    payload = {"name": "a.png", "media_type": "image/png", "size": 3, "digest": f"sha256:{SHA}"}
    return encode(
        Artifact(
            run_id="r",
            job_id=job_id,
            machine_id="it says so",
            lane_id=lane,
            round=number,
            stream=Stream.WORK,
            seq=seq,
            t_ns=0,
            timestamp_s=0.0,
            payload=ArtifactPayload(**payload | changes),  # type: ignore[arg-type]
        )
    )


@pytest.fixture
def metadata(run: Callable[..., RunMetadata]) -> RunMetadata:
    return run()


def test_the_machine_is_the_plan_s_and_a_line_counts_once(metadata: RunMetadata) -> None:
    fold = Fold(metadata)
    lane = metadata.lanes[0]
    fold.feed(line(0, lane.job_id) * 2)
    (result,) = fold.summary().artifacts
    assert (result.sha256, result.machine_id, result.job_id) == (SHA, lane.machine_id, lane.job_id)
    assert (result.lane_id, result.round, result.size) == ("lane-0", 1, 3)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "../x"},
        {"name": 'a"b'},
        {"digest": SHA},
        {"digest": "sha256:../x"},
        {"digest": f"sha256:{SHA.upper()}"},
        {"size": -1},
        {"size": 1 << 60},
    ],
)
def test_what_is_no_name_or_digest_names_nothing(
    metadata: RunMetadata, changes: dict[str, Any]
) -> None:
    fold = Fold(metadata)
    fold.feed(line(0, metadata.lanes[0].job_id, **changes))
    assert fold.summary().artifacts == ()


def test_a_lane_or_round_that_cannot_be_is_left_out(metadata: RunMetadata) -> None:
    fold = Fold(metadata)
    fold.feed(line(0, metadata.lanes[0].job_id, lane="../x", number=-1))
    (result,) = fold.summary().artifacts
    assert (result.lane_id, result.round) == (None, None)


def test_another_run_s_job_names_nothing(metadata: RunMetadata) -> None:
    fold = Fold(metadata)
    fold.feed(line(0, "j" + "0" * 16) + line(0, None))
    assert fold.summary().artifacts == ()


def test_those_beyond_the_most_are_counted(metadata: RunMetadata) -> None:
    fold = Fold(metadata)
    fold.feed(b"".join(line(n, metadata.lanes[0].job_id) for n in range(MAX_ARTIFACTS + 3)))
    summary = fold.summary()
    assert (len(summary.artifacts), summary.artifacts_left_out) == (MAX_ARTIFACTS, 3)
