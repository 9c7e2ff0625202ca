"""The control responses of a server: models, settings and state."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta as Bounds

from benchrace.plugin import to_struct
from benchrace_openai.config import Engine
from benchrace_openai.ollama.answers import Ollama

Count = Annotated[int, Bounds(ge=0, le=1 << 53)]


class Meta(msgspec.Struct, frozen=True):
    """What llama-server reports about a model's file; null if it does not."""

    n_ctx: Count | None = None
    n_ctx_train: Count | None = None
    n_params: Count | None = None
    n_vocab: Count | None = None
    size: Count | None = None
    ftype: str | None = None


class Status(msgspec.Struct, frozen=True):
    """The state of a model on a router."""

    value: str = ""
    failed: bool = False


class Listed(msgspec.Struct, frozen=True):
    """One model of `/v1/models`."""

    id: str
    aliases: tuple[str, ...] = ()
    owned_by: str | None = None
    meta: Meta | None = None
    status: Status | None = None
    max_model_len: Count | None = None

    def called(self, name: str) -> bool:
        """Check whether `name` is one of its names."""
        return name == self.id or name in self.aliases


class Models(msgspec.Struct, frozen=True):
    """`/v1/models`; `odd` are the paths of skipped fields."""

    data: tuple[Listed, ...]
    odd: tuple[str, ...] = ()


class Generation(msgspec.Struct, frozen=True):
    """The part of `/props` with the context of each slot."""

    n_ctx: Count | None = None


class Props(msgspec.Struct, frozen=True):
    """`/props` of llama-server."""

    default_generation_settings: Generation = Generation()
    role: str | None = None
    build_info: str | None = None
    total_slots: Count | None = None
    model_path: str | None = None
    model_ftype: str | None = None
    chat_template: str | None = None

    @property
    def router(self) -> bool:
        return self.role == "router"


class Slot(msgspec.Struct, frozen=True):
    """One of `/slots`; `id_task` is that of its current or last request."""

    is_processing: bool = False
    id_task: int | None = None


def models_of(data: Any) -> Models | None:
    """Parse a list of models; None if it is not one.

    Some servers answer with a bare list, some with names only, and Ollama has null for an empty
    list. Entries without a name are skipped.
    """
    entries = data
    if isinstance(data, dict):
        name = "data" if "data" in data else "models"
        if name not in data:
            return None
        entries = data[name] or ()
    if not isinstance(entries, list | tuple):
        return None
    odd: list[str] = []
    models = [_listed(entry, odd) for entry in entries]
    return Models(tuple(model for model in models if model is not None), tuple(odd))


def _listed(entry: Any, odd: list[str]) -> Listed | None:
    if isinstance(entry, dict):
        names = [entry.get(key) for key in ("id", "name", "model")]
        entry = {**entry, "id": next((n for n in names if n and isinstance(n, str)), None)}
    elif isinstance(entry, str) and entry:
        entry = {"id": entry}
    try:
        return to_struct(entry, Listed, odd, "data[]")
    except msgspec.ValidationError:
        odd.append("data[]")
        return None


def props_of(data: Any) -> Props | None:
    """Parse `/props`; None for the answer of another server, as some answer every path."""
    if not isinstance(data, dict) or not _PROPS & data.keys():
        return None
    return to_struct(data, Props, [])


_PROPS = frozenset({"default_generation_settings", "total_slots", "build_info"})


def slots_of(data: Any) -> tuple[Slot, ...] | None:
    """Parse `/slots`; None if it is not a list. Slots are compared by position, so all are kept."""
    if not isinstance(data, list):
        return None
    return tuple(to_struct(slot, Slot, []) if isinstance(slot, dict) else Slot() for slot in data)


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """What a server reports about itself, by which its engine is identified."""

    models: Models
    server_header: str = ""
    props: Props | None = None
    version: str | None = None
    sglang_version: str | None = None
    lmstudio: bool = False
    ollama: Ollama | None = None


OWNERS = {"llamacpp": Engine.LLAMA_SERVER, "vllm": Engine.VLLM, "sglang": Engine.SGLANG}


def engine_of(fingerprint: Fingerprint) -> Engine:
    """Identify the engine by what only this engine reports; any other is `generic`."""
    if fingerprint.props is not None or fingerprint.server_header == "llama.cpp":
        return Engine.LLAMA_SERVER
    if fingerprint.ollama is not None:
        return Engine.OLLAMA
    for model in fingerprint.models.data:
        if (owner := OWNERS.get(model.owned_by or "")) is not None:
            return owner
    if fingerprint.sglang_version is not None:
        return Engine.SGLANG
    if fingerprint.version is not None:
        return Engine.VLLM
    if fingerprint.lmstudio:
        return Engine.LMSTUDIO
    if fingerprint.server_header.startswith("BaseHTTP/"):
        # mlx_lm.server uses Python's own HTTP server; no other engine does.
        return Engine.MLX
    return Engine.GENERIC


def as_struct(data: Any, to: type[msgspec.Struct]) -> Any:
    """Convert a response; None if it is something else, as some servers answer every path."""
    try:
        return msgspec.convert(data, to, strict=False)
    except msgspec.ValidationError:
        return None
