"""Which stored runs are over the limits, and why others stay. Choosing is pure, looking is not."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.config.retention import RetentionLimits
from benchrace.formatting import plural
from benchrace.ids import RunId, is_run_id
from benchrace.run.states import RunState
from benchrace.store import regular
from benchrace.store.run_folder import METADATA, SUMMARY, run_ids

_DAY_S, _GIB = 86400.0, 1 << 30
_DELETABLE = "the runs that may be deleted"
BASELINES = "baselines"
_MAX_BASELINE_BYTES = 1 << 20
_RUN = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}_[0-9]{6}_[0-9a-f]{6}")


class StoredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as far as it matters here: its end in wall seconds, its size in bytes.

    `protected` says why it stays whatever the limits are, null where they decide.
    """

    run_id: RunId
    ended_at: float
    size: int
    protected: str | None = None


class ExpiredRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over a limit, its size in bytes, and which limit it is."""

    run_id: RunId
    size: int
    reason: str


class _Continues(msgspec.Struct, frozen=True):
    """The run that this one repeats with more rounds."""

    continues: str | None = None


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a run's metadata."""

    run_id: RunId
    state: RunState
    created_at: float
    ended_at: float | None = None
    pinned: bool = False
    spec: _Continues = _Continues()


def expired(
    runs: Sequence[StoredRun], limits: RetentionLimits, now_s: float
) -> tuple[ExpiredRun, ...]:
    """Return the runs that are over the limits, the oldest first; pure."""
    newest = sorted(runs, key=lambda run: (run.ended_at, run.run_id), reverse=True)
    free = [run for run in newest if run.protected is None]
    reasons: dict[RunId, str] = {}
    if limits.days is not None:
        late = [run for run in free if now_s - run.ended_at > limits.days * _DAY_S]
        reasons |= {run.run_id: f"older than {limits.days:g} days" for run in late}
    if limits.runs is not None:
        newest_runs = "run" if limits.runs == 1 else plural(limits.runs, "run")
        surplus = free[limits.runs :]
        reasons = {run.run_id: f"beyond the newest {newest_runs}" for run in surplus} | reasons
    if limits.gib is not None:
        # Not the protected ones: if these alone took as much, all others would go.
        left = sum(run.size for run in free if run.run_id not in reasons)
        for run in reversed(free):
            if left > limits.gib * _GIB and run.run_id not in reasons:
                reasons[run.run_id] = f"{_DELETABLE} take more than {limits.gib:g} GiB"
                left -= run.size
    return tuple(
        ExpiredRun(run_id=run.run_id, size=run.size, reason=reasons[run.run_id])
        for run in reversed(free)
        if run.run_id in reasons
    )


def stored_runs(runs_dir: Path, baselines: frozenset[str]) -> tuple[StoredRun, ...]:
    """Read what is stored. Blocks. A run that cannot be read is left out, and so is kept.

    The first rounds of a run that is kept are kept with it.
    """
    read = tuple(_read(runs_dir, baselines))
    first = {continues for run, continues in read if continues and run.protected}
    return tuple(
        msgspec.structs.replace(run, protected="continued by a run that is kept")
        if run.protected is None and run.run_id in first
        else run
        for run, _ in read
    )


def _read(runs_dir: Path, baselines: frozenset[str]) -> Iterator[tuple[StoredRun, str | None]]:
    """Read each run, and which one it continues."""
    for run_id in run_ids(runs_dir):
        try:
            head = structs.decode(regular.read(runs_dir / run_id / METADATA), _Head)
            size = sum(_sizes(runs_dir / run_id))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        if head.run_id == run_id:
            run = StoredRun(
                run_id=run_id,
                ended_at=head.created_at if head.ended_at is None else head.ended_at,
                size=size,
                protected=_protection(head, runs_dir / run_id, baselines),
            )
            yield run, head.spec.continues


def baseline_ids(config: Path) -> frozenset[str]:
    """Return the runs that files in the folder of baselines name. Blocks; raises OSError."""
    named: set[str] = set()
    try:
        files = [path for path in (config / BASELINES).iterdir() if path.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    for path in files:
        with path.open("rb") as file:
            content = file.read(_MAX_BASELINE_BYTES)
        named.update(name.decode() for name in _RUN.findall(path.name.encode() + b"\n" + content))
    return frozenset(name for name in named if is_run_id(name))


def _protection(head: _Head, folder: Path, baselines: frozenset[str]) -> str | None:
    # What has no summary is taken up by the next central.
    if not head.state.final or not (folder / SUMMARY).exists():
        return "not ended"
    if head.pinned:
        return "pinned"
    return "baseline" if head.run_id in baselines else None


def _sizes(folder: Path) -> Iterator[int]:
    for path in folder.rglob("*"):
        if not path.is_symlink() and path.is_file():
            yield path.stat().st_size
