"""A workload: a kind of work as one backend offers it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from benchrace.kinds import Kind, Params


class Resource(StrEnum):
    """What a workload uses up by purpose; a verdict never complains about it."""

    CPU = "cpu"
    GPU = "gpu"
    MEMORY = "memory"
    DISK = "disk"
    NETWORK = "network"


class Drawing(StrEnum):
    """How a lane is drawn while it runs."""

    PROGRESS = "progress"
    TEXT = "text"
    LINES = "lines"
    IMAGE = "image"


@dataclass(frozen=True, kw_only=True)
class Workload:
    """`params` may extend the kind's own with the engine's options.

    `presets` are named overlays of parameters. `automatic` names the parameter that accepts
    "auto": `Backend.calibrate` then finds it. `together` says whether lanes of this workload can
    be open at the same time on one machine, which interleaved order needs.
    """

    kind: Kind
    params: type[Params] | None = None
    presets: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    automatic: str | None = None
    saturates: frozenset[Resource] = frozenset()
    drawing: Drawing = Drawing.PROGRESS
    together: bool = True

    @property
    def accepts(self) -> type[Params]:
        """The Struct that a lane's parameters are validated against."""
        return self.params or self.kind.params
