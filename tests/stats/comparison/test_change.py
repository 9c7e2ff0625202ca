"""What a comparison says: faster, slower, or nothing, and whether the work was the same."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from benchrace.events import Measured
from benchrace.kinds import Better
from benchrace.run.document import RunDocument, document
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import MetricSummary
from benchrace.run.text_identity import TextIdentity
from benchrace.stats import Fold
from benchrace.stats.comparison.change import Change, Verdict, change
from benchrace.stats.comparison.compare import LanePair, compare
from benchrace.stats.estimate import estimated
from tests.stats.conftest import FOUND, RATE, TIME, rate

Documents = Callable[..., RunDocument]
STEADY = (100, 100.5, 99.5, 100.2, 99.8)


@pytest.fixture
def documents(run: Callable[..., RunMetadata], script: Any) -> Documents:
    """A run of one lane whose rounds take these times, by default for the same work."""

    def make(factor: float = 1.0, n: int = 1000, work: tuple[str, ...] = ("n",)) -> RunDocument:
        metadata = run(lanes=1, metrics=[RATE, msgspec.structs.replace(TIME, headline=True), FOUND])
        schema = {"properties": {"n": {"title": "N"}}}
        described = {
            name: msgspec.structs.replace(workload, work=work, params_schema=schema)
            for name, workload in metadata.workloads.items()
        }
        lane = msgspec.structs.replace(metadata.lanes[0], params={"n": n})
        metadata = msgspec.structs.replace(metadata, workloads=described, lanes=(lane,))
        fold = Fold(metadata)
        for number, value in enumerate(STEADY):
            ms = value * factor * n / 1000
            fold.feed(
                script.done(
                    0,
                    number,
                    rate(n, ms),
                    Measured(metric="time", value=ms),
                    Measured(metric="found", value=n // 10),
                )
            )
        return document(metadata, fold.summary())

    return make


def pair_of(a: RunDocument, b: RunDocument) -> LanePair:
    (pair,) = compare(a, b).lanes
    return pair


def changes(pair: LanePair) -> dict[str, Change]:
    return {metric.name: metric.change for metric in pair.metrics}


def test_the_baseline_is_what_b_is_held_against(documents: Documents) -> None:
    pair = pair_of(documents(), documents(0.5))
    assert pair.work is None
    assert pair.headline == "B is 2.0x faster than A"
    faster = changes(pair)
    assert [faster[name].text for name in ("rate", "time", "found")] == [
        "2.0x faster",
        "2.0x faster",
        "equal",
    ]
    assert faster["time"].verdict is Verdict.FASTER
    assert faster["time"].ratio is not None
    assert faster["time"].ratio.value == pytest.approx(2)
    slower = changes(pair_of(documents(0.5), documents()))
    assert (slower["rate"].verdict, slower["rate"].text) == (Verdict.SLOWER, "2.0x slower")
    assert slower["rate"].interval == "95 % interval 1.99 to 2.01x"


def test_a_small_change_is_a_percentage_and_a_doubtful_one_is_none(documents: Documents) -> None:
    small = changes(pair_of(documents(), documents(0.9)))["rate"]
    assert (small.text, small.interval) == ("11 % faster", "95 % interval 10 to 12 %")
    pair = pair_of(documents(), documents(1.0001))
    assert changes(pair)["rate"].text == "no clear change"
    assert pair.headline == "Rate: no clear change"


def test_work_that_differs_is_said_and_only_rates_compare(documents: Documents) -> None:
    pair = pair_of(documents(), documents(0.5, n=100))
    assert pair.work == "N differs: time is not comparable"
    assert [metric.better for metric in pair.metrics] == ["b", None, None, None]
    verdicts = {name: one.verdict for name, one in changes(pair).items()}
    assert verdicts == {
        "rate": Verdict.FASTER,
        "time": Verdict.NOT_COMPARABLE,
        "found": Verdict.NOT_COMPARABLE,
        "energy_j": Verdict.NOT_MEASURED,
    }
    assert changes(pair)["time"].ratio is None
    assert pair.headline == "B is 2.0x faster than A"


def test_another_prompt_is_other_work_and_another_parameter_is_not(documents: Documents) -> None:
    def prompted(digest: str, **params: Any) -> RunDocument:
        run = documents()
        text = TextIdentity(
            engines=(), cache=(), timing_source=(), prompt_digest=(digest,), simulated=False
        )
        lane = msgspec.structs.replace(run.lanes[0], text=text)
        lane = msgspec.structs.replace(lane, params={**lane.params, **params})
        return msgspec.structs.replace(run, lanes=(lane,))

    assert pair_of(prompted("a"), prompted("a", overrides=[1])).work is None
    assert (
        pair_of(prompted("a"), prompted("b")).work == "The prompt differs: time is not comparable"
    )


def test_a_parameter_that_is_no_work_leaves_all_comparable(documents: Documents) -> None:
    pair = pair_of(documents(work=()), documents(n=100, work=()))
    assert pair.work is None
    assert changes(pair)["time"].verdict is Verdict.FASTER


def summary(*values: float) -> MetricSummary:
    return estimated(TIME, [Measured(metric="time", value=value) for value in values]).summary


def test_what_cannot_be_said(documents: Documents) -> None:
    def verdict(a: MetricSummary | None, b: MetricSummary | None) -> Verdict:
        return change(a, b, ahead=None, comparable=True).verdict

    assert verdict(None, summary(1, 2)) is Verdict.NOT_MEASURED
    assert verdict(summary(1, 2), summary()) is Verdict.NOT_MEASURED
    assert verdict(summary(1), summary(2, 2.1)) is Verdict.NEEDS_ROUNDS
    other = msgspec.structs.replace(summary(1, 2), unit="s")
    assert verdict(summary(1, 2), other) is Verdict.NOT_COMPARABLE


def test_whether_it_is_worse_needs_no_words() -> None:
    def outcome(
        a: MetricSummary | None, b: MetricSummary | None, ahead: str | None = None
    ) -> Change:
        return change(a, b, ahead=ahead, comparable=True)

    slow, quick = summary(20, 20.1, 19.9), summary(10, 10.1, 9.9)
    assert outcome(quick, slow, "a").worse is True
    assert outcome(slow, quick, "b").worse is False
    close = outcome(summary(10, 10.2, 9.8), summary(10.1, 10.3, 9.9))
    assert (close.worse, close.reason) == (False, None)
    assert close.more_rounds is not None
    assert close.more_rounds > 1
    varied = summary(1, 1000, 10)
    for wild in (outcome(varied, quick), outcome(quick, varied)):
        assert (wild.worse, wild.reason) == (None, "the rounds vary too much for an interval")
    assert outcome(summary(1), quick).reason == "one round has no spread and no interval"
    assert outcome(None, quick).reason == "the baseline does not measure it"
    assert outcome(quick, summary()).reason == "the new run has no value: no counted round"
    neither = msgspec.structs.replace(quick, better=Better.NONE)
    other = msgspec.structs.replace(slow, better=Better.NONE)
    assert outcome(neither, other, "b").worse is None
    assert "neither direction" in (outcome(neither, other, "b").reason or "")


def test_exact_counts_are_higher_or_lower() -> None:
    def count(value: float) -> MetricSummary:
        return estimated(FOUND, [Measured(metric="found", value=value)] * 3).summary

    up = change(count(10), count(20), ahead=None, comparable=True)
    assert (up.verdict, up.interval) == (Verdict.HIGHER, None)
    assert up.ratio is not None
    assert (up.ratio.value, up.ratio.reason) == (2, "counts are exact")
    assert up.worse is False
    down = change(count(20), count(10), ahead=None, comparable=True)
    assert (down.verdict, down.worse) == (Verdict.LOWER, True)
    assert change(count(20), count(20), ahead=None, comparable=True).worse is False


def test_what_has_no_better_direction_ranks_nobody() -> None:
    def count(value: float) -> MetricSummary:
        metric = msgspec.structs.replace(FOUND, better=Better.NONE)
        return estimated(metric, [Measured(metric="found", value=value)] * 3).summary

    more = change(count(10), count(20), ahead=None, comparable=True)
    assert (more.verdict, more.ratio) == (Verdict.HIGHER, None)
    sample = msgspec.structs.replace(summary(10, 11), better=Better.NONE)
    other = msgspec.structs.replace(summary(20, 21), better=Better.NONE)
    apart = change(sample, other, ahead="b", comparable=True)
    assert (apart.verdict, apart.text, apart.ratio) == (Verdict.HIGHER, "2.0x higher", None)
    assert change(other, sample, ahead="a", comparable=True).verdict is Verdict.LOWER


def test_such_a_metric_names_no_better_side(
    run: Callable[..., RunMetadata], rounds: Callable[..., bytes]
) -> None:
    plain = msgspec.structs.replace(TIME, name="rate", better=Better.NONE)

    def of(seconds: float) -> RunDocument:
        metadata = run(lanes=1, metrics=[plain])
        fold = Fold(metadata)
        fold.feed(rounds(0, *((100, seconds * (1 + number / 100)) for number in range(5))))
        return document(metadata, fold.summary())

    metric = next(one for one in pair_of(of(1), of(2)).metrics if one.name == plain.name)
    assert (metric.better, metric.change.verdict) == (None, Verdict.LOWER)
