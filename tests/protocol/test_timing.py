"""The result that `doctor timing` stores, as the agent reads it."""

from pathlib import Path

import msgspec
import pytest

from benchrace.cli.agent.timing import TimingRecord
from benchrace.plugin.stream import TimingSource
from benchrace.protocol.timing import FILE, Timing, read
from benchrace.worker.stream.timing_check import Spread, TimingCheck

SPREAD = Spread(n=2000, p50_ms=0.04, p99_ms=0.2, worst_ms=0.9)


def test_the_agent_reads_what_the_doctor_keeps(tmp_path: Path) -> None:
    check = TimingCheck(
        timing_source=TimingSource.KERNEL,
        send_source=TimingSource.KERNEL,
        priority="raised",
        ttft=SPREAD,
        arrival=SPREAD,
        bias_ms=0.04,
        jitter_ms=0.16,
        bound_max_ms=0.3,
    )
    (tmp_path / FILE).write_bytes(msgspec.json.encode(TimingRecord(checked_at=7.0, check=check)))
    assert read(tmp_path) == Timing(checked_at=7.0, source="kernel", bias_ms=0.04, jitter_ms=0.16)


@pytest.mark.parametrize("held", [b"", b"{}", b"[]", b'{"checked_at": 1, "check": {}}', b"\xff"])
def test_what_makes_no_sense_is_none(tmp_path: Path, held: bytes) -> None:
    assert read(tmp_path) is None
    (tmp_path / FILE).write_bytes(held)
    assert read(tmp_path) is None
