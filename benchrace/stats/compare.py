"""Two runs side by side: lanes that match, how their figures differ, and what else does."""

from collections.abc import Iterable
from typing import Any

import msgspec

from benchrace.kinds import Better, Estimator
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.run.summary import Agreement, MetricSummary
from benchrace.stats.difference import Difference, difference
from benchrace.stats.estimate import CONFIDENCE, Estimate
from benchrace.stats.identity import Differing, differing
from benchrace.stats.stamps import Stamped, stamps, tie
from benchrace.stats.student import quantile


class MetricPair(msgspec.Struct, frozen=True, kw_only=True):
    """One metric of two lanes; a side is null where its lane has no such metric.

    `difference` is b minus a. `better` names the side that is ahead, "a" or "b", and is null where
    the interval of the difference contains zero, or where there is none, or where the difference
    is no larger than the error of the machines' stamps.
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


class LanePair(msgspec.Struct, frozen=True, kw_only=True):
    """Two lanes that match; `matched_by` says by what.

    Each agreement is with a lane of its own run.
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


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Run `b` against run `a`; lanes without a partner are named by id."""

    a: str
    b: str
    lanes: tuple[LanePair, ...]
    only_a: tuple[str, ...]
    only_b: tuple[str, ...]


def compare(a: RunDocument, b: RunDocument) -> Comparison:
    """Match lanes by label with backend and parameters, then by less, each lane once."""
    left, right = list(a.lanes), list(b.lanes)
    pairs: list[LanePair] = []
    for matched_by, key in _KEYS:
        for lane in tuple(left):
            wanted = key(lane)
            partner = next((each for each in right if key(each) == wanted), None)
            if partner is not None:
                left.remove(lane)
                right.remove(partner)
                pairs.append(_pair(matched_by, (a, lane), (b, partner)))
    order = [lane.lane_id for lane in a.lanes]
    return Comparison(
        a=a.run_id,
        b=b.run_id,
        lanes=tuple(sorted(pairs, key=lambda each: order.index(each.a))),
        only_a=tuple(lane.lane_id for lane in left),
        only_b=tuple(lane.lane_id for lane in right),
    )


def _everything(lane: DocumentLane) -> Any:
    return lane.label, lane.machine_id, lane.backend, lane.params


def _label(lane: DocumentLane) -> Any:
    return lane.label


def _work(lane: DocumentLane) -> Any:
    return lane.backend, lane.params


_KEYS = (
    ("label, machine, backend and parameters", _everything),
    ("label", _label),
    ("backend and parameters", _work),
)


def _pair(
    matched_by: str, one: tuple[RunDocument, DocumentLane], other: tuple[RunDocument, DocumentLane]
) -> LanePair:
    a, b = one[1], other[1]
    names = dict.fromkeys((*a.summary, *b.summary))
    return LanePair(
        a=a.lane_id,
        b=b.lane_id,
        label_a=a.label,
        label_b=b.label,
        matched_by=matched_by,
        metrics=tuple(_metrics(names, one, other)),
        differing=differing(one, other),
        agreement_a=a.agreement,
        agreement_b=b.agreement,
    )


def _metrics(
    names: Iterable[str],
    one: tuple[RunDocument, DocumentLane],
    other: tuple[RunDocument, DocumentLane],
) -> Iterable[MetricPair]:
    a, b = one[1], other[1]
    errors = {**stamps(one[0].machines), **stamps(other[0].machines)}
    for name in names:
        first, second = a.summary.get(name), b.summary.get(name)
        known = first or second
        if known is None:
            continue
        apart = _difference(first, second)
        yield MetricPair(
            name=name,
            title=known.title,
            unit=known.unit,
            direction=known.better,
            headline=known.headline,
            a=first,
            b=second,
            difference=apart,
            better=_ahead(
                known,
                apart,
                tie(Stamped(a.machine_id, first), Stamped(b.machine_id, second), errors),
            ),
        )


def _difference(first: MetricSummary | None, second: MetricSummary | None) -> Difference:
    if first is None or second is None:
        return Difference(value=None, reason="one of the two does not measure it")
    if (first.unit, first.estimator) != (second.unit, second.estimator):
        return Difference(value=None, reason="the two are not measured in the same way")
    found = difference(_estimate(first), _estimate(second))
    if first.estimator is Estimator.COUNT and found.ci95 is not None:
        return msgspec.structs.replace(found, ci95=None, reason="a count has no spread")
    return found


def _ahead(metric: MetricSummary, apart: Difference, tie: float) -> str | None:
    if apart.value is None or not apart.excludes_zero or abs(apart.value) <= tie:
        return None
    return "b" if (apart.value > 0) is (metric.better is Better.HIGHER) else "a"


def _estimate(summary: MetricSummary) -> Estimate:
    """Take the standard error back out of the summary's t interval."""
    if summary.value is None or summary.ci95 is None or summary.n < 2:
        return Estimate(value=summary.value, n=summary.n)
    df = summary.n - 1
    # The low end may have been bounded at 0; the high end never is.
    half = summary.ci95[1] - summary.value
    error = half / quantile(0.5 + CONFIDENCE / 2, df)
    return Estimate(value=summary.value, error=error, df=df, n=summary.n)
