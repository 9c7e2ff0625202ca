"""Clocks that are set, moved or doubled: names stay in order, and a run stays valid."""

import time
from pathlib import Path

import msgspec
import pytest

from benchrace.ids import new_run_id
from tests.agent.conftest import StartAgent, wait_for
from tests.faults.shim import Shim

# On this morning clocks in Berlin went from 03:00 back to 02:00, which is 01:00 UTC.
REPEATED = 1_792_890_000.0


def test_run_ids_stay_in_order_in_the_repeated_hour_of_autumn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        assert time.localtime(REPEATED - 1).tm_hour == time.localtime(REPEATED).tm_hour == 2
        instants = [REPEATED + minutes * 60 for minutes in (-90, -30, -1, 0, 29, 31, 90)]
        ids = [new_run_id(instant) for instant in instants]
        assert ids == sorted(ids)
        assert ids[3].startswith("2026-10-25_010000_")
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.slow
def test_a_wall_clock_that_is_set_during_a_job_is_recorded_and_moves_no_duration(
    tmp_path: Path, shim_library: Path, start_agent: StartAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = Shim(shim_library, tmp_path, tmp_path / "data" / "jobs")
    with monkeypatch.context() as patch:
        for name, value in shim.env.items():
            patch.setenv(name, value)
        agent = start_agent().started()
    gate = tmp_path / "gate"
    job_id = agent.act("emit:1", f"file:{gate}", "emit:1", "done")
    wait_for(lambda: len(agent.events(job_id)) >= 1)
    shim.shift_clock(-86_400)
    journal = tmp_path / "data" / "jobs" / job_id / "agent.ndjson"
    wait_for(lambda: b"clock_step" in journal.read_bytes())
    gate.touch()
    agent.until(job_id, "done")
    first, *_, last = agent.events(job_id)
    assert last["timestamp_s"] < first["timestamp_s"] - 86_000
    assert first["t_ns"] <= last["t_ns"]
    (step,) = [
        line
        for line in map(msgspec.json.decode, journal.read_bytes().splitlines())
        if line["type"] == "clock_step"
    ]
    assert step["payload"]["step_s"] == pytest.approx(-86_400, abs=60)
