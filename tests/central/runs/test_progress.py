"""What central reads out of a log, and what it must not be fooled by."""

import msgspec
import pytest

from benchrace.central.runs.progress import End, Noted, RunProgress
from benchrace.errors import Category
from benchrace.protocol.job import JobSpec
from benchrace.run.lane import JobLane
from benchrace.run.spec import Order

SPEC = JobSpec(
    run_id="r",
    job_id="j1",
    machine_id="m",
    kind="work",
    lanes=(JobLane(lane_id="lane-0", label="a", backend="b", params={}),),
    schedule=(),
    order=Order.CONTIGUOUS,
    salt="",
)


def line(
    tag: str, payload: object, *, lane: str | None = "lane-0", job: str | None = "j1"
) -> bytes:
    return msgspec.json.encode({"type": tag, "job_id": job, "lane_id": lane, "payload": payload})


def done(level: str, heat: int | None) -> bytes:
    return line("round_done", {"heat": heat, "verdict": {"level": level}})


def test_starts_rounds_and_ends() -> None:
    progress = RunProgress([SPEC])
    died = {"category": "worker_died", "message": "gone", "remedy": "r", "detail": "Traceback"}
    lines = [
        line("round_start", {"heat": None, "started_ns": 1}),
        done("VALID", None),
        line("round_start", {"heat": 0, "started_ns": 5}),
        done("SUSPECT", 0),
        line("round_start", {"heat": 1, "started_ns": 9}),
        done("INVALID", 1),
        line("job_error", died, lane=None),
    ]
    noted = progress.feed(b"".join(line + b"\n" for line in lines))
    assert noted == Noted(starts=True, rounds=True, ends=True)
    assert progress.starts == {0: {"j1": 5}, 1: {"j1": 9}}
    assert (progress.begun, progress.finished) == ({"j1": 1}, {"j1": 1})
    assert progress.rounds == {("j1", "lane-0"): 2}
    end = End(
        type="job_error",
        category=Category.WORKER_DIED,
        message="gone",
        remedy="r",
        detail="Traceback",
    )
    assert progress.ends == {"j1": end}


def test_the_first_end_stays() -> None:
    progress = RunProgress([SPEC])
    progress.feed(line("job_done", {"metrics": {}}) + b"\n")
    progress.feed(line("job_error", {"category": "interrupted"}) + b"\n")
    assert progress.ends["j1"].type == "job_done"


def test_what_central_said_is_known_again_after_a_restart() -> None:
    progress = RunProgress([])
    for payload in ({"phase": "run_start"}, {"phase": "heat_start", "heat": 3}):
        progress.feed(line("run_lifecycle", payload, lane=None, job=None) + b"\n")
    assert progress.phases == {"run_start", "heat_start"}
    assert progress.spread == {(3, None)}


@pytest.mark.parametrize(
    "foreign",
    [
        line("llm_token", {"text": '"job_done"'}),
        line("compute_line", {"line": '{"type":"job_done","job_id":"j1"}'}),
        line("log", {"job_done": 1}),
        line("job_done", "no object"),
        line("run_lifecycle", {"phase": "run_end"}),
        line("round_done", {"heat": 0, "verdict": {"level": "VALID"}}, lane="lane-9"),
        line("round_done", {"heat": 0}, job=None),
        b'{"type":"job_done"',
        b"\xff\xfe",
    ],
)
def test_foreign_text_is_not_taken_for_an_event(foreign: bytes) -> None:
    progress = RunProgress([SPEC])
    progress.feed(foreign + b"\n")
    assert progress.ends == {}
    assert progress.phases == set()
    assert progress.rounds == {("j1", "lane-0"): 0}


def test_a_malformed_line_of_output_counts_nowhere_in_a_read() -> None:
    malformed = b'{"type":"progress","type":"job_done","job_id":"j1","lane_id":null,"payload":{}}\n'
    other = line("log", {}) + b"\n"
    for lines in (malformed + other, other + malformed):
        progress = RunProgress([SPEC])
        assert progress.feed(lines) == Noted()
        assert progress.ends == {}
