"""A backend: a plugin's object that speaks to one engine. Made in a worker, one per job."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

from benchrace.kinds import Params, Record
from benchrace.plugin.context import Context
from benchrace.plugin.readiness import Probe, Readiness
from benchrace.plugin.workload import Workload

P = TypeVar("P", bound=Params)


class Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a backend's own table in `agent.yaml`, found under the backend's name."""


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

    async def calibrate(self, lane: Lane[Any], context: Context) -> Mapping[str, Any] | None:
        """Find the workload's `automatic` parameter for a round of about two seconds."""
        return None
