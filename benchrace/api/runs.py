"""Requests and answers about runs."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from benchrace.api.artifacts import ArtifactAnswer
from benchrace.run.card import CardShape, CardTheme
from benchrace.run.document import RunDocument
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.duration import Estimate
from benchrace.run.spec import Tags
from benchrace.run.states import RunState
from benchrace.stats.comparison.history import HistoryChange
from benchrace.store.index import Series


class Submitted(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str


class PlanAnswer(RunMetadata, frozen=True, kw_only=True):
    """A run as it would start, what it would be called, and how long it would take."""

    title: str
    estimate: Estimate


class RunPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; null takes it away."""

    name: Annotated[str, Meta(max_length=200)] | UnsetType | None = UNSET
    tags: Tags | UnsetType | None = UNSET
    notes: Annotated[str, Meta(max_length=20_000)] | UnsetType | None = UNSET
    pinned: bool | UnsetType = UNSET

    def changes(self) -> dict[str, Any]:
        """Return the fields to change with their new values."""
        fields = {"name": self.name, "tags": self.tags, "notes": self.notes, "pinned": self.pinned}
        changes = {name: value for name, value in fields.items() if value is not UNSET}
        return changes | ({"tags": ()} if changes.get("tags", ()) is None else {})


class CancelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a cancel; it may be left out."""

    reason: Annotated[str, Meta(max_length=500)] = "cancelled by a user"


class RunStateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    run_id: str
    state: RunState


class Deleted(msgspec.Struct, frozen=True, kw_only=True):
    deleted: str


class CompareQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The ids of two to five runs, the baseline `a` first, and lanes to match by hand.

    A run can be one of its lanes alone: `RUN:LANE`. Each `match` has a lane of `a`, then one of
    each further run: `lane-0=lane-1`. A lane is named by ID or label; `-` is for no lane, and an
    empty one is matched as without `match`.
    """

    a: str
    b: str
    c: str | None = None
    d: str | None = None
    e: str | None = None
    match: Annotated[tuple[str, ...], Meta(max_length=200)] = ()

    @property
    def runs(self) -> tuple[str, ...]:
        """Return the ids, without the gaps between them."""
        return tuple(filter(None, (self.a, self.b, self.c, self.d, self.e)))


class CardQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How a card looks."""

    shape: CardShape = CardShape.WIDE
    theme: CardTheme = CardTheme.LIGHT


class RunAnswer(RunDocument, frozen=True, kw_only=True):
    """`offset`, with `epoch`, says up to where the log is part of this, to read on from there.

    `title` is made of the lanes, for a run without a name.
    `queue_position` counts from 1 and is null for a run that does not wait. `artifacts` are the
    files of its rounds; `artifacts_left_out` counts those beyond the most of a run.
    """

    offset: int
    title: str = ""
    queue_position: int | None = None
    artifacts: tuple[ArtifactAnswer, ...] = ()
    artifacts_left_out: int = 0


class LaneHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A lane of a series: its value in each run, the newest last, null where it has none.

    `change` compares the newest value with the earlier ones.
    """

    label: str
    unit: str
    values: tuple[float | None, ...]
    change: HistoryChange


class SeriesAnswer(Series, frozen=True, kw_only=True):
    """A series of runs. `run_ids` are the runs whose values `lanes` have, the newest last.

    `leading` is the place in `lanes` of the one that leads the newest result, null without any.
    """

    run_ids: tuple[str, ...]
    lanes: tuple[LaneHistory, ...]
    leading: int | None


class SeriesList(msgspec.Struct, frozen=True, kw_only=True):
    """`next` is the `after` of the next page, null at the end."""

    series: tuple[SeriesAnswer, ...]
    next: str | None
