"""The control responses of a server: models, settings and state."""

from typing import Any

import msgspec

from benchrace.plugin import chat_api, to_struct
from benchrace_openai.config import Engine
from benchrace_openai.ollama.answers import Ollama

Props = chat_api.Props
Slot = chat_api.Slot
props_of = chat_api.props_of
slots_of = chat_api.slots_of
as_struct = chat_api.as_struct


class Status(msgspec.Struct, frozen=True):
    """The state of a model on a router."""

    value: str = ""
    failed: bool = False


class Listed(msgspec.Struct, frozen=True):
    """One model of `/v1/models`."""

    id: str
    aliases: tuple[str, ...] = ()
    owned_by: str | None = None
    meta: chat_api.ModelMeta | None = None
    status: Status | None = None
    max_model_len: chat_api.Count | None = None

    def called(self, name: str) -> bool:
        """Check whether `name` is one of its names."""
        return name == self.id or name in self.aliases


class Models(msgspec.Struct, frozen=True):
    """`/v1/models`; `odd` are the paths of skipped fields."""

    data: tuple[Listed, ...]
    odd: tuple[str, ...] = ()


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
