"""How long a central keeps finished runs."""

from typing import Annotated

import msgspec
from msgspec import Meta


class RetentionLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Finished runs are deleted that ended more than `days` ago, that are not among the newest
    `runs`, and, oldest first, until those that are left take at most `gib` GiB.

    Null sets no limit. Pinned runs, and runs that are used as baselines, are kept, and count
    toward no limit.
    """

    days: Annotated[float, Meta(gt=0, le=36500)] | None = None
    runs: Annotated[int, Meta(ge=1)] | None = None
    gib: Annotated[float, Meta(gt=0, le=1 << 30)] | None = None

    @property
    def any(self) -> bool:
        """Check whether there is a limit."""
        return (self.days, self.runs, self.gib) != (None, None, None)
