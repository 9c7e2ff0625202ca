"""Find the error in a server's response, in any of the known shapes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from benchrace.plugin.llm.response.words import words

_TEXTS = ("message", "error_message", "detail", "details", "msg", "reason", "error", "title")
_WRAPPERS = ("error", "detail", "message")
_MAX_DEPTH = 4


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """An error; `message` is the server's own, sanitised for display, and `code` its number if any.

    `fields` is the innermost object that the message came from.
    """

    message: str
    type: str | None = None
    code: int | None = None
    fields: Mapping[str, Any] = {}


def parse(text: str | bytes) -> ErrorBody | None:
    """Return the error of a body or event, None if it reports none."""
    try:
        data = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return find_error(data)


def find_error(data: Any) -> ErrorBody | None:
    """Return the error in JSON data: `error`, `errors`, `detail`, or a bare `message`.

    A response may have such a field without an error: null, false, "" and {} are none.
    """
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict):
        return None
    for name in ("error", "errors", "detail"):
        if data.get(name):
            return _of(data[name], data)
    typed = data.get("object") == "error" or data.get("type") == "error"
    message = next(
        (data[name] for name in ("message", "msg", "error_message") if data.get(name)), ""
    )
    if typed or (isinstance(message, str) and message and not _answers(data)):
        return _of(data, data)
    return None


def _answers(data: Mapping[str, Any]) -> bool:
    return any(data.get(name) is not None for name in ("choices", "done", "response", "usage"))


def _of(error: Any, outer: Mapping[str, Any], depth: int = 0) -> ErrorBody:
    """Return the innermost error: proxies wrap errors of others, some as JSON in a string."""
    if isinstance(error, str) and (packed := _packed(error)) is not None:
        return packed
    if isinstance(error, dict) and depth < _MAX_DEPTH:
        for inner in (error.get(name) for name in _WRAPPERS):
            if inner and isinstance(inner, dict):
                return _of(inner, error, depth + 1)
            if isinstance(inner, str) and (packed := _packed(inner)) is not None:
                return packed
    fields = error if isinstance(error, dict) else {}
    kind = fields.get("type", outer.get("type"))
    return ErrorBody(
        message=_text(error, 0) or words(_json(error)),
        type=kind if isinstance(kind, str) else None,
        code=_code(fields) or _code(outer),
        fields=fields,
    )


def _packed(text: str) -> ErrorBody | None:
    return parse(text[text.index("{") :]) if "{" in text else None


def _text(error: Any, depth: int) -> str:
    """Return the message of an error; of several, all of them."""
    if isinstance(error, str):
        return words(error)
    if depth >= _MAX_DEPTH:
        return ""
    if isinstance(error, list):
        texts = [_text(entry, depth + 1) for entry in error[:8]]
        return words("; ".join(text for text in texts if text))
    if isinstance(error, dict):
        for name in _TEXTS:
            if text := _text(error.get(name), depth + 1):
                return text
    return ""


def _code(fields: Mapping[str, Any]) -> int | None:
    for name in ("code", "status", "status_code"):
        value = fields.get(name)
        if isinstance(value, str) and value.isdigit() and len(value) == 3:
            value = int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value < 1000:
            return value
    return None


def _json(data: Any) -> str:
    return msgspec.json.encode(data).decode("utf-8", "replace")
