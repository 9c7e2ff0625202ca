"""What a backend reports about its engine and about a lane before anything is measured."""

from typing import Any

import msgspec

from benchrace.errors import Category, FieldError, redact_fields


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem that prevents a start, and its remedy; `detail` may be a traceback."""

    message: str
    remedy: str
    detail: str | None = None

    def __post_init__(self) -> None:
        redact_fields(self, "message", "remedy")


class KvLayers(msgspec.Struct, frozen=True, kw_only=True):
    """`count` layers with equal key-value caches.

    Each stores `kv_heads * (k_dim * k_bytes + v_dim * v_bytes)` bytes per position. `window` is how
    many positions they look back, null for all. `k_bytes` is the size of an element as the engine
    is configured: 2 for f16, 1.0625 for q8_0.
    """

    count: int = 1
    kv_heads: int
    k_dim: int
    v_dim: int
    window: int | None = None
    k_bytes: float = 2.0
    v_bytes: float = 2.0


class Resident(msgspec.Struct, frozen=True, kw_only=True):
    """A model in memory, as the engine reports it: bytes on the GPU, total bytes, positions."""

    vram: int | None = None
    total: int | None = None
    context: int | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model that an engine has; null for what the engine does not report.

    `size` is the bytes of its files, `digest` the engine's own, `parameters` their number,
    `context_length` as trained, `kv` over all `layers`, `loaded` while it is in memory.
    `active_bytes` and `active_parameters` are of the weights that one token reads: of a mixture of
    experts those that it uses, and not the embeddings, of which it reads one row. `width` is the
    length of an embedding, and of most rows of its matrices.
    `compute_buffer` in bytes, and `slots` that each hold a whole context, are the engine's.
    `engines` maps the name by which a lane selects an engine to its address (`host:port`), for all
    engines that have the model; the first one is the default. Several backends may reach one
    engine. `notes` say why an implausible number from the engine became null.
    """

    name: str
    size: int | None = None
    digest: str | None = None
    quantization: str | None = None
    family: str | None = None
    parameters: int | None = None
    active_bytes: int | None = None
    active_parameters: int | None = None
    context_length: int | None = None
    layers: int | None = None
    width: int | None = None
    kv: tuple[KvLayers, ...] = ()
    compute_buffer: int | None = None
    slots: int | None = None
    capabilities: tuple[str, ...] = ()
    loaded: Resident | None = None
    engines: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class Startable(msgspec.Struct, frozen=True, kw_only=True):
    """An engine that does not run, and that a lane with these `params` starts.

    They name its model too where that is known before it runs.
    """

    name: str
    params: dict[str, str] = {}


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """Whether an engine answers, and what it has; `version` is the engine's.

    `legacy` is filled in from `Backend.legacy`. `started` means that the engine runs and was
    started by the agent, so that stopping it affects nobody else. `startable` are the engines that
    do not run and that lanes start. `choices` are names by parameter, for those whose schema says
    `"choices": "engine"`, such as samplers.
    """

    reachable: bool
    version: str | None = None
    models: tuple[Model, ...] = ()
    problems: tuple[Problem, ...] = ()
    started: bool = False
    startable: tuple[Startable, ...] = ()
    choices: dict[str, tuple[str, ...]] = {}
    legacy: dict[str, Any] = {}


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a lane can start: `fields` are invalid parameters by name, `problems` all others.

    `category` is what opening the lane would fail with; null is `validation`.
    """

    fields: tuple[FieldError, ...] = ()
    problems: tuple[Problem, ...] = ()
    category: Category | None = None

    @property
    def ready(self) -> bool:
        return not self.fields and not self.problems
