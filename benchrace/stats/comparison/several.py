"""Two to five runs side by side: each against the first, the baseline."""

from collections.abc import Sequence

import msgspec

from benchrace.run.document import RunDocument
from benchrace.stats.comparison.by_hand import choices
from benchrace.stats.comparison.compare import Comparison, compare

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


def compare_runs(runs: Sequence[RunDocument], match: Sequence[str] = ()) -> RunsComparison:
    """Compare runs with the first one; `match` has lanes to match by hand, see `by_hand`.

    Raises `InvalidInput` where a match names a lane that a run does not have.
    """
    first, *more = (
        compare(runs[0], run, chosen, name)
        for run, chosen, name in zip(runs[1:], choices(match, runs), NAMES[1:], strict=False)
    )
    return RunsComparison(**msgspec.structs.asdict(first), more=tuple(more))
