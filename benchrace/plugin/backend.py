"""The base class of backends; a worker creates one instance per job."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any, ClassVar, Generic, TypeVar

import msgspec
from msgspec import Meta

from benchrace.kinds import Params, Record
from benchrace.plugin.assets import Asset, AssetKind
from benchrace.plugin.context import Context
from benchrace.plugin.lending import Lending, Lent, Peer
from benchrace.plugin.operations import (
    NotOffered,
    Operated,
    Operation,
    Reset,
    Unloaded,
    Writing,
    Written,
)
from benchrace.plugin.part import Part
from benchrace.plugin.readiness import Probe, Readiness
from benchrace.plugin.workload import Workload

P = TypeVar("P", bound=Params)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base class for a backend's own table in `agent.yaml`, named after the backend.

    `keep_warm` leaves models in memory at the end of a job, for as long as the engine keeps them;
    false makes the engine unload them. `idle_stop_s` stops an engine that the agent started by its
    command, once no job and no operation of the agent has used it for that many seconds.
    """

    keep_warm: bool = True
    idle_stop_s: Annotated[float, Meta(gt=0)] | None = None


class Lane(msgspec.Struct, Generic[P], frozen=True, kw_only=True):
    """One competitor, with parameters validated and complete.

    `peers` is what other machines lend to it while a run is on: its machine is the coordinator
    then. Lanes that occupy one machine have none; nor has any lane when preflight asks before a
    run. `part` is the share of the load that this machine makes, None for all of it: only lanes of
    a workload with `shared_load` have one.
    """

    lane_id: str
    label: str
    kind: str
    params: P
    peers: tuple[Peer, ...] = ()
    part: Part | None = None


class Backend(ABC):
    """Base class of all backends; the runner calls it and emits the rounds' events itself.

    Raise `BenchraceError` with a category for a failure that people should read: it ends the
    round (or the lane, from `open`). Any other exception counts as a bug in the plugin, and
    ends the job as `plugin_error`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    version: ClassVar[str | None] = None
    workloads: ClassVar[tuple[Workload, ...]]
    config: ClassVar[type[Config] | None] = None
    assets: ClassVar[tuple[AssetKind, ...]] = ()

    def __init__(self, config: Config | None = None) -> None:
        """Store the configuration as `settings`: an instance of the class `config`, or None.

        One backend serves all lanes of a job. To keep state of your own, override this, take
        `config` and pass it on with `super().__init__(config)`; key the state of a lane by its
        `lane_id`, from `open` to `close`.
        """
        self.settings = config

    async def probe(self, context: Context) -> Probe:
        """Return whether the engine answers, its version, and the models that it has."""
        return Probe(reachable=True, version=self.version)

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        """Check whether this lane can start; parameters are already valid by their types.

        Called before a run, and again in the run's job before anything is unloaded for the lane.
        """
        return Readiness()

    async def open(self, lane: Lane[Any], context: Context) -> None:
        """Load and check what the rounds need; never timed.

        Called again, after `close`, when a round failed because the engine was away
        (`unreachable`, `timeout_connect`, `ended_early`).
        """
        return

    @abstractmethod
    async def round(self, lane: Lane[Any], context: Context) -> Record:
        """Run the workload once and return its raw facts."""

    async def close(self, lane: Lane[Any], context: Context) -> None:
        """Release what `open` acquired; also called after a failure or a cancel."""
        return

    async def settle(self, lane: Lane[Any], context: Context) -> bool:
        """Wait for a limited time until the engine of `lane` is idle, as far as it reports that.

        Return False if it stays busy. Do not start or load anything for it. Also called for a lane
        of an earlier job, which this object has not opened: the engine may still be computing the
        answer of a cancelled job, which would disturb whatever is measured next on this machine.
        """
        return True

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        """Free the memory that the engine holds, except what `keep` needs; return when it is free.

        The result describes what cannot be freed. Called before a lane opens whose workload is not
        `together`; `keep` is None if that lane belongs to another backend.
        """
        return ()

    async def calibrate(self, lane: Lane[Any], context: Context) -> Mapping[str, Any] | None:
        """Find the workload's `automatic` parameter for a round of about two seconds."""
        return None

    # Operations on the engine, while nothing is measured. Override those that the engine supports.

    async def reset(self, context: Context) -> Reset:
        """Stop the engine, start it again, and wait until it answers."""
        raise NotOffered(self.name, Operation.RESET)

    async def start(self, context: Context) -> Operated:
        """Start the engine and wait until it answers; succeeds if it already does."""
        raise NotOffered(self.name, Operation.START)

    async def stop(self, context: Context) -> Operated:
        """Stop the engine and wait until it is gone; succeeds if it already is."""
        raise NotOffered(self.name, Operation.STOP)

    async def unload(self, model: str | None, context: Context) -> Unloaded:
        """Unload `model`, or all models; return when the engine no longer lists them."""
        raise NotOffered(self.name, Operation.UNLOAD)

    async def pull(self, model: str, context: Context) -> None:
        """Download a model to the engine; report `context.progress(done, total, "B")`.

        An interrupted pull resumes where it was when it is requested again.
        """
        raise NotOffered(self.name, Operation.PULL)

    async def sync(self, assets: Sequence[Asset], context: Context) -> None:
        """Download files to the engine and check their digests; without any, all configured ones.

        List the kinds of files in `assets`.

        Report `context.progress(done, total, "B")`.
        """
        raise NotOffered(self.name, Operation.SYNC)

    async def write(self, model: str, writing: Writing, context: Context) -> Written:
        """Generate a text with `model`; never measured, and cancelled when a measurement starts."""
        raise NotOffered(self.name, Operation.WRITE)

    def lend(self, lending: Lending, context: Context) -> AbstractAsyncContextManager[Lent]:
        """Offer this machine to a lane of another one; write it with `@asynccontextmanager`.

        It yields once the engine listens on `lending.host`, and no other address. The body ends
        when the lane's job is over; what was started must be gone when `lend` returns. If it stops
        for good before that, cancel the body and raise a `BenchraceError`. Nothing here is called
        after a `kill -9`: start the engine so that it ends with its parent.
        """
        raise NotOffered(self.name, Operation.LEND)

    def legacy(self, probe: Probe) -> Mapping[str, Any]:
        """Return this backend's part of the older capabilities answer.

        Keys that do not concern it are left out. `probe` is the last result of `probe`.
        """
        return {}

    @classmethod
    def operations(cls) -> tuple[Operation, ...]:
        """Return the operations that this class overrides."""
        return tuple(
            operation
            for operation in Operation
            if getattr(cls, operation) is not getattr(Backend, operation)
        )
