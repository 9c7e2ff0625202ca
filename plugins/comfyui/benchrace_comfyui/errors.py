"""The meaning of ComfyUI's errors: refused requests, and nodes that failed."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, parse_json
from benchrace_comfyui.scrub import scrub

LOG = "Check ComfyUI's log (the terminal that it runs in, or user/comfyui.log in its folder)"
_MAX_CHARS = 300
_MAX_REASONS = 5
_MEMORY = ("out of memory", "outofmemory", "allocation on device", "alloc_failed")
_UNSUPPORTED = (
    "no kernel image is available",
    "not compiled with cuda",
    "driver version is insufficient",
    "found no nvidia driver",
    "not supported on this device",
    "hip error: invalid device function",
)
_DAMAGED = (
    "safetensorerror",
    # Before safetensors 0.6, ComfyUI raises a ValueError of its own.
    "error while deserializing header",
    "invalid header",
    "could not detect model type",
    "pytorchstreamreader",
    "unpicklingerror",
    "file might be corrupted",
    # A .ckpt of 0 bytes, without a message.
    "eoferror",
)


def refusal(status: int, data: bytes) -> BenchraceError:
    """Return the meaning of an error response of any route."""
    if status == 403:
        return BenchraceError(
            Category.UNREACHABLE,
            "ComfyUI refuses requests to this address (403)",
            "Use the address that it listens on: comfyui.base_url in agent.yaml.",
        )
    reasons = "; ".join(_reasons(_body(data))) or _words(data.decode("utf-8", "replace"))
    if status == 400:
        return rejected(reasons or "it gives no reason")
    if 300 <= status < 400 or status == 404:
        return BenchraceError(
            Category.BAD_OUTPUT,
            f"the address answers {status}, unlike ComfyUI's",
            "Check that this is ComfyUI's address: comfyui.base_url in agent.yaml.",
        )
    return BenchraceError(
        Category.STREAM_ERROR, f"ComfyUI answers {status}: {reasons}", f"{LOG} for the cause."
    )


def rejected(reasons: str) -> BenchraceError:
    """Return the error of a prompt that the server does not accept."""
    return BenchraceError(
        Category.VALIDATION,
        f"ComfyUI rejects the prompt: {reasons}",
        "Correct the parameter that it names, or update ComfyUI.",
    )


def node_reasons(node_errors: Any) -> str:
    """Return the reasons in the `node_errors` of an answer; empty without any."""
    return "; ".join(_reasons({"node_errors": node_errors}))


class NodeFailed(BenchraceError):
    """A node raised while the server executed a prompt."""


def failed(message: Mapping[str, Any]) -> NodeFailed:
    """Return the meaning of an `execution_error`."""
    kind, text = str(message.get("exception_type", "")), str(message.get("exception_message", ""))
    node = f"{message.get('node_type', 'a node')} ({message.get('node_id', '?')})"
    words = _words(text) or kind or "no message"
    trace = message.get("traceback")
    detail = scrub("".join(map(str, trace)))[:20_000] if isinstance(trace, list) else None
    category, what, remedy = _failure(f"{kind} {text}".lower())
    return NodeFailed(category, f"{what} in {node}: {words}", remedy, detail=detail)


def _failure(low: str) -> tuple[Category, str, str]:
    if any(sign in low for sign in _MEMORY):
        return (
            Category.OUT_OF_MEMORY,
            "ComfyUI ran out of memory",
            "Choose a smaller size or batch, or start ComfyUI with --lowvram.",
        )
    if any(sign in low for sign in _UNSUPPORTED):
        return (
            Category.UNSUPPORTED_HARDWARE,
            "ComfyUI's PyTorch cannot use this machine's GPU",
            "Install a PyTorch build for this GPU and its driver.",
        )
    if any(sign in low for sign in _DAMAGED):
        return (
            Category.MISSING_MODEL,
            "ComfyUI cannot load the file",
            "Copy the file to that machine again: it is damaged, or another kind of model.",
        )
    return Category.STREAM_ERROR, "ComfyUI failed", f"{LOG} for the cause."


def _body(data: bytes) -> Any:
    try:
        return parse_json(data)
    except msgspec.MsgspecError:
        return None


def _reasons(body: Any) -> Iterator[str]:
    """Yield what is wrong with a prompt, by node where the server says which."""
    if not isinstance(body, Mapping):
        return
    nodes = body.get("node_errors")
    count = 0
    for node_id, node in nodes.items() if isinstance(nodes, Mapping) else ():
        errors = node.get("errors") if isinstance(node, Mapping) else None
        for error in errors if isinstance(errors, list) else ():
            if isinstance(error, Mapping) and count < _MAX_REASONS:
                count += 1
                yield f"{node.get('class_type', 'node')} ({node_id}): {_one(error)}"
    error = body.get("error")
    if not count and isinstance(error, Mapping):
        yield _one(error)
    elif not count and error:
        yield _words(str(error))


def _one(error: Mapping[str, Any]) -> str:
    message, details = str(error.get("message", "")), str(error.get("details") or "")
    return _words(f"{message}: {details}" if details and details != message else message)


def _words(text: str) -> str:
    return scrub(" ".join(text.split()))[:_MAX_CHARS]
