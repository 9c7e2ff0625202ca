"""What a backend says of itself and of a lane before anything is measured."""

from typing import Any

import msgspec

from benchrace.errors import FieldError


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that stands in the way, and what to do about it."""

    message: str
    remedy: str


class KvLayers(msgspec.Struct, frozen=True, kw_only=True):
    """`count` layers that keep keys and values alike; what they keep of one position is
    `kv_heads * (k_dim * k_bytes + v_dim * v_bytes)` bytes.

    `window` is how many positions they look back, null for all. `k_bytes` is bytes an element, as
    the engine is set: 2 for f16, 1.0625 for q8_0.
    """

    count: int = 1
    kv_heads: int
    k_dim: int
    v_dim: int
    window: int | None = None
    k_bytes: float = 2.0
    v_bytes: float = 2.0


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A model in memory, as the engine counts it: bytes on the GPU, bytes in all, positions."""

    vram: int | None = None
    total: int | None = None
    context: int | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that an engine has; null where the engine does not tell.

    `size` in bytes of its files, `digest` as the engine says, `parameters` counted,
    `context_length` as trained, `kv` over all `layers`, `loaded` while it is in memory.
    `compute_buffer` in bytes, and `slots` that each hold a whole context, are the engine's.
    """

    name: str
    size: int | None = None
    digest: str | None = None
    quantization: str | None = None
    family: str | None = None
    parameters: int | None = None
    context_length: int | None = None
    layers: int | None = None
    kv: tuple[KvLayers, ...] = ()
    compute_buffer: int | None = None
    slots: int | None = None
    capabilities: tuple[str, ...] = ()
    loaded: Resident | None = None


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an engine answers, and what it has; `version` is the engine's.

    `legacy` is filled in from `Backend.legacy`. `started` says that the engine runs and was
    started from here, so that stopping it takes it from nobody else.
    """

    reachable: bool
    version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    started: bool = False
    legacy: dict[str, Any] = {}


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a lane can start. `fields` are bad parameters by name (`n`), `problems` the rest."""

    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def ready(self) -> bool:
        return not self.fields and not self.problems
