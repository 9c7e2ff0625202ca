"""Lanes that are chosen by hand: one of a run, and those that meet, the baseline's first."""

from collections.abc import Sequence

from benchrace.errors import FieldError, InvalidInput
from benchrace.formatting import listed
from benchrace.run.document import DocumentLane, RunDocument
from benchrace.stats.comparison.matching import Chosen

# A part of a match: no lane of that run; an empty part leaves it to the rules.
NO_LANE = "-"
_REMEDY = "Match lanes by ID or label, as in lane-0=lane-1; - stands for no lane."


def choices(texts: Sequence[str], runs: Sequence[RunDocument]) -> tuple[Chosen, ...]:
    """Read, for each run after the baseline, which of its lanes are chosen; raises `InvalidInput`.

    A text has a lane of the baseline, then one of each further run: `a=b=c`. Later ones may be
    left out.
    """
    chosen: list[dict[str, str | None]] = [{} for _ in runs[1:]]
    for number, text in enumerate(texts):
        try:
            _read(text, runs, chosen)
        except ValueError as error:
            raise InvalidInput(FieldError(f"match[{number}]", str(error)), _REMEDY) from error
    return tuple(chosen)


def lane_of(name: str | None, run: RunDocument, path: str) -> str | None:
    """Return the id of the lane with this ID or label; raises `InvalidInput`."""
    try:
        return None if name is None else _lane(name, run)
    except ValueError as error:
        raise InvalidInput(FieldError(path, str(error)), "Name a lane by ID or label.") from error


def _read(text: str, runs: Sequence[RunDocument], chosen: Sequence[dict[str, str | None]]) -> None:
    first, *others = (part.strip() for part in text.split("="))
    if not others or len(others) >= len(runs):
        many = "2 lanes" if len(runs) == 2 else f"2 to {len(runs)} lanes"
        raise ValueError(f"{text[:200]!r} does not have {many}; use IDs for labels with =")
    one = _lane(first, runs[0])
    for name, run, taken in zip(others, runs[1:], chosen, strict=False):
        if name == "":
            continue
        other = None if name == NO_LANE else _lane(name, run)
        if one in taken:
            raise ValueError(f"lane {one} of run {runs[0].run_id} is matched twice")
        if other is not None and other in taken.values():
            raise ValueError(f"lane {other} of run {run.run_id} is matched twice")
        taken[one] = other


def _lane(name: str, run: RunDocument) -> str:
    lanes = [lane for lane in run.lanes if lane.lane_id == name]
    lanes = lanes or [lane for lane in run.lanes if lane.label == name]
    if len(lanes) == 1:
        return lanes[0].lane_id
    what = f"{len(lanes)} lanes" if lanes else "no lane"
    present = listed([_named(lane) for lane in lanes or run.lanes]) or "none"
    raise ValueError(f"run {run.run_id} has {what} {name[:200]!r}; its lanes: {present}")


def _named(lane: DocumentLane) -> str:
    return f"{lane.lane_id} ({lane.label})"
