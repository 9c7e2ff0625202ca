"""The facts of a lane: the identity of its engine and model, and the settings of both."""

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchrace.plugin import Ask, Device, EngineFacts, Model, Resident, TextParams, Whereabouts
from benchrace_openai.client import ServerInfo
from benchrace_openai.config import Server
from benchrace_openai.ollama.answers import Ollama, Shown, Tag
from benchrace_openai.request import body, unsupported_params
from benchrace_openai.server.info import Listed

Settings = dict[str, str | int | float | bool | None]
_MAX_CHARACTERS = 300


class LaneTarget(msgspec.Struct, frozen=True, kw_only=True):
    """The destination of a lane's requests; `unsent` are fields that the server has rejected.

    `local` means that it is proved to run on this machine; `shown` is Ollama's description of the
    model.
    """

    server: Server
    url: str
    headers: tuple[tuple[str, str], ...]
    info: ServerInfo
    model: Listed
    unsent: frozenset[str] = frozenset()
    gpu: Device | None = None
    shown: Shown | None = None
    local: bool = False

    @property
    def weights(self) -> str | None:
        """The file of the model's weights, if the server reports it."""
        return None if self.shown is None else self.shown.weights


def facts(target: LaneTarget, ask: Ask, where: Whereabouts, tokenizer: str | None) -> EngineFacts:
    """Return the facts; of these servers only Ollama reports a digest, by its own API.

    The digest of a tokenizer's output is stored as a setting: as `EngineFacts.tokenizer` it would
    differ from the name that another engine has for the same tokenizer.
    """
    settings = _of_server(target) | _of_request(target, ask)
    settings |= {"server": target.server.label, "host_proof": where.proof}
    settings["tokenizer_sha256"] = tokenizer
    if target.gpu is not None:
        settings["gpu"] = target.gpu.label
    tag = None if target.info.ollama is None else target.info.ollama.tag(target.model.id)
    if tag is None or not tag.digest:
        settings["digest_unknown"] = f"{target.info.engine} reports no digest of its models"
    return EngineFacts(
        name=target.info.engine,
        version=target.info.version,
        model=target.model.id,
        digest=None if tag is None else tag.digest or None,
        quantization=quantization(target.info, target.model),
        settings=settings,
        host=where.elsewhere or (None if tag is None else tag.remote_host or None),
        tokenizer=None if target.shown is None else target.shown.tokenizer,
        weights=target.weights,
    )


def described(info: ServerInfo, model: Listed) -> Model:
    """Describe a model as far as its server reports it."""
    if info.ollama is not None:
        return _of_ollama(info.ollama, model.id)
    meta, context = model.meta, context_of(info, model)
    loaded = Resident(context=context) if not info.router or is_loaded(model) else None
    return Model(
        name=model.id,
        size=None if meta is None else meta.size,
        quantization=quantization(info, model),
        parameters=None if meta is None else meta.n_params,
        context_length=model.max_model_len if meta is None else meta.n_ctx_train,
        slots=None if info.props is None else info.props.total_slots,
        loaded=loaded,
    )


def _of_ollama(ollama: Ollama, name: str) -> Model:
    tag, running = ollama.tag(name) or Tag(name), ollama.loaded(name)
    memory = None
    if running is not None:
        memory = Resident(
            vram=running.size_vram, total=running.size, context=running.context_length
        )
    return Model(
        name=name,
        size=tag.size,
        digest=tag.digest or None,
        quantization=tag.details.quantization_level or None,
        family=tag.details.family or None,
        capabilities=tag.capabilities or (),
        loaded=memory,
    )


def context_of(info: ServerInfo, model: Listed) -> int | None:
    """Return the context size of one request in tokens, None if the server does not report it."""
    if info.props is not None and info.props.default_generation_settings.n_ctx:
        return info.props.default_generation_settings.n_ctx
    if model.meta is not None and model.meta.n_ctx:
        return model.meta.n_ctx
    return model.max_model_len


def quantization(info: ServerInfo, model: Listed) -> str | None:
    """Return the file's type as llama-server or Ollama names it; other servers report none."""
    if info.ollama is not None:
        tag = info.ollama.tag(model.id)
        return None if tag is None else tag.details.quantization_level or None
    of_model = None if model.meta is None else model.meta.ftype
    return of_model or (None if info.props is None else info.props.model_ftype) or None


def is_loaded(model: Listed) -> bool:
    """Check whether a router reports that a model is in memory."""
    return model.status is not None and model.status.value == "loaded"


def _of_server(target: LaneTarget) -> Settings:
    props, meta = target.info.props, target.model.meta
    settings: Settings = {"n_ctx": context_of(target.info, target.model)}
    if target.info.ollama is not None:
        settings |= _as_loaded(target, target.info.ollama)
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


def _as_loaded(target: LaneTarget, ollama: Ollama) -> Settings:
    """Return the settings of the loaded model, under the names that the backend `ollama` uses."""
    running = ollama.loaded(target.model.id)
    context = None if running is None else running.context_length
    settings: Settings = {"api": urlsplit(target.url).path, "num_ctx": context}
    if running is not None and running.size:
        settings["gpu_share"] = round(running.size_vram / running.size, 3)
    if target.shown is not None:
        settings["modelfile_parameters"] = " ".join(target.shown.parameters.split())[
            :_MAX_CHARACTERS
        ]
    return settings


def _of_request(target: LaneTarget, ask: Ask) -> Settings:
    fields = body(ask, target.model.id, target.info.engine, target.unsent)
    settings = _plain(fields)
    params: TextParams = ask.params
    unsupported = unsupported_params(params, fields)
    if unsupported:
        settings["not_said_to_the_engine"] = ", ".join(unsupported)
    if target.unsent:
        settings["refused_by_the_engine"] = ", ".join(sorted(target.unsent))
    return settings


def _plain(fields: Mapping[str, Any]) -> Settings:
    excluded = {"model", "prompt", "stream"}
    return {
        name: value
        for name, value in fields.items()
        if isinstance(value, str | int | float | bool) and name not in excluded
    }
