"""What a server's errors mean: its own words, sorted by what a person can do about them."""

from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Failure

_MEMORY = ("out of memory", "outofmemory", "cannot allocate", "failed to allocate")


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    type: str | None = None
    code: int | str | None = None
    n_prompt_tokens: int | None = None
    n_ctx: int | None = None


def refusal(status: int, text: str) -> BenchraceError:
    """Say what an answer with this status means."""
    error = _error(text)
    category, message, remedy = _sorted(status, error)
    return BenchraceError(category, message, remedy, detail=text[:2000] or None)


def failure_of(data: bytes) -> Failure:
    """Say what an error in the middle of a stream means."""
    text = data.decode("utf-8", "replace")
    error = _error(text)
    status = error.code if isinstance(error.code, int) else 500
    return refusal(status, text).failure()


def _sorted(status: int, error: _Error) -> tuple[Category, str, str | None]:
    said = f"the server answers {status}: {error.message[:500]}"
    low = error.message.lower()
    if error.type == "exceed_context_size_error" or "maximum context length" in low:
        if error.n_prompt_tokens is not None and error.n_ctx is not None:
            said = (
                f"the prompt has {error.n_prompt_tokens} tokens, the server's context {error.n_ctx}"
            )
        return Category.VALIDATION, said, "Shorten the prompt, or start it with more context."
    if any(word in low for word in _MEMORY):
        return Category.OUT_OF_MEMORY, said, None
    if status in (401, 403):
        remedy = "Set `api_key` or `api_key_env` in the table `openai` of agent.yaml."
        return Category.VALIDATION, f"the server wants a key ({status})", remedy
    if status in (400, 404) and "model" in low and ("not found" in low or "not exist" in low):
        return Category.MISSING_MODEL, said, None
    if status == 404:
        remedy = "Correct `base_url` in the table `openai` of agent.yaml."
        return Category.UNREACHABLE, f"there is no such route: {said}", remedy
    if status == 429:
        return Category.BUSY, said, "Ask for fewer streams, or wait until others are done."
    if status == 503:
        return Category.BUSY, said, "Wait until the server has loaded its model."
    if status in (400, 422):
        return Category.VALIDATION, said, None
    return Category.STREAM_ERROR, said, None


def _error(text: str) -> _Error:
    """Find the error in any of the shapes that servers have for it; plain text is one."""
    try:
        data: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError):
        return _Error(message=text.strip())
    if not isinstance(data, dict):
        return _Error(message=text.strip())
    inner = data.get("error", data.get("detail", data))
    if isinstance(inner, dict):
        try:
            return msgspec.convert(inner, _Error, strict=False)
        except msgspec.ValidationError:
            return _Error(message=text.strip())
    return _Error(message=inner if isinstance(inner, str) else text.strip())
