"""Two to five runs side by side: each against the first, the baseline."""

from collections.abc import Sequence

import msgspec

from benchrace.run.document import RunDocument
from benchrace.stats.comparison.by_hand import choices, lane_of
from benchrace.stats.comparison.compare import Comparison, compare
from benchrace.stats.comparison.matching import only

# What runs are called, the baseline first.
NAMES = "ABCDE"
MIN_RUNS, MAX_RUNS = 2, len(NAMES)


class RunsComparison(Comparison, frozen=True, kw_only=True):
    """Run `b` against the baseline `a`, and in `more` each further run against `a`, as its `b`."""

    more: tuple[Comparison, ...] = ()

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Return the comparison of each run after the baseline."""
        return (self, *self.more)


def split(text: str) -> tuple[str, str | None]:
    """Split what a side is called into run and lane, null for all lanes: `RUN` or `RUN:LANE`."""
    run, colon, lane = text.partition(":")
    return run, lane if colon else None


def compare_runs(
    runs: Sequence[RunDocument], match: Sequence[str] = (), lanes: Sequence[str | None] = ()
) -> RunsComparison:
    """Compare runs with the first one; `match` has lanes to match by hand, see `by_hand`.

    `lanes` names, for each run, the only lane that takes part; two such lanes meet. Raises
    `InvalidInput` where a name is not that of one lane.
    """
    names = lanes or [None] * len(runs)
    ids = [lane_of(*side) for side in zip(names, runs, NAMES.lower(), strict=False)]
    present = [only(run, lane) for run, lane in zip(runs, ids, strict=True)]
    chosen = choices(match, present)
    first, *more = (
        compare(
            runs[0],
            run,
            chosen={ids[0]: lane} if ids[0] and lane and not taken else taken,
            lanes=(ids[0], lane),
            name=name,
        )
        for run, lane, taken, name in zip(runs[1:], ids[1:], chosen, NAMES[1:], strict=False)
    )
    return RunsComparison(**msgspec.structs.asdict(first), more=tuple(more))
