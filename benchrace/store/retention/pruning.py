"""Delete the stored runs that are over the limits."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from benchrace.config.retention import RetentionLimits
from benchrace.errors import BenchraceError, NotFound
from benchrace.store.retention.expired import ExpiredRun, StoredRun, expired
from benchrace.store.run_folder import RunFolder


class Pruning(msgspec.Struct, frozen=True, kw_only=True):
    """What limits mean for the stored runs. `expired` are the runs over them; `removed` says
    whether they are gone.

    `size` is that of all stored runs, in bytes. `pinned` and `baselines` count the runs that stay
    for that reason. `failed` says of runs why they could not be removed. `last_s` is when central
    applied the limits of `central.yaml` last, in wall seconds, null before the first time.
    """

    limits: RetentionLimits
    expired: tuple[ExpiredRun, ...]
    removed: bool
    runs: int
    size: int
    pinned: int
    baselines: int
    failed: tuple[str, ...] = ()
    last_s: float | None = None


def plan(
    runs: Sequence[StoredRun],
    limits: RetentionLimits,
    now_s: float,
    last_s: float | None = None,
) -> Pruning:
    """Return what limits would remove; pure."""
    return Pruning(
        limits=limits,
        expired=expired(runs, limits, now_s),
        removed=False,
        runs=len(runs),
        size=sum(run.size for run in runs),
        pinned=sum(run.protected == "pinned" for run in runs),
        baselines=sum(run.protected == "baseline" for run in runs),
        last_s=last_s,
    )


def carry_out(runs_dir: Path, planned: Pruning, forget: Callable[[str], None]) -> Pruning:
    """Delete what is planned, and return what is gone; `forget` takes a run off the index.

    Blocks, and raises nothing for a run that cannot be deleted.
    """
    removed: list[ExpiredRun] = []
    failed: list[str] = []
    for run in planned.expired:
        try:
            folder = RunFolder.open(runs_dir, run.run_id)
            if folder.metadata.pinned:
                # Somebody has pinned it since the plan was made.
                continue
            folder.delete()
            forget(run.run_id)
        except NotFound:
            continue
        except BenchraceError as error:
            failed.append(f"{run.run_id}: {error.message}")
        else:
            removed.append(run)
    return msgspec.structs.replace(
        planned,
        expired=tuple(removed),
        removed=True,
        runs=planned.runs - len(removed),
        size=planned.size - sum(run.size for run in removed),
        failed=tuple(failed),
    )
