"""What people see at the end of a run, and while it is on."""

import io
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console

from benchrace.cli.connect.run_events import Lines
from benchrace.cli.race import footnotes, live, table
from benchrace.cli.race import report as run_end
from benchrace.cli.race.plain import Plain
from benchrace.cli.race.report import exit_code
from benchrace.errors import Category, Failure
from benchrace.events import ComputeLine, JobError, LaneError, Level, Log, RoundDone, Verdict
from benchrace.events import payloads as p
from benchrace.events.measured import Measured, Reason
from benchrace.export.report import report
from benchrace.run.document import RunDocument, ranked
from benchrace.run.states import RunState
from benchrace.run.summary import Agreement, Knee, KneePoint
from benchrace.view.race import RaceView
from tests.export.conftest import HOSTILE, metadata
from tests.view.test_race import done, line, progress, start

Race = Callable[..., RunDocument]


def printed(renderable: object, width: int = 110, *, terminal: bool = False) -> str:
    out = io.StringIO()
    Console(file=out, width=width, force_terminal=terminal, highlight=False).print(renderable)
    return out.getvalue()


def placed(run: RunDocument, *numbers: int) -> RunDocument:
    assert run.standing is not None
    places = tuple(
        msgspec.structs.replace(place, place=number)
        for place, number in zip(run.standing.places, numbers, strict=True)
    )
    standing = msgspec.structs.replace(run.standing, places=places)
    return msgspec.structs.replace(run, standing=standing)


def test_each_lane_is_one_line_with_place_numbers_and_verdict(race: Race) -> None:
    run = placed(race(labels=("calm", "wild")), 1, 2)
    lines = printed(table.result_table(run, 100), 100).splitlines()
    assert lines[0].split("  ")[0].strip() == ""
    assert "Rate, 1/s" in lines[0]
    assert lines[1].startswith("1st  calm")
    assert lines[2].startswith("2nd  wild")
    assert "VALID" in lines[1]
    assert "SUSPECT" in lines[2]
    assert "–" in lines[1]
    assert "Rate = things / s" in lines
    assert all(len(line) <= 100 for line in lines)


def test_lanes_that_cannot_be_told_apart_share_a_place(race: Race) -> None:
    text = printed(table.result_table(placed(race(labels=("a", "b")), 1, 1), 110))
    assert text.count("=1st") == 2


def test_a_run_without_rounds_has_dashes(race: Race) -> None:
    run = race(empty=True, labels=("a", "b"))
    rows = printed(table.result_table(run, 110)).splitlines()[1:3]
    assert [row.split()[0] for row in rows] == ["-", "-"]


@pytest.mark.parametrize("width", [60, 80, 100, 110, 200])
def test_only_a_label_wraps(race: Race, width: int) -> None:
    run = race(labels=("segmented sieve · 1 thread", "segmented sieve · 2 threads"))
    lines = printed(table.result_table(run, width), width).splitlines()
    header = lines[0]
    assert "Rate, 1/s" in header
    assert "verdict" in header
    assert max(map(len, lines)) <= width


def test_columns_go_the_last_first_and_only_where_it_is_narrow() -> None:
    columns = [
        table.Column(title="place", cells=[]),
        table.Column(title="x" * 10, cells=[], optional=True),
        table.Column(title="y" * 10, cells=[], optional=True),
    ]
    titles = [
        [column.title[0] for column in table.fitting(columns, width)] for width in (29, 28, 16)
    ]
    assert titles == [["p", "x", "y"], ["p", "x"], ["p"]]


def test_hostile_text_is_only_text(race: Race) -> None:
    text = printed(table.result_table(race(), 110))
    assert "\x1b" not in text
    assert "<script>alert" in text
    assert "[a](https://evil.example)" in text.replace("\n", " ")
    assert "\x1b" not in printed(footnotes.heading(race()))


def test_the_notes_say_all_that_limits_the_numbers(race: Race) -> None:
    run = msgspec.structs.replace(
        race(labels=("calm", "wild")),
        staggered=True,
        failure=Failure(category=Category.SYSTEM, message="it broke.", remedy="Mend it."),
    )
    notes = list(footnotes.notes(run))
    assert "wild: the processor was throttled (hot)" in notes
    assert any(note.startswith("wild: 1 of ") for note in notes)
    assert any(note.startswith("wild is noisy: its rounds vary by ") for note in notes)
    assert not any(note.startswith("calm is noisy") for note in notes)
    assert "skipped: absent: lanes[2].machine_id: it is lost" in notes
    assert any(note.startswith("staggered:") and "7 ms" in note for note in notes)
    assert "it broke. Mend it." in notes


def test_a_heading_names_what_all_lanes_share(race: Race) -> None:
    run = race(labels=("a", "b"))
    lanes = tuple(
        msgspec.structs.replace(lane, params={"n": 5, "t": number})
        for number, lane in enumerate(run.lanes)
    )
    words = footnotes.heading(msgspec.structs.replace(run, lanes=lanes))
    assert words == "k: n=5; 3 rounds after 1 warm-up round in each of 2 lanes, order abba"


def test_a_failure_that_lanes_share_is_printed_once(race: Race) -> None:
    failure = Failure(category=Category.WORKER_DIED, message="it died.", remedy="Start it again.")
    run = race(labels=("calm", "wild"))
    lanes = tuple(msgspec.structs.replace(lane, error=failure) for lane in run.lanes)
    shown = [
        text
        for text in footnotes.notes(msgspec.structs.replace(run, lanes=lanes, failure=failure))
        if "it died" in text
    ]
    assert shown == ["calm, wild: it died. Start it again."]


def test_tracebacks_are_printed_where_they_are_asked_for(race: Race) -> None:
    failure = Failure(
        category=Category.PLUGIN_ERROR,
        message="it broke.",
        remedy="Report it.",
        detail="at 1\n",
    )
    run = race(labels=("calm", "wild"))
    assert footnotes.tracebacks(run) == {}
    lanes = tuple(msgspec.structs.replace(lane, error=failure) for lane in run.lanes)
    broken = msgspec.structs.replace(run, lanes=lanes, failure=failure)
    assert footnotes.tracebacks(broken) == {"at 1\n": ["calm", "wild", "the run"]}
    out = io.StringIO()
    run_end.report(Console(file=out, width=110), broken, ("stored in", "here"), data_dir="d")
    assert f"traceback   benchrace runs show {run.run_id} --data-dir" in out.getvalue()


def test_lanes_that_are_tied_are_sorted_alike_in_every_table(race: Race) -> None:
    run = placed(race(labels=("slower", "faster")), 1, 1)
    assert run.standing is not None
    turned = msgspec.structs.replace(run.standing, places=run.standing.places[::-1])
    tied = msgspec.structs.replace(run, standing=turned)
    order = [lane.label for lane in ranked(tied)]
    assert order == [lane.label for lane in ranked(run)][::-1]
    result = next(grid for grid in report(tied).grids if grid.title.startswith("Rate"))
    assert [row[1] for row in result.rows] == order


def test_what_a_lane_lacks_stands_in_the_table_and_its_cause_once(race: Race) -> None:
    run = race(labels=("whole", "lossy"))
    cause = Failure(category=Category.UNREACHABLE, message="nobody answers", remedy="Start it.")
    whole, lossy = (msgspec.structs.replace(lane, missing=0, discarded=0) for lane in run.lanes)
    lossy = msgspec.structs.replace(lossy, counted=1, missing=4, error=cause)
    failure = Failure(
        category=cause.category,
        message=f"not every round counts: lossy has 1 of 5 rounds: {cause.message}",
        remedy=cause.remedy,
    )
    run = msgspec.structs.replace(run, lanes=(whole, lossy), failure=failure)
    text = printed(table.result_table(run, 200), 200)
    assert "1 of 5 " in text
    assert "lossy: 4 of 5 rounds did not finish" in text
    assert "not every round counts: lossy has 1 of 5 rounds" in text
    assert text.count("nobody answers") == 1


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
    lines = plainly(measured_round(0, 0), measured_round(0, 1), measured_round(0, 2))
    assert [line.split()[0] for line in lines] == ["warm-up", "round", "round"]
    assert "710 M/s, 2 s" in lines[1]
    assert "1/3" in lines[1]
    assert "2/3" in lines[2]


def test_a_plain_round_has_the_verdict_of_the_summary() -> None:
    (line,) = plainly(measured_round(0, 1, elapsed_ns=20_000))
    assert "SUSPECT: the timed part is under 100 µs" in line


def test_plain_lines_carry_failures_and_no_escapes() -> None:
    failure = Failure(category=Category.BAD_OUTPUT, message=HOSTILE, remedy="\x1b[2Jmend")
    reason = (Reason("hot", "\x1b[31mhot"),)
    lines = plainly(
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
    text = "\n".join(lines)
    assert len(lines) == 5
    assert "\x1b" not in text
    assert "SUSPECT: hot" in lines[0]
    assert "failed" in lines[1]
    assert "quiet" not in text


def test_what_was_printed_is_not_printed_in_full_again() -> None:
    shared = "not alone in memory: a, b, c and 36 more (it cannot unload)"
    log = p.LogPayload(level="warning", message="it is busy", source="s")
    verdict = Verdict(Level.SUSPECT, (Reason("memory_shared", shared), Reason("hot", "it was hot")))
    lines = plainly(
        line(Log, log, lane=1),
        measured_round(1, 1, verdict=verdict),
        line(Log, log, lane=1),
        measured_round(1, 2, verdict=verdict),
        measured_round(0, 1, verdict=verdict),
        line(Log, log, lane=0),
    )
    assert [line.partition("SUSPECT: ")[2] for line in lines[1:4]] == [
        f"{shared}; it was hot",
        "memory_shared; hot",
        "memory_shared; hot",
    ]
    assert [line.endswith("it is busy") for line in lines] == [True, *[False] * 3, True]


def test_what_limits_several_lanes_is_printed_once(race: Race) -> None:
    run = race(labels=("calm", "wild", "mild"))
    mark = Reason("memory_shared", "not alone in memory: x (it cannot unload)")
    lanes = tuple(
        msgspec.structs.replace(lane, marks=(mark,), counted=1, discarded=1, missing=1)
        for lane in run.lanes
    )
    printed_notes = list(footnotes.notes(msgspec.structs.replace(run, lanes=lanes)))
    (limit,) = [printed_note for printed_note in printed_notes if "memory_shared" in printed_note]
    assert limit.startswith("calm, wild, mild: not alone")
    assert sum("not count" in printed_note for printed_note in printed_notes) == 1


def test_a_log_that_begins_anew_is_not_said_twice() -> None:
    out = io.StringIO()
    plain = Plain(Console(file=out, width=110), metadata(("a", "b")))
    plain.feed(measured_round(0, 1))
    plain.restart()
    plain.feed(measured_round(0, 1) + measured_round(0, 2))
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["1/3", "2/3"]


def test_lines_may_come_in_any_pieces() -> None:
    whole = measured_round(0, 1) + measured_round(0, 2)
    pieces = [whole[at : at + 7] for at in range(0, len(whole), 7)]
    assert plainly(*pieces) == plainly(whole)
    assert Lines(whole).data == whole


@pytest.mark.parametrize("width", [80, 120])
def test_the_live_lanes_fit_their_terminal(width: int) -> None:
    race = RaceView(metadata(("segmented sieve · 1 thread", HOSTILE)))
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
    text = printed(table.result_table(run, 160), 160)
    assert "\x1b" not in text
    assert "1: 100 tok/s at 950 ms, 2: 198 tok/s at 1.10 s" in text
    assert "knee at concurrency 2" in text
    none = msgspec.structs.replace(knee, load=None, lane_id=None, reason="sweep beyond 2")
    assert "no knee: sweep beyond 2" in printed(
        table.result_table(msgspec.structs.replace(run, knees=(none,)), 160), 160
    )


def test_agreement_has_a_column_where_there_is_one(race: Race) -> None:
    run = race(labels=("a", "b"))
    assert "agrees" not in printed(table.result_table(run, 160), 160)
    agreements = (
        Agreement(share=None, reason="the best"),
        Agreement(with_="lane-0", share=0.97, n=3),
    )
    lanes = tuple(
        msgspec.structs.replace(lane, agreement=agreement)
        for lane, agreement in zip(run.lanes, agreements, strict=True)
    )
    text = printed(table.result_table(msgspec.structs.replace(run, lanes=lanes), 160), 160)
    assert "agrees" in text
    assert "97" in text


def test_remarks_are_said_and_what_ranks_comes_first(race: Race) -> None:
    run = race(labels=("a", "b"))
    assert run.standing is not None
    standing = msgspec.structs.replace(run.standing, metric="time")
    remark = Reason("tokenizers_differ", "tokens are not comparable")
    run = msgspec.structs.replace(run, standing=standing, remarks=(remark,))
    text = printed(table.result_table(run, 200), 200)
    assert "tokens are not comparable (tokenizers_differ)" in text
    heading = text.splitlines()[0]
    assert heading.index("Time") < heading.index("Rate")


def test_a_long_value_is_cut_in_the_heading(race: Race) -> None:
    run = race(labels=("a", "b"))
    lanes = tuple(msgspec.structs.replace(lane, params={"prompt": "x" * 500}) for lane in run.lanes)
    heading = footnotes.heading(msgspec.structs.replace(run, lanes=lanes))
    assert "prompt=xxx" in heading
    assert "..." in heading
    assert len(heading) < 300
