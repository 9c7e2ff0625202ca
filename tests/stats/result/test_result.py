from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest

from benchrace.events import Level, Measured, Reason, RunLifecycle
from benchrace.events.payloads import RunLifecyclePayload, RunPhase, StandingPayload
from benchrace.kinds import Better, Metric
from benchrace.run.metadata import MachineHost, RunMetadata
from benchrace.run.result import ConfidenceLevel, Result
from benchrace.run.states import RunState
from benchrace.run.summary import RunSummary
from benchrace.stats import Fold
from benchrace.stats.result.result import result
from tests.stats.conftest import FOUND, RATE, TIME, rate

Run = Callable[..., RunMetadata]
Rounds = Callable[..., bytes]
Race = Callable[..., RunSummary]

STEADY: tuple[float, ...] = (100, 100.5, 99.5, 100.2, 99.8)
NOISY = (100, 121, 89, 100.5, 99.7)
RISING = (121, 160, 180, 195, 204)


def times(factor: float, values: Sequence[float] = STEADY) -> tuple[float, ...]:
    return tuple(factor * value for value in values)


@pytest.fixture
def race(run: Run, rounds: Rounds, script: Any) -> Race:
    """Runs lanes with these rates to their end; other arguments are the run's."""

    def summarise(*lanes: Sequence[float], over: bool = True, **how: Any) -> RunSummary:
        changed = {name: how.pop(name) for name in ("hosts", "machines", "state") if name in how}
        level = how.pop("level", Level.VALID)
        metadata = msgspec.structs.replace(run(lanes=len(lanes), **how), **changed)
        fold = Fold(metadata)
        for number, values in enumerate(lanes):
            pairs = [(value, 1) for value in values]
            fold.feed(rounds(number, *pairs, level=level if number == 0 else Level.VALID))
        if over:
            end = RunLifecyclePayload(phase=RunPhase.RUN_END, state=RunState.DONE)
            fold.feed(script.event(RunLifecycle, end))
        return fold.summary()

    return summarise


def of(summary: RunSummary) -> Result:
    assert summary.result is not None
    return summary.result


def of_standing(summary: RunSummary) -> StandingPayload:
    assert summary.standing is not None
    return summary.standing


def rounded(value: Any) -> Any:
    """Numbers to nine digits: an error that is recovered from an interval is less exact."""
    match msgspec.to_builtins(value):
        case float(number):
            return float(f"{number:.9g}")
        case dict(fields):
            return {name: rounded(part) for name, part in fields.items()}
        case list(parts) | tuple(parts):
            return [rounded(part) for part in parts]
        case other:
            return other


def codes(outcome: Result) -> list[str]:
    return [reason.code for reason in outcome.confidence.reasons]


def test_a_clear_winner(race: Race) -> None:
    outcome = of(race(times(0.45), STEADY))
    assert (outcome.leader, outcome.runner_up, outcome.winner) == ("lane-1", "lane-0", "lane-1")
    assert (outcome.headline, outcome.margin) == ("Lane 1 wins", "2.2x faster")
    assert outcome.interval == "95 % interval 2.21 to 2.23x"
    assert outcome.detail == "Rate: 100 against 45 1/s"
    assert not outcome.tied
    assert outcome.more_rounds is None
    assert outcome.confidence.level is ConfidenceLevel.HIGH
    assert outcome.confidence.text == "Confidence: high."
    best, other = outcome.lanes
    assert (best.lane_id, best.place, best.share, best.ratio) == ("lane-1", 1, 1.0, None)
    assert best.rounds == STEADY
    assert other.place == 2
    assert other.share == pytest.approx(0.45)
    assert outcome.ratio == other.ratio
    assert outcome.ratio is not None
    assert outcome.ratio.value == pytest.approx(1 / 0.45)


def test_a_metric_s_phrase_ends_the_detail(race: Race) -> None:
    metric = msgspec.structs.replace(RATE, phrase="tokens per second while decoding")
    outcome = of(race(times(1.72), times(0.772), metrics=[metric]))
    assert outcome.detail == "172 against 77.2 tokens per second while decoding"


def test_before_the_end_the_first_lane_leads(race: Race) -> None:
    assert of(race(STEADY, times(0.5), over=False)).headline == "Lane 0 leads so far"


@pytest.mark.parametrize("over", [True, False])
def test_every_headline_before_the_end_says_so(race: Race, over: bool) -> None:
    tied = of(race(NOISY, times(0.9, NOISY), over=over)).headline
    only = of(race(STEADY, (), over=over)).headline
    assert tied == "Too close to call" + ("" if over else " so far")
    assert only == "Only Lane 0 has a result" + ("" if over else " so far")
    alone = of(race(STEADY, over=over)).headline
    assert alone == "100/s" + ("" if over else " so far")


def test_a_tie_says_how_many_rounds_would_end_it(race: Race) -> None:
    summary = race(NOISY, times(0.9, NOISY))
    outcome = of(summary)
    assert summary.winner is None
    assert (outcome.winner, outcome.margin) == (None, None)
    assert outcome.tied == ("lane-0", "lane-1")
    assert outcome.headline == "Too close to call"
    assert outcome.detail == "Lane 0 is ahead by 11 %, but the intervals overlap"
    assert outcome.more_rounds is not None
    assert 5 <= outcome.more_rounds <= 40
    assert outcome.confidence.level is ConfidenceLevel.LOW
    assert codes(outcome) == ["overlap", "noisy"]
    assert outcome.confidence.text == (
        "Confidence: low. The intervals overlap. Rounds vary by 11 %."
    )


def test_ties_of_three_name_all_of_them(race: Race) -> None:
    outcome = of(race(NOISY, times(0.95, NOISY), times(0.97, NOISY), times(0.2)))
    assert outcome.tied == ("lane-0", "lane-2", "lane-1")
    assert outcome.detail == ("Lane 0 is ahead by 3.1 %, but 3 lanes are too close to call")
    assert [lane.place for lane in outcome.lanes] == [1, 1, 1, 4]


def test_a_lane_that_may_be_as_good_is_tied_whatever_stands_between(race: Race) -> None:
    outcome = of(race(STEADY, times(0.9), (130, 85, 40)))
    assert [(lane.lane_id, lane.place) for lane in outcome.lanes] == [
        ("lane-0", 1),
        ("lane-1", 2),
        ("lane-2", 2),
    ]
    assert (outcome.headline, outcome.tied) == ("Too close to call", ("lane-0", "lane-2"))
    assert (outcome.leader, outcome.runner_up) == ("lane-0", "lane-2")
    assert outcome.detail == "Lane 0 is ahead of Lane 2 by 18 %, but the intervals overlap"
    assert codes(outcome)[0] == "overlap"


def test_equal_lanes_are_equal_and_more_rounds_do_not_help(race: Race) -> None:
    outcome = of(race(STEADY, STEADY))
    assert outcome.detail == "Lane 0 and Lane 1 are equal"
    assert (outcome.more_rounds, codes(outcome)) == (None, ["equal"])


def test_lower_can_be_better(run: Run, script: Any) -> None:
    fold = Fold(run(metrics=[TIME]))
    for number, value in enumerate((10, 10.1, 9.9, 10.05, 9.95)):
        fold.feed(script.done(0, number, Measured(metric="time", value=value * 4)))
        fold.feed(script.done(1, number, Measured(metric="time", value=value)))
    outcome = of(fold.summary())
    assert outcome.leader == "lane-1"
    assert (outcome.margin, outcome.detail) == ("4.0x faster", "Time: 10 ms against 40 ms")
    assert [lane.share for lane in outcome.lanes] == [1.0, pytest.approx(0.25)]


def test_exact_counts_have_no_interval_and_no_more_rounds(run: Run, script: Any) -> None:
    fold = Fold(run(lanes=3, metrics=[FOUND]))
    for number in range(5):
        for lane, value in enumerate((50847534, 78498, 50847534)):
            fold.feed(script.done(lane, number, Measured(metric="found", value=value)))
    outcome = of(fold.summary())
    assert (outcome.headline, outcome.more_rounds) == ("Too close to call so far", None)
    assert codes(outcome) == ["equal", "exact"]
    last = outcome.lanes[-1].ratio
    assert last is not None
    assert (last.ci95, last.reason) == (None, "counts are exact")


def test_one_round_has_a_leader_and_no_winner(race: Race) -> None:
    outcome = of(race((100,), (50,)))
    assert (outcome.headline, outcome.margin) == ("Lane 0 is ahead", "2.0x faster")
    assert outcome.detail == "Rate: 100 against 50 1/s. An interval needs at least two rounds"
    assert outcome.ratio is not None
    assert (outcome.ratio.ci95, outcome.interval) == (None, None)
    assert outcome.confidence.text == "Confidence: low. Only 1 round counted."


def test_one_lane_and_one_lane_with_a_value(race: Race) -> None:
    alone = of(race(STEADY))
    assert (alone.headline, alone.runner_up, alone.ratio) == ("100/s", None, None)
    assert (alone.margin, alone.interval) == (None, "95 % interval 99.5–100/s")
    assert alone.detail == "Rate of the only lane, Lane 0"
    assert of(race((100,))).interval is None
    assert alone.confidence.level is ConfidenceLevel.HIGH
    left = of(race(STEADY, ()))
    assert left.headline == "Only Lane 0 has a result"
    assert (left.confidence.level, codes(left)) == (ConfidenceLevel.LOW, ["no_runner_up"])
    assert [(lane.place, lane.value, lane.share) for lane in left.lanes] == [
        (1, pytest.approx(100), 1.0),
        (None, None, None),
    ]


def test_a_lane_whose_other_lacks_the_metric_is_not_the_only_one(race: Race, run: Run) -> None:
    summary = race(STEADY, STEADY)
    left, right = summary.lanes
    standing = msgspec.structs.replace(
        of_standing(summary), places=(of_standing(summary).places[0],)
    )
    bare = msgspec.structs.replace(
        summary,
        lanes=(left, msgspec.structs.replace(right, summary={})),
        standing=standing,
        winner_reason="no other lane has a value",
    )
    outcome = result(run(), bare, over=True)
    assert outcome is not None
    assert outcome.headline == "Only Lane 0 has a result"
    assert (outcome.runner_up, outcome.interval) == (None, None)
    assert outcome.detail == "Rate: 100 1/s"


def test_nothing_ranked_is_no_result(race: Race) -> None:
    assert race((), ()).result is None
    assert race(STEADY, STEADY, metrics=[]).result is None


def test_a_suspect_leader_is_no_winner_and_the_result_says_why(race: Race) -> None:
    summary = race(STEADY, times(0.5), level=Level.SUSPECT)
    outcome = of(summary)
    assert outcome.headline == "Lane 0 is ahead"
    assert outcome.detail == "Rate: 100 against 50 1/s"
    assert outcome.confidence.reasons == (Reason("why", "Lane 0 is SUSPECT: because SUSPECT"),)
    assert outcome.confidence.level is ConfidenceLevel.LOW


def test_a_mark_is_named_once_with_the_number_of_its_rounds(run: Run, script: Any) -> None:
    fold = Fold(run())
    for number, value in enumerate(STEADY):
        level = Level.SUSPECT if number < 2 else Level.VALID
        for lane in (0, 1):
            fold.feed(script.done(lane, number, rate(value / (lane + 1), 1), level=level))
    reasons = of(fold.summary()).confidence.reasons
    assert [reason.text for reason in reasons] == [
        "Lane 0 is SUSPECT in 2 of 5 rounds: because SUSPECT",
        "Lane 1 is SUSPECT in 2 of 5 rounds: because SUSPECT",
    ]


def test_causes_of_one_code_are_named_apart_and_in_the_order_of_the_rounds(
    run: Run, script: Any
) -> None:
    fold = Fold(run())
    power, heat = "GPU 0 was throttled: power", "the processor was throttled: heat"
    other = "GPU 1 was throttled: power"
    texts = ["late by 3.2 ms", heat, power, "late by 4 ms", power, other, power]
    for number, text in enumerate(texts):
        reason = Reason("late" if "late" in text else "throttled", text)
        value = rate(100 + number / 10, 1)
        fold.feed(script.done(0, number, value, level=Level.SUSPECT, reasons=(reason,)))
        fold.feed(script.done(1, number, rate(50 + number / 10, 1)))
    assert [reason.text for reason in of(fold.summary()).confidence.reasons] == [
        "Lane 0 is SUSPECT in 2 of 7 rounds: late by 3.2 ms",
        f"Lane 0 is SUSPECT in 1 of 7 rounds: {heat}",
        f"Lane 0 is SUSPECT in 3 of 7 rounds: {power}",
        f"Lane 0 is SUSPECT in 1 of 7 rounds: {other}",
    ]


def test_drift_and_spread_lower_the_confidence(race: Race) -> None:
    outcome = of(race(RISING, times(0.3)))
    assert outcome.winner == "lane-0"
    assert outcome.confidence.level is ConfidenceLevel.MEDIUM
    assert codes(outcome) == ["noisy", "trend"]
    assert outcome.confidence.text == (
        "Confidence: medium. Rounds vary by 19 %. "
        "Lane 0 still speeds up from round 1 to 5, by 54 %."
    )
    assert [lane.noisy for lane in outcome.lanes] == [True, False]
    falling = of(race(RISING[::-1], times(0.3)))
    assert "Lane 0 slows down from round 1 to 5, by 35 %" in falling.confidence.text


def test_few_rounds_lower_the_confidence(race: Race) -> None:
    levels = [of(race(STEADY[:n], times(0.5)[:n])).confidence.level for n in (2, 3, 5)]
    assert levels == [ConfidenceLevel.LOW, ConfidenceLevel.MEDIUM, ConfidenceLevel.HIGH]


def cut_short(run: Run, script: Any, *counted: int) -> Result:
    """Return the result of lanes that counted so many of 5 rounds, the first lane the fastest."""
    fold = Fold(run(len(counted), [TIME]))
    for number, rounds in enumerate(counted):
        for at in range(5):
            value = Measured(metric="time", value=10.0 + 10 * number + at / 100)
            level = Level.VALID if at < rounds else Level.INVALID
            fold.feed(script.done(number, at, value, level=level))
    return of(fold.summary())


def test_missing_rounds_are_said_once(run: Run, script: Any) -> None:
    alike = cut_short(run, script, 1, 1)
    assert alike.headline == "Lane 0 is ahead so far"
    assert "rounds" not in alike.detail
    assert alike.confidence.text == "Confidence: low. Only 1 of 5 rounds counted."
    assert codes(alike) == ["missing_rounds"]
    apart = cut_short(run, script, 4, 2)
    assert apart.confidence.text == (
        "Confidence: low. Lane 0 has 4 of 5 rounds. Lane 1 has 2 of 5 rounds."
    )
    behind = cut_short(run, script, 5, 4)
    assert behind.confidence.level is ConfidenceLevel.MEDIUM
    assert behind.confidence.text.endswith("medium. Lane 1 has 4 of 5 rounds.")
    lost = cut_short(run, script, 5, 2)
    assert lost.confidence.level is ConfidenceLevel.LOW


@pytest.mark.parametrize(("apart", "limits"), [(0.01, ["estimate"]), (0.001, [])])
def test_estimates_lower_the_confidence(
    run: Run, script: Any, apart: float, limits: list[str]
) -> None:
    fold = Fold(run(metrics=[TIME]))
    unknown = Reason("tokens_in_chunks", "the first chunk holds several tokens")
    for number, value in enumerate((10, 10.1, 9.9, 10.05, 9.95)):
        fold.feed(script.done(0, number, Measured(metric="time", value=value)))
        estimate = Measured(
            metric="time",
            value=value * 2.01,
            low=value * (2.01 - apart),
            high=value * (2.01 + apart),
            unknown=unknown,
        )
        fold.feed(script.done(1, number, estimate))
    outcome = of(fold.summary())
    assert codes(outcome) == limits
    text = "The value of Lane 1 is an estimate: the first chunk holds several tokens."
    assert outcome.confidence.text.endswith(text) is bool(limits)


def test_lanes_on_one_computer_say_so(race: Race) -> None:
    hosts = {name: MachineHost(host_id="h", share_host=True) for name in ("left", "right")}
    machines = {"left": {"label": "Tower"}}
    sides = ("left", "right")
    shared = race(STEADY, times(0.5), machine_ids=sides, hosts=hosts, machines=machines)
    text = "lanes shared one computer: Tower and right"
    assert shared.remarks == (Reason("shared_host", text),)
    assert codes(of(shared)) == ["shared_host"]
    assert of(shared).confidence.level is ConfidenceLevel.LOW
    assert [lane.host_id for lane in of(shared).lanes] == ["h", "h"]
    alone = race(STEADY, times(0.5), machine_ids=("left", "left"), hosts=hosts)
    assert (alone.remarks, codes(of(alone))) == ((), [])


def test_a_throttled_machine_lowers_the_confidence(race: Race) -> None:
    machines = {"m": {"environment": {"power": {"throttled": True}}}}
    outcome = of(race(STEADY, times(0.5), machines=machines))
    assert codes(outcome) == ["throttled"]
    assert "Machine m was throttled when the run began" in outcome.confidence.text


@pytest.mark.parametrize("facts", [None, [], {"environment": 3}, {"environment": {"power": []}}])
def test_foreign_capabilities_are_not_throttled(race: Race, facts: Any) -> None:
    assert codes(of(race(STEADY, times(0.5), machines={"m": facts}))) == []


def test_the_winner_s_interval_never_holds_equal_lanes(race: Race) -> None:
    for factor in (0.9, 0.95, 0.97, 0.98, 0.99, 0.995):
        summary = race(times(1, (100, 101, 99, 102, 98)), times(factor, (100, 99, 102, 98, 101)))
        interval = getattr(of(summary).ratio, "ci95", None)
        assert interval is not None
        assert (interval[0] > 1) is (summary.winner is not None)


def test_a_stored_summary_gives_the_same_result(race: Race, run: Run) -> None:
    summary = race(RISING, times(0.9), times(0.2))
    summary = msgspec.structs.replace(summary, run_id="2026-01-01_000000_000000")
    stored = msgspec.json.decode(msgspec.json.encode(summary), type=RunSummary)
    older = msgspec.structs.replace(stored, result=None)
    again = result(run(lanes=3), older, over=True)
    assert again is not None
    assert rounded(again) == rounded(of(summary))


def test_values_without_a_ratio_have_neither_share_nor_margin(run: Run, script: Any) -> None:
    metric = Metric(name="time", title="Loss", unit="", better=Better.LOWER)
    fold = Fold(run(metrics=[metric]))
    for number in range(5):
        fold.feed(script.done(0, number, Measured(metric="time", value=-1 + number / 100)))
        fold.feed(script.done(1, number, Measured(metric="time", value=1 + number / 100)))
    outcome = of(fold.summary())
    assert (outcome.headline, outcome.margin, outcome.ratio) == ("Lane 0 leads so far", None, None)
    assert outcome.lanes[1].share is None
