"""Two runs side by side: matching lanes, how their figures differ, and what else differs."""

from collections.abc import Iterable, Sequence

import msgspec

from benchrace.kinds import Better, Estimator
from benchrace.run.clients import machines_of
from benchrace.run.document import RunDocument
from benchrace.run.summary import Agreement, MetricSummary
from benchrace.stats.comparison.change import Change, Verdict, change
from benchrace.stats.comparison.difference import Difference, difference, lead
from benchrace.stats.comparison.identity import Differing, differing
from benchrace.stats.comparison.matching import AUTOMATIC, Chosen, match_lanes, only
from benchrace.stats.comparison.recorded import missing
from benchrace.stats.comparison.work import MIXED, Side, comparable, statement, work_differs
from benchrace.stats.energy.cover import same_cover
from benchrace.stats.estimate import recovered
from benchrace.stats.timing_error import Stamped, stamps, tie


class MetricPair(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of two lanes; a side is null where its lane has no such metric.

    `difference` is b minus a. `better` names the side that is ahead, "a" or "b". It is null if the
    interval of the difference contains zero or is missing, if the difference is within the error
    of the machines' stamps, if the two are not comparable, or if neither direction is better.
    `change` is the same in words, with a as the baseline.
    """

    name: str
    title: str
    unit: str
    direction: Better
    headline: bool
    a: MetricSummary | None
    b: MetricSummary | None
    difference: Difference
    better: str | None
    change: Change


class LanePair(msgspec.Struct, frozen=True, kw_only=True):
    """Two lanes that match; `matched_by` names the rule, "hand" where somebody chose them.

    Each agreement is with a lane of its own run. `work` says that the lanes had not the same to do,
    and what is not comparable for that reason, or that one run is simulated and the other is not;
    null otherwise. `headline` is the change of the first headline metric that compares. `missing_a`
    and `missing_b` say what a side does not have yet, so that it is not compared.
    """

    a: str
    b: str
    label_a: str
    label_b: str
    matched_by: str
    metrics: tuple[MetricPair, ...]
    differing: tuple[Differing, ...]
    agreement_a: Agreement | None = None
    agreement_b: Agreement | None = None
    missing_a: tuple[str, ...] = ()
    missing_b: tuple[str, ...] = ()
    work: str | None = None
    headline: str | None = None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Run `b` against run `a`; lanes without a partner are named by id."""

    a: str
    b: str
    lanes: tuple[LanePair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def compare(
    a: RunDocument,
    b: RunDocument,
    *,
    chosen: Chosen = AUTOMATIC,
    lanes: tuple[str | None, str | None] = (None, None),
    name: str = "B",
) -> Comparison:
    """Match lanes, the `chosen` ones first, and compare them; texts call run b `name`.

    `lanes` are the ids of the only lane of a side that takes part, null for all of them.
    """
    matching = match_lanes(only(a, lanes[0]), only(b, lanes[1]), chosen)
    return Comparison(
        a=a.run_id,
        b=b.run_id,
        lanes=tuple(
            _pair(match.rule, (a, match.a), (b, match.b), name) for match in matching.matches
        ),
        only_a=tuple(lane.lane_id for lane in matching.only_a),
        only_b=tuple(lane.lane_id for lane in matching.only_b),
    )


def _pair(matched_by: str, one: Side, other: Side, name: str) -> LanePair:
    a, b = one[1], other[1]
    different = differing(one, other)
    work = work_differs(one, other, different)
    mixed = one[0].simulated is not other[0].simulated
    metrics = tuple(_metrics(work, one, other, mixed=mixed))
    headlines = [pair.a or pair.b for pair in metrics if pair.headline]
    return LanePair(
        a=a.lane_id,
        b=b.lane_id,
        label_a=a.label,
        label_b=b.label,
        matched_by=matched_by,
        metrics=metrics,
        differing=different,
        agreement_a=a.agreement,
        agreement_b=b.agreement,
        missing_a=missing(*one),
        missing_b=missing(*other),
        work=MIXED
        if mixed
        else statement(work, [metric for metric in headlines if metric is not None]),
        headline=_headline(metrics, name, simulated=one[0].simulated and other[0].simulated),
    )


def _metrics(work: Sequence[str], one: Side, other: Side, *, mixed: bool) -> Iterable[MetricPair]:
    a, b = one[1], other[1]
    errors = {**stamps(one[0].machines), **stamps(other[0].machines)}
    for name in dict.fromkeys((*a.summary, *b.summary)):
        first, second = a.summary.get(name), b.summary.get(name)
        summary = first or second
        if summary is None:
            continue
        apart = _difference(first, second)
        same = not mixed and comparable(work, summary) and same_cover(name, one, other)
        error = tie(Stamped(machines_of(a), first), Stamped(machines_of(b), second), errors)
        ahead = _ahead((first, second), apart, error) if same else None
        yield MetricPair(
            name=name,
            title=summary.title,
            unit=summary.unit,
            direction=summary.better,
            headline=summary.headline,
            a=first,
            b=second,
            difference=apart,
            better=None if summary.better is Better.NONE else ahead,
            change=change(first, second, ahead=ahead, comparable=same, tie=error),
        )


def _headline(metrics: Sequence[MetricPair], name: str, *, simulated: bool) -> str | None:
    """Return what became of the first headline metric that compares: `B is 2.2x faster than A`."""
    text = _outcome(metrics, name)
    return f"Simulated: {text}" if simulated and text else text


def _outcome(metrics: Sequence[MetricPair], name: str) -> str | None:
    for pair in metrics:
        match pair.change.verdict:
            case _ if not pair.headline:
                continue
            case Verdict.NOT_COMPARABLE | Verdict.NOT_MEASURED:
                continue
            case Verdict.NO_CLEAR_CHANGE | Verdict.NEEDS_ROUNDS:
                return f"{pair.title}: {pair.change.text}"
            case Verdict.EQUAL:
                return f"{pair.title}: equal"
            case _:
                return f"{name} is {pair.change.text} than A"
    return None


def _difference(first: MetricSummary | None, second: MetricSummary | None) -> Difference:
    if first is None or second is None:
        return Difference(value=None, reason="one of the two does not measure it")
    if (first.unit, first.estimator) != (second.unit, second.estimator):
        return Difference(value=None, reason="the two are not measured in the same way")
    measured = difference(recovered(first), recovered(second))
    if first.estimator is Estimator.COUNT and measured.ci95 is not None:
        return msgspec.structs.replace(measured, ci95=None, reason="a count has no spread")
    return measured


def _ahead(
    pair: tuple[MetricSummary | None, MetricSummary | None], apart: Difference, tie: float
) -> str | None:
    first, second = pair
    if first is None or second is None or apart.value is None or not apart.excludes_zero:
        return None
    if lead(recovered(first), recovered(second)) <= tie:
        return None
    return "a" if (apart.value > 0) is (first.better is Better.LOWER) else "b"
