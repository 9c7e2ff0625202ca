"""Which lane of a run meets which lane of its baseline: as chosen by hand, then by rules."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import msgspec

from benchrace.run.clients import key_of
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.stats.comparison.identity import plain

# By lane of the baseline: the lane that it meets, or None where it meets none.
Chosen: TypeAlias = Mapping[str, str | None]
BY_HAND = "hand"
AUTOMATIC: Chosen = MappingProxyType({})


class Match(msgspec.Struct, frozen=True):
    """Two lanes, and the rule by which they match."""

    rule: str
    a: DocumentLane
    b: DocumentLane


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """The lanes that match, in the order of the baseline, and what is left of both runs."""

    matches: tuple[Match, ...]
    only_a: tuple[DocumentLane, ...]
    only_b: tuple[DocumentLane, ...]


def match_lanes(a: RunDocument, b: RunDocument, chosen: Chosen = AUTOMATIC) -> Matching:
    """Match the chosen lanes, then by label with backend and parameters, then by less."""
    left = {lane.lane_id: lane for lane in a.lanes}
    right = {lane.lane_id: lane for lane in b.lanes}
    matches: list[Match] = []
    unmatched: list[DocumentLane] = []
    for one, other in chosen.items():
        if other is None:
            unmatched.append(left.pop(one))
        else:
            matches.append(Match(BY_HAND, left.pop(one), right.pop(other)))
    for rule, key in _KEYS:
        for lane in tuple(left.values()):
            wanted = key(lane)
            partner = next((lane for lane in right.values() if key(lane) == wanted), None)
            if partner is not None:
                matches.append(Match(rule, left.pop(lane.lane_id), right.pop(partner.lane_id)))
    order = [lane.lane_id for lane in a.lanes]
    return Matching(
        matches=tuple(sorted(matches, key=lambda match: order.index(match.a.lane_id))),
        only_a=tuple(
            sorted((*left.values(), *unmatched), key=lambda lane: order.index(lane.lane_id))
        ),
        only_b=tuple(right.values()),
    )


def only(run: RunDocument, lane_id: str | None) -> RunDocument:
    """Return a run with one of its lanes alone, or as it is."""
    if lane_id is None:
        return run
    lanes = tuple(lane for lane in run.lanes if lane.lane_id == lane_id)
    return msgspec.structs.replace(run, lanes=lanes)


def _everything(lane: DocumentLane) -> Any:
    return lane.label, key_of(lane), lane.backend, plain(lane.params)


def _label(lane: DocumentLane) -> Any:
    return lane.label


def _place(lane: DocumentLane) -> Any:
    return key_of(lane), lane.backend, plain(lane.params)


def _work(lane: DocumentLane) -> Any:
    return lane.backend, plain(lane.params)


_KEYS = (
    ("label, machine, backend and parameters", _everything),
    ("label", _label),
    # Automatic labels depend on the other lanes of a run, and on the version that made them.
    ("machine, backend and parameters", _place),
    ("backend and parameters", _work),
)
