"""The request for a prompt on a topic, and its answer."""

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta


class PromptRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request for a prompt on a topic, of about `tokens` tokens; null means any of the fleet."""

    about: Annotated[str, Meta(min_length=1, max_length=500)]
    tokens: Annotated[int, Meta(ge=10, le=2000)] = 100
    machine_id: Annotated[str, Meta(max_length=100)] | None = None
    backend: Annotated[str, Meta(max_length=100)] | None = None
    model: Annotated[str, Meta(max_length=300)] | None = None


class PromptSource(StrEnum):
    """`fallback`: built in, by no model."""

    MODEL = "model"
    FALLBACK = "fallback"


class PromptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` says why no model wrote it, null where one did."""

    prompt: str
    source: PromptSource
    machine_id: str | None = None
    backend: str | None = None
    model: str | None = None
    reason: str | None = None
