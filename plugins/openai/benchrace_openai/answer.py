"""What a server's control answers say: models, settings and state, in their own words."""

from typing import Any

import msgspec

from benchrace_openai.settings import Engine


class Meta(msgspec.Struct, frozen=True):
    """What llama-server tells of a model's file; null where it does not."""

    n_ctx: int | None = None
    n_ctx_train: int | None = None
    n_params: int | None = None
    n_vocab: int | None = None
    size: int | None = None
    ftype: str | None = None


class Status(msgspec.Struct, frozen=True):
    """What a router says of a model."""

    value: str = ""
    failed: bool = False


class Listed(msgspec.Struct, frozen=True):
    """One model of `/v1/models`."""

    id: str
    aliases: tuple[str, ...] = ()
    owned_by: str | None = None
    meta: Meta | None = None
    status: Status | None = None
    max_model_len: int | None = None

    def called(self, name: str) -> bool:
        """Tell whether `name` is one of its names."""
        return name == self.id or name in self.aliases


class Models(msgspec.Struct, frozen=True):
    """`/v1/models`."""

    data: tuple[Listed, ...]


class Generation(msgspec.Struct, frozen=True):
    """The part of `/props` that tells the context of each slot."""

    n_ctx: int | None = None


class Props(msgspec.Struct, frozen=True):
    """`/props` of llama-server: required keys first, others as they come."""

    default_generation_settings: Generation
    role: str | None = None
    build_info: str | None = None
    total_slots: int | None = None
    model_path: str | None = None
    model_ftype: str | None = None
    chat_template: str | None = None

    @property
    def router(self) -> bool:
        return self.role == "router"


class Slot(msgspec.Struct, frozen=True):
    """One of `/slots`; `id_task` is of the request that it answers, or has answered last."""

    is_processing: bool = False
    id_task: int | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """All that a server tells of itself, before anybody has decided what it is."""

    models: Models
    server_header: str = ""
    props: Props | None = None
    version: str | None = None
    sglang_version: str | None = None
    lmstudio: bool = False


OWNERS = {"llamacpp": Engine.LLAMA_SERVER, "vllm": Engine.VLLM, "sglang": Engine.SGLANG}


def engine_of(told: Told) -> Engine:
    """Decide by what only one of them says; what nobody claims is `generic`."""
    if told.props is not None or told.server_header == "llama.cpp":
        return Engine.LLAMA_SERVER
    for each in told.models.data:
        if (owner := OWNERS.get(each.owned_by or "")) is not None:
            return owner
    if told.sglang_version is not None:
        return Engine.SGLANG
    if told.version is not None:
        return Engine.VLLM
    if told.lmstudio:
        return Engine.LMSTUDIO
    if told.server_header.startswith("BaseHTTP/"):
        # mlx_lm.server is Python's own HTTP server; no other engine here is.
        return Engine.MLX
    return Engine.GENERIC


def as_struct(data: Any, to: type[msgspec.Struct]) -> Any:
    """Convert an answer, None where it is another thing: some servers answer every path."""
    try:
        return msgspec.convert(data, to, strict=False)
    except msgspec.ValidationError:
        return None
