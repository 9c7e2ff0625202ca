"""Workloads: kinds of work as backends offer them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from benchrace.kinds import Kind, Params


class Resource(StrEnum):
    """A resource that a workload saturates on purpose, so that a verdict does not object."""

    CPU = "cpu"
    GPU = "gpu"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"


class Drawing(StrEnum):
    """How a running lane is displayed."""

    PROGRESS = "progress"
    TEXT = "text"
    LINES = "lines"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A kind of work as a backend offers it; `params` may extend the kind's with its own options.

    `presets` are named overlays of parameters. `automatic` names the parameter that accepts
    "auto": `Backend.calibrate` then determines it. `together` tells whether lanes of this workload
    can be open at the same time on one machine, which interleaved order needs. `load_params` names
    the parameters that take effect only when the engine loads a model: lanes of one model that
    differ in them are not interleaved, as each turn would reload it. `spans` tells whether a lane
    may occupy several machines: its own, the coordinator, and others that `Backend.lend` lends it.
    `shared_load` tells whether several machines may generate the load of one lane together: each
    gets a `Lane.part`, and sends that share of the requests. Text backends do that by themselves.
    """

    kind: Kind
    params: type[Params] | None = None
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    automatic: str | None = None
    saturates: frozenset[Resource] = frozenset()
    drawing: Drawing = Drawing.PROGRESS
    together: bool = True
    load_params: tuple[str, ...] = ()
    spans: bool = False
    shared_load: bool = False

    @property
    def accepts(self) -> type[Params]:
        """The Struct that validates a lane's parameters."""
        return self.params or self.kind.params
