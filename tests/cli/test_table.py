"""What people see at the end of a run, and while it is on."""

import io
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console

from benchrace.cli import live, notes, table
from benchrace.cli.follow import exit_code
from benchrace.cli.plain import Plain
from benchrace.cli.run_events import Lines
from benchrace.errors import Category, Failure
from benchrace.events import ComputeLine, JobError, LaneError, Level, Log, RoundDone, Verdict
from benchrace.events import payloads as p
from benchrace.events.measured import Measured, Reason
from benchrace.run.document import RunDocument
from benchrace.run.race_view import RaceView
from benchrace.run.states import RunState
from benchrace.run.summary import Agreement, Knee, KneePoint
from tests.export.conftest import HOSTILE, metadata
from tests.run.test_race_view import done, line, progress, start

Race = Callable[..., RunDocument]


def printed(renderable: object, width: int = 110, *, terminal: bool = False) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=terminal, highlight=False).print(renderable)
    return out.getvalue()


def placed(run: RunDocument, *numbers: int) -> RunDocument:
    assert run.standing is not None
    places = tuple(
        msgspec.structs.replace(each, place=number)
        for each, number in zip(run.standing.places, numbers, strict=True)
    )
    standing = msgspec.structs.replace(run.standing, places=places)
    return msgspec.structs.replace(run, standing=standing)


def test_each_lane_is_one_line_with_place_numbers_and_verdict(race: Race) -> None:
    run = placed(race(labels=("calm", "wild")), 1, 2)
    lines = printed(table.final(run, 100), 100).splitlines()
    assert lines[0].split("  ")[0].strip() == ""
    assert "Rate, 1/s" in lines[0]
    assert lines[1].startswith("1st  calm")
    assert lines[2].startswith("2nd  wild")
    assert "VALID" in lines[1]
    assert "SUSPECT" in lines[2]
    assert " .. " in lines[1]
    assert "Rate = things / s" in lines
    assert all(len(each) <= 100 for each in lines)


def test_lanes_that_cannot_be_told_apart_share_a_place(race: Race) -> None:
    text = printed(table.final(placed(race(labels=("a", "b")), 1, 1), 110))
    assert text.count("=1st") == 2


def test_a_run_without_rounds_has_dashes(race: Race) -> None:
    run = race(empty=True, labels=("a", "b"))
    rows = printed(table.final(run, 110)).splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["-", "-"]


@pytest.mark.parametrize("width", [60, 80, 100, 110, 200])
def test_only_a_label_wraps(race: Race, width: int) -> None:
    run = race(labels=("segmented sieve, 1 thread", "segmented sieve, 2 threads"))
    lines = printed(table.final(run, width), width).splitlines()
    header = lines[0]
    assert "Rate, 1/s" in header
    assert "verdict" in header
    assert max(map(len, lines)) <= width


def test_columns_go_the_last_first_and_only_where_it_is_narrow() -> None:
    columns = [
        table.Column(title="place", cells=[]),
        table.Column(title="x" * 10, cells=[], may_go=True),
        table.Column(title="y" * 10, cells=[], may_go=True),
    ]
    titles = [[each.title[0] for each in table.fitting(columns, width)] for width in (29, 28, 16)]
    assert titles == [["p", "x", "y"], ["p", "x"], ["p"]]


def test_hostile_text_is_only_text(race: Race) -> None:
    text = printed(table.final(race(), 110))
    assert "\x1b" not in text
    assert "<script>alert" in text
    assert "[a](https://evil.example)" in text.replace("\n", " ")
    assert "\x1b" not in printed(notes.heading(race()))


def test_the_notes_say_all_that_limits_the_numbers(race: Race) -> None:
    run = msgspec.structs.replace(
        race(labels=("calm", "wild")),
        staggered=True,
        failure=Failure(category=Category.SYSTEM, message="it broke.", remedy="Mend it."),
    )
    said = list(notes.notes(run))
    assert "wild: the processor was throttled (hot)" in said
    assert "wild: 1 of its rounds did not count" in said
    assert any(each.startswith("wild is noisy: rate varies by ") for each in said)
    assert not any(each.startswith("calm is noisy") for each in said)
    assert "left out: absent: lanes[2].machine_id: it is lost" in said
    assert any(each.startswith("staggered:") and "7 ms" in each for each in said)
    assert "it broke. Mend it." in said


def test_a_heading_names_what_all_lanes_share(race: Race) -> None:
    run = race(labels=("a", "b"))
    lanes = tuple(
        msgspec.structs.replace(lane, params={"n": 5, "t": number})
        for number, lane in enumerate(run.lanes)
    )
    words = notes.heading(msgspec.structs.replace(run, lanes=lanes))
    assert words == "k: n=5; 3 rounds after 1 of warm-up in each of 2 lanes, order abba"


@pytest.mark.parametrize(
    ("state", "empty", "code"),
    [
        (RunState.DONE, False, 0),
        (RunState.DONE, True, 1),
        (RunState.FAILED, False, 1),
        (RunState.CANCELLED, False, 1),
        (RunState.INTERRUPTED, False, 1),
    ],
)
def test_only_a_run_with_every_lane_measured_is_a_success(
    race: Race, state: RunState, empty: bool, code: int
) -> None:
    assert exit_code(msgspec.structs.replace(race(empty=empty), state=state)) == code


def measured_round(lane: int, number: int, **other: object) -> bytes:
    payload = p.RoundDonePayload(
        warmup=number == 0,
        heat=None,
        elapsed_ns=2_000_000_000,
        record=None,
        measured=(Measured(metric="rate", value=7.1e8),),
        verdict=Verdict(),
        metrics_version=1,
    )
    return line(RoundDone, msgspec.structs.replace(payload, **other), 1, lane, number)


def plainly(*pieces: bytes) -> list[str]:
    out = io.StringIO()
    plain = Plain(Console(file=out, width=110, highlight=False), metadata(("calm", HOSTILE)))
    for piece in pieces:
        plain.feed(piece)
    return out.getvalue().splitlines()


def test_a_plain_round_says_its_number_and_its_headline() -> None:
    said = plainly(measured_round(0, 0), measured_round(0, 1), measured_round(0, 2))
    assert [each.split()[0] for each in said] == ["warm-up", "round", "round"]
    assert "710 M1/s, 2 s" in said[1]
    assert "1/3" in said[1]
    assert "2/3" in said[2]


def test_plain_lines_carry_failures_and_no_escapes() -> None:
    failure = Failure(category=Category.BAD_OUTPUT, message=HOSTILE, remedy="\x1b[2Jmend")
    reason = (Reason("hot", "\x1b[31mhot"),)
    said = plainly(
        measured_round(1, 1, verdict=Verdict(Level.SUSPECT, reason)),
        measured_round(1, 2, error=failure, verdict=Verdict(Level.INVALID)),
        line(LaneError, p.LaneErrorPayload(error=failure)),
        line(
            JobError,
            p.JobErrorPayload(category=Category.WORKER_DIED, message=HOSTILE, remedy="again"),
            lane=None,
        ),
        line(Log, p.LogPayload(level="warning", message=HOSTILE, source="s")),
        line(Log, p.LogPayload(level="info", message="quiet", source="s")),
        b"not json\n",
    )
    text = "\n".join(said)
    assert len(said) == 5
    assert "\x1b" not in text
    assert "SUSPECT: hot" in said[0]
    assert "failed" in said[1]
    assert "quiet" not in text


def test_a_log_that_begins_anew_is_not_said_twice() -> None:
    out = io.StringIO()
    plain = Plain(Console(file=out, width=110), metadata(("a", "b")))
    plain.feed(measured_round(0, 1))
    plain.restart()
    plain.feed(measured_round(0, 1) + measured_round(0, 2))
    assert [each.split()[1] for each in out.getvalue().splitlines()] == ["1/3", "2/3"]


def test_lines_may_come_in_any_pieces() -> None:
    whole = measured_round(0, 1) + measured_round(0, 2)
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    assert plainly(*pieces) == plainly(whole)
    assert Lines(whole).data == whole


@pytest.mark.parametrize("width", [80, 120])
def test_the_live_lanes_fit_their_terminal(width: int) -> None:
    race = RaceView(metadata(("segmented sieve, 1 thread", HOSTILE)))
    race.feed(start(0, 0, 0) + done(0, 0, 1) + start(0, 1, 1) + progress(0, 1, 2, 1.5))
    race.feed(line(ComputeLine, p.ComputeLinePayload(line="\x1b[31msaid\x07")))
    text = printed(live.draw(race.lanes, width), width)
    assert max(map(len, text.splitlines())) <= width
    assert "round 1" in text
    assert "0/3" in text
    assert "to go" in text
    assert "waiting" in text
    assert "  said" in text
    assert "\x1b" not in text


def test_the_last_frame_has_no_lines_of_text() -> None:
    race = RaceView(metadata(("a", "b")))
    race.feed(start(0, 1, 0) + line(ComputeLine, p.ComputeLinePayload(line="said")))
    assert "said" in printed(live.draw(race.lanes, 80))
    assert "said" not in printed(live.draw(race.lanes, 80, over=True))


def test_a_bar_shows_all_counted_rounds_of_a_lane_or_its_warm_up() -> None:
    race = RaceView(metadata(("a", "b")))
    race.feed(start(0, 0, 0) + progress(0, 1, 4, 1))
    assert live.done(race.lanes[0]) == 0.25
    race.feed(done(0, 0, 2) + start(0, 1, 2) + progress(0, 1, 2, 3))
    assert live.done(race.lanes[0]) == pytest.approx(0.5 / 3)
    assert live.done(race.lanes[0], adaptive=True) == 0.5
    for number in (1, 2, 3):
        race.feed(done(0, number, 4 + number))
    assert live.done(race.lanes[0]) == 1.0


def test_a_sweep_says_its_loads_and_its_knee(race: Race) -> None:
    points = tuple(
        KneePoint(lane_id=f"lane-{at}", load=load, throughput=tok_s, latency_ms=ms, power=1.0)
        for at, (load, tok_s, ms) in enumerate(((1.0, 100.0, 950.0), (2.0, 198.0, 1100.0)))
    )
    knee = Knee(
        machine_id="m\x1b[31m",
        backend="b",
        swept="concurrency",
        points=points,
        lane_id="lane-1",
        load=2.0,
    )
    run = msgspec.structs.replace(race(), knees=(knee,))
    text = printed(table.final(run, 160), 160)
    assert "\x1b" not in text
    assert "1: 100 tok/s at 950 ms, 2: 198 tok/s at 1100 ms" in text
    assert "knee at concurrency 2" in text
    none = msgspec.structs.replace(knee, load=None, lane_id=None, reason="sweep beyond 2")
    assert "no knee: sweep beyond 2" in printed(
        table.final(msgspec.structs.replace(run, knees=(none,)), 160), 160
    )


def test_agreement_has_a_column_where_there_is_one(race: Race) -> None:
    run = race(labels=("a", "b"))
    assert "agrees" not in printed(table.final(run, 160), 160)
    told = (Agreement(share=None, reason="the best"), Agreement(with_="lane-0", share=0.97, n=3))
    lanes = tuple(
        msgspec.structs.replace(lane, agreement=each)
        for lane, each in zip(run.lanes, told, strict=True)
    )
    text = printed(table.final(msgspec.structs.replace(run, lanes=lanes), 160), 160)
    assert "agrees" in text
    assert "97" in text


def test_remarks_are_said_and_what_ranks_comes_first(race: Race) -> None:
    run = race(labels=("a", "b"))
    assert run.standing is not None
    standing = msgspec.structs.replace(run.standing, metric="time")
    remark = Reason("tokenizers_differ", "tokens do not compare")
    run = msgspec.structs.replace(run, standing=standing, remarks=(remark,))
    text = printed(table.final(run, 200), 200)
    assert "tokens do not compare (tokenizers_differ)" in text
    heading = text.splitlines()[0]
    assert heading.index("Time") < heading.index("Rate")


def test_a_long_value_is_cut_in_the_heading(race: Race) -> None:
    run = race(labels=("a", "b"))
    lanes = tuple(msgspec.structs.replace(each, params={"prompt": "x" * 500}) for each in run.lanes)
    said = notes.heading(msgspec.structs.replace(run, lanes=lanes))
    assert "prompt=xxx" in said
    assert "..." in said
    assert len(said) < 300
