"""Servers with the API of chat completions: requests, events, errors, and what they report."""

from benchrace.plugin.llm.chat_api.control import ControlRequest, Reply, control
from benchrace.plugin.llm.chat_api.errors import refusal
from benchrace.plugin.llm.chat_api.events import read_event
from benchrace.plugin.llm.chat_api.other_clients import other_clients
from benchrace.plugin.llm.chat_api.perplexity import (
    MIN_TOKENS,
    REFERENCE_TEXT,
    token_perplexity,
)
from benchrace.plugin.llm.chat_api.polling import until
from benchrace.plugin.llm.chat_api.remedies import Remedies
from benchrace.plugin.llm.chat_api.request import (
    prompt_fields,
    route,
    sampler_fields,
    template_fields,
)
from benchrace.plugin.llm.chat_api.server_facts import (
    Count,
    Generation,
    ModelMeta,
    Props,
    Slot,
    as_struct,
    props_of,
    slots_of,
)
from benchrace.plugin.llm.chat_api.tokens import TOKENIZED_TEXT, tokens_digest

__all__ = [
    "MIN_TOKENS",
    "REFERENCE_TEXT",
    "TOKENIZED_TEXT",
    "ControlRequest",
    "Count",
    "Generation",
    "ModelMeta",
    "Props",
    "Remedies",
    "Reply",
    "Slot",
    "as_struct",
    "control",
    "other_clients",
    "prompt_fields",
    "props_of",
    "read_event",
    "refusal",
    "route",
    "sampler_fields",
    "slots_of",
    "template_fields",
    "token_perplexity",
    "tokens_digest",
    "until",
]
