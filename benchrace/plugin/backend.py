"""A backend: a plugin's object that speaks to one engine. Made in a worker, one per job."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Meta

from benchrace.kinds import Params, Record
from benchrace.plugin.context import Context
from benchrace.plugin.operations import (
    Asset,
    NotOffered,
    Operated,
    Operation,
    Reset,
    Unloaded,
    Writing,
    Written,
)
from benchrace.plugin.readiness import Probe, Readiness
from benchrace.plugin.workload import Workload

P = TypeVar("P", bound=Params)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a backend's own table in `agent.yaml`, found under the backend's name.

    `keep_warm` leaves models in memory at the end of a job, for as long as the engine keeps them;
    false has the engine let go of them. `idle_stop_s` stops an engine that was started from here
    by its command, when no job and no operation of the agent has used it for so many seconds.
    """

    keep_warm: bool = True
    idle_stop_s: Annotated[float, Meta(gt=0)] | None = None


class Lane(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One competitor, with parameters validated and complete."""

    lane_id: str
    label: str
    kind: str
    params: P


class Backend(ABC):
    """Subclass this; the runner calls it and emits the rounds' events itself.

    Raise `BenchraceError` with a category for a failure that people should read: it ends the
    round (or the lane, from `open`). Anything else that is raised is a bug of the plugin, and
    ends the job as `plugin_error`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str | None] = None
    workloads: ClassVar[tuple[Workload, ...]]
    config: ClassVar[type[Config] | None] = None

    def __init__(self, config: Config | None = None) -> None:
        self.settings = config

    async def probe(self, context: Context) -> Probe:
        """Say whether the engine answers, its version, and the models that it has."""
        return Probe(reachable=True, version=self.version)

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        """Say whether this lane can start; parameters are already valid by their types."""
        return Readiness()

    async def open(self, lane: Lane[Any], context: Context) -> None:
        """Load and check what the rounds need; never timed."""
        return

    @abstractmethod
    async def round(self, lane: Lane[Any], context: Context) -> Record:
        """Do the work once and return its raw facts."""

    async def close(self, lane: Lane[Any], context: Context) -> None:
        """Let go of what `open` took; also called after a failure or a cancel."""
        return

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """Let go of the memory that the engine holds, but for what `keep` needs, and return when
        it is free, with what cannot be let go, in words. Asked before a lane opens whose workload
        is not `together`; `keep` is None where that lane is another backend's.
        """
        return ()

    async def calibrate(self, lane: Lane[Any], context: Context) -> Mapping[str, Any] | None:
        """Find the workload's `automatic` parameter for a round of about two seconds."""
        return None

    # Operations on the engine, while nothing is measured. Override what the engine can do.

    async def reset(self, context: Context) -> Reset:
        """Stop the engine, start it again, and wait until it answers."""
        raise NotOffered(self.name, Operation.RESET)

    async def start(self, context: Context) -> Operated:
        """Start the engine and wait until it answers; fine where it does already."""
        raise NotOffered(self.name, Operation.START)

    async def stop(self, context: Context) -> Operated:
        """Stop the engine and wait until it is gone; fine where it is already."""
        raise NotOffered(self.name, Operation.STOP)

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        """Free the memory of `model`, or of all; return when the engine says that it is gone."""
        raise NotOffered(self.name, Operation.UNLOAD)

    async def pull(self, model: str, context: Context) -> None:
        """Bring a model to the engine; show `context.progress(done, total, "B")`.

        A pull that is broken off goes on where it was when it is asked for again.
        """
        raise NotOffered(self.name, Operation.PULL)

    async def sync(self, assets: Sequence[Asset], context: Context) -> None:
        """Bring files to the engine, checked by their digests; none named: all it is set to have.

        Show `context.progress(done, total, "B")`.
        """
        raise NotOffered(self.name, Operation.SYNC)

    async def write(self, model: str, asked: Writing, context: Context) -> Written:
        """Have `model` write a text; never measured. Where a measurement comes, it is cancelled."""
        raise NotOffered(self.name, Operation.WRITE)

    def legacy(self, probe: Probe) -> Mapping[str, Any]:
        """Give this backend's part of the older capabilities answer; keys that it has no say in
        are left out. `probe` is what `probe` answered last.
        """
        return {}

    @classmethod
    def operations(cls) -> tuple[Operation, ...]:
        """Give the operations that this class overrides."""
        return tuple(each for each in Operation if getattr(cls, each) is not getattr(Backend, each))
