"""An envelope as a job of the kind `workflow`. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace.compat.envelope.envelope import Envelope, NodeBinding, NodeOverride, StoredFile
from benchrace.delivery.callbacks import Callbacks
from benchrace.delivery.output import Output
from benchrace.errors import FieldError, InvalidInput

KIND = "workflow"
# By its name in the envelope's bindings: the workload's own, which needs no value of its own.
_PARAMETERS = {
    "base_model_path": "base_model",
    "base_model_name": "base_model",
    "prompt": "prompt",
    "negative_prompt": "negative",
    "width": "width",
    "height": "height",
    "steps": "steps",
    "cfg_scale": "cfg",
    "cfg": "cfg",
    "sampler": "sampler",
    "sampler_name": "sampler",
    "scheduler": "scheduler",
    "scheduler_name": "scheduler",
    "seed": "seed",
}
_MAX_STRENGTH = 1000.0
_PRIMARY = "primary_lora_"
_SENT_AS = {
    "workflow": "workflow",
    "base_model": "baseModel",
    "negative": "parameters.negativePrompt",
    "cfg": "parameters.cfgScale",
    "width": "parameters.resolution.width",
    "height": "parameters.resolution.height",
    "values": "parameters.extra",
    "overrides": "workflowOverrides",
    "loras": "loras",
}


def job_request(envelope: Envelope) -> dict[str, Any]:
    """Return the envelope as a native request; raises InvalidInput for what cannot be done."""
    sent = envelope.parameters
    values = _context(envelope)
    bound = {binding.parameter for binding in envelope.workflow_parameters}
    primary = any(name.startswith(_PRIMARY) for name in bound)
    params: dict[str, Any] = {
        "workflow": _workflow(envelope),
        "base_model": envelope.base_model.name if envelope.base_model else None,
        "prompt": sent.prompt,
        "negative": sent.negative_prompt,
        "width": sent.resolution.width if sent.resolution else None,
        "height": sent.resolution.height if sent.resolution else None,
        "steps": sent.steps,
        "cfg": sent.cfg_scale,
        "sampler": values.get("sampler"),
        "scheduler": values.get("scheduler"),
        "loras": _loras(envelope)[1 if primary else 0 :],
        "overrides": [_builtin(override) for override in envelope.workflow_overrides],
        "bindings": [
            {"parameter": _native(binding.parameter), "node": binding.node, "path": binding.path}
            for _, binding in bindings(envelope)
        ],
        "values": {
            name: values[name] for name in bound if name not in _PARAMETERS and name in values
        },
    }
    if sent.seed is not None and sent.seed >= 0:
        # A seed that was used before is answered from the engine's cache, unless it starts cold.
        params |= {"seed": sent.seed, "residence": "cold"}
    return {
        "kind": KIND,
        "label": envelope.workflow.id[:200] or None,
        "params": {key: value for key, value in params.items() if value is not None},
        "callbacks": msgspec.to_builtins(envelope.callbacks or Callbacks()),
        "output": msgspec.to_builtins(_output(envelope)),
    }


def _output(envelope: Envelope) -> Output | None:
    own = envelope.output
    return None if own is None else Output(bucket=own.bucket, prefix=own.prefix)


def bindings(envelope: Envelope) -> Iterator[tuple[int, NodeBinding]]:
    """Yield the bindings that have a value, each with its place in the envelope."""
    values = _context(envelope)
    for place, binding in enumerate(envelope.workflow_parameters):
        # The older agent left an input as it was where its parameter had no value.
        if binding.parameter in values or binding.parameter == "seed":
            yield place, binding


def summary(envelope: Envelope) -> dict[str, Any]:
    """Return the main parameters, as the older agent's callbacks repeat them."""
    values = _context(envelope)
    names = {
        "model": "base_model_name",
        "seed": "seed",
        "steps": "steps",
        "cfg": "cfg_scale",
        "sampler": "sampler",
        "scheduler": "scheduler",
        "width": "width",
        "height": "height",
    }
    params = {name: values.get(key) for name, key in names.items()}
    params["loras"] = [{"name": lora["name"]} for lora in _loras(envelope)] or None
    return {name: value for name, value in params.items() if value is not None}


def as_sent(field: FieldError, envelope: Envelope) -> FieldError:
    """Name a field of the native request as the envelope has it."""
    path = field.path.removeprefix("params.")
    name, dot, rest = path.partition(".")
    stem, bracket, index = name.partition("[")
    if stem == "bindings" and bracket:
        place = [place for place, _ in bindings(envelope)][int(index.rstrip("]"))]
        return FieldError(f"workflowParameters[{place}]{dot}{rest}", field.message)
    if stem in _PARAMETERS.values() and stem not in _SENT_AS:
        return FieldError(f"parameters.{path}", field.message)
    return FieldError(path.replace(stem, _SENT_AS.get(stem, stem), 1), field.message)


def _context(envelope: Envelope) -> dict[str, Any]:
    """Return the values that bindings may name, as the older agent collected them."""
    sent = envelope.parameters
    model = envelope.base_model.name if envelope.base_model else None
    own = {
        "prompt": sent.prompt,
        "negative_prompt": sent.negative_prompt,
        "seed": sent.seed,
        "cfg_scale": sent.cfg_scale,
        "cfg": sent.cfg_scale,
        "steps": sent.steps,
        "width": sent.resolution.width if sent.resolution else None,
        "height": sent.resolution.height if sent.resolution else None,
        "base_model_path": model,
        "base_model_name": model,
        "sampler": sent.sampler or sent.extra.get("sampler") or sent.extra.get("sampler_name"),
        "scheduler": (
            sent.scheduler or sent.extra.get("scheduler") or sent.extra.get("scheduler_name")
        ),
    }
    own |= {"sampler_name": own["sampler"], "scheduler_name": own["scheduler"]}
    if loras := _loras(envelope):
        own[f"{_PRIMARY}name"] = loras[0]["name"]
        own[f"{_PRIMARY}strength_model"] = loras[0]["strength"]
        own[f"{_PRIMARY}strength_clip"] = loras[0]["strength"]
    extra = {key: value for key, value in sent.extra.items() if not key.startswith(_PRIMARY)}
    merged = {**extra, **{key: value for key, value in own.items() if value is not None}}
    return {key: value for key, value in merged.items() if value is not None}


def _workflow(envelope: Envelope) -> dict[str, Any] | str:
    source = envelope.workflow
    if source.inline is not None:
        return source.inline
    if source.local_path:
        return source.local_path
    bucket = source.bucket or (envelope.base_model.bucket if envelope.base_model else "")
    if not source.minio_key or not bucket:
        message = "expected inline, localPath, or minioKey with bucket"
        raise InvalidInput(FieldError("workflow", message))
    return f"s3://{bucket}/{source.minio_key.lstrip('/')}"


def _loras(envelope: Envelope) -> list[dict[str, Any]]:
    listed = envelope.parameters.extra.get("loras") or []
    if not isinstance(listed, list):
        raise InvalidInput(FieldError("parameters.extra.loras", "expected a list"))
    details = [entry for entry in listed if isinstance(entry, dict)]
    return [
        {"name": lora.name, "strength": _strength(lora, place, details)}
        for place, lora in enumerate(envelope.loras)
    ]


def _strength(lora: StoredFile, place: int, details: list[dict[str, Any]]) -> float:
    """Return a LoRA's strength from `extra.loras`: by its key, else by its place."""
    matches = [entry for entry in details if entry.get("key") == lora.key]
    if not matches and place < len(details) and "key" not in details[place]:
        matches = [details[place]]
    value = matches[0].get("strength") if matches else None
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > _MAX_STRENGTH:
        message = f"invalid strength of {lora.name[:80]!r} (e.g. 0.8)"
        raise InvalidInput(FieldError("parameters.extra.loras", message))
    return float(value)


def _native(parameter: str) -> str:
    return _PARAMETERS.get(parameter, parameter)


def _builtin(override: NodeOverride) -> dict[str, Any]:
    return {"node": override.node, "path": override.path, "value": override.value}
