"""What identifies an engine and its model, and the settings that both run with."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.plugin import Ask, Device, EngineFacts, Model, Resident, TextParams, Whereabouts
from benchrace_openai.answer import Listed
from benchrace_openai.body import asked_in_vain, body
from benchrace_openai.calls import Found
from benchrace_openai.settings import Server

Settings = dict[str, str | int | float | bool | None]


class At(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lane's requests go; `unsent` are fields that this server has refused."""

    server: Server
    url: str
    headers: tuple[tuple[str, str], ...]
    found: Found
    model: Listed
    unsent: frozenset[str] = frozenset()
    gpu: Device | None = None


def facts(at: At, ask: Ask, place: Whereabouts, tokenizer: str | None) -> EngineFacts:
    """Give the facts. No digest: none of these servers tells one.

    What a tokenizer makes of a text is kept as a setting: as `EngineFacts.tokenizer` it would
    differ from any name that another engine has for the same one.
    """
    settings = _of_server(at) | _of_request(at, ask)
    settings |= {"server": at.server.label, "host_proof": place.proof}
    settings["tokenizer_sha256"] = tokenizer
    if at.gpu is not None:
        settings["gpu"] = at.gpu.label
    settings["digest_unknown"] = f"{at.found.engine} tells no digest of its models"
    return EngineFacts(
        name=at.found.engine,
        version=at.found.version,
        model=at.model.id,
        quantization=quantization(at.found, at.model),
        settings=settings,
        host=place.elsewhere,
    )


def described(found: Found, model: Listed) -> Model:
    """Describe a model as far as its server tells."""
    meta, context = model.meta, context_of(found, model)
    loaded = Resident(context=context) if not found.router or _loaded(model) else None
    return Model(
        name=model.id,
        size=None if meta is None else meta.size,
        quantization=quantization(found, model),
        parameters=None if meta is None else meta.n_params,
        context_length=model.max_model_len if meta is None else meta.n_ctx_train,
        slots=None if found.props is None else found.props.total_slots,
        loaded=loaded,
    )


def context_of(found: Found, model: Listed) -> int | None:
    """Give the tokens of context of one request, None where the server does not tell."""
    if found.props is not None and found.props.default_generation_settings.n_ctx:
        return found.props.default_generation_settings.n_ctx
    if model.meta is not None and model.meta.n_ctx:
        return model.meta.n_ctx
    return model.max_model_len


def quantization(found: Found, model: Listed) -> str | None:
    """Give the file's type as llama-server names it; the others do not tell."""
    of_model = None if model.meta is None else model.meta.ftype
    return of_model or (None if found.props is None else found.props.model_ftype) or None


def _loaded(model: Listed) -> bool:
    return model.status is not None and model.status.value == "loaded"


def _of_server(at: At) -> Settings:
    props, meta = at.found.props, at.model.meta
    settings: Settings = {"n_ctx": context_of(at.found, at.model)}
    if props is not None:
        settings |= {"total_slots": props.total_slots, "model_path": props.model_path}
        if props.chat_template:
            digest = hashlib.sha256(props.chat_template.encode()).hexdigest()
            settings["chat_template_sha256"] = digest
    if meta is not None:
        settings |= {
            "n_params": meta.n_params,
            "n_vocab": meta.n_vocab,
            "n_ctx_train": meta.n_ctx_train,
            "model_bytes": meta.size,
        }
    return settings


def _of_request(at: At, ask: Ask) -> Settings:
    sent = body(ask, at.model.id, at.found.engine, at.unsent)
    settings = _plain(sent)
    params: TextParams = ask.params
    vain = asked_in_vain(params, sent)
    if vain:
        settings["not_said_to_the_engine"] = ", ".join(vain)
    if at.unsent:
        settings["refused_by_the_engine"] = ", ".join(sorted(at.unsent))
    return settings


def _plain(sent: Mapping[str, Any]) -> Settings:
    kept = (str, int, float, bool)
    left_out = {"model", "prompt", "stream"}
    return {
        name: value
        for name, value in sent.items()
        if isinstance(value, kept) and name not in left_out
    }
