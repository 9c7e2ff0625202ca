"""What a server with the routes `/props` and `/slots` reports about itself and its model."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from benchrace import structs
from benchrace.plugin.lenient import to_struct

Count = Annotated[int, Meta(ge=0, le=1 << 53)]


class ModelMeta(msgspec.Struct, frozen=True):
    """What the server reports about a model's file; null if it does not."""

    n_ctx: Count | None = None
    n_ctx_train: Count | None = None
    n_params: Count | None = None
    n_vocab: Count | None = None
    size: Count | None = None
    ftype: str | None = None


class Generation(msgspec.Struct, frozen=True):
    """The part of `/props` with the context of each slot."""

    n_ctx: Count | None = None


class Props(msgspec.Struct, frozen=True):
    """`/props`: the server's build and settings."""

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


def as_struct(data: Any, to: type[msgspec.Struct]) -> Any:
    """Convert a response; None if it is something else, as some servers answer every path."""
    try:
        return structs.convert(data, to, strict=False)
    except msgspec.ValidationError:
        return None
