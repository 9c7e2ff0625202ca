"""Runs and lines for tests of the store."""

from pathlib import Path

import pytest

from benchrace.events import Log, Stream, encode
from benchrace.events.payloads import LogPayload
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import Order, RunSpec, Sync
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder

RUN_ID = "2026-11-24_101500_abcdef"


class Make:
    """Makes metadata and lines."""

    run_id = RUN_ID

    def metadata(self, run_id: str = RUN_ID, **changes: object) -> RunMetadata:
        fields: dict[str, object] = {
            "run_id": run_id,
            "version": "0.1.0",
            "created_at": 1000.0,
            "spec": RunSpec(kind="compute", params={"n": 100}),
            "state": RunState.QUEUED,
            "kind": "compute",
            "order": Order.ABBA,
            "sync": Sync.FIRST_HEAT,
            "salt": "s",
            "rounds": 5,
            "warmup": 1,
            "lanes": (),
        }
        return RunMetadata(**(fields | changes))  # type: ignore[arg-type]

    def line(
        self, seq: int, text: str = "x", job_id: str | None = "j0", stream: Stream = Stream.WORK
    ) -> bytes:
        return encode(
            Log(
                run_id=RUN_ID,
                job_id=job_id,
                machine_id="m",
                lane_id=None,
                round=None,
                stream=stream,
                seq=seq,
                t_ns=seq,
                timestamp_s=0.0,
                payload=LogPayload(level="info", message=text, source="test"),
            )
        )

    def lines(self, first: int, count: int, text: str = "x", job_id: str | None = "j0") -> bytes:
        return b"".join(self.line(seq, text, job_id) for seq in range(first, first + count))


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()


@pytest.fixture
def folder(tmp_path: Path, make: Make) -> RunFolder:
    return RunFolder.create(tmp_path / "runs", make.metadata())
