"""What Ollama's errors mean, whether they come as a status or as a line in mid-stream."""

import msgspec

from benchrace.plugin import BenchraceError, Category

LOG = "Look at Ollama's log (journalctl -u ollama, or ~/.ollama/logs/server.log)"
_MEMORY = (
    "failed to allocate",
    "insufficient memory",
    "out of memory",
    "requires more system memory",
)
_DIED = ("has terminated", "unexpectedly stopped", "unexpected eof", "connection reset")


class _Refused(msgspec.Struct):
    error: str = ""


def refusal(status: int, text: str) -> BenchraceError:
    """Say what an answer that is no success means; `text` is its body."""
    said = _said(text)
    if status == 503:
        return BenchraceError(
            Category.BUSY,
            f"Ollama is busy: {said}",
            "Wait until its other requests are answered, or raise OLLAMA_MAX_QUEUE.",
        )
    if status == 403 and not said:
        return BenchraceError(
            Category.UNREACHABLE,
            "Ollama refuses the address that it is asked by (403)",
            "Ask it by 127.0.0.1 or localhost, or allow the address in OLLAMA_ORIGINS.",
        )
    return meaning(said or f"status {status} without a word")


def meaning(said: str) -> BenchraceError:
    """Say what an error text of Ollama means."""
    low = said.lower()
    if "not found" in low and "model" in low:
        return missing(_quoted(said))
    if "exceeds the available context size" in low or "exceeds maximum context" in low:
        return BenchraceError(
            Category.VALIDATION,
            f"the prompt is longer than the context: {said:.300}",
            "Raise num_ctx, or take a shorter prompt.",
        )
    if "does not support thinking" in low:
        return BenchraceError(
            Category.VALIDATION, f"Ollama says: {said:.300}", "Set think to model or off."
        )
    if any(word in low for word in _MEMORY):
        return BenchraceError(
            Category.OUT_OF_MEMORY,
            f"Ollama could not load the model: {said:.500}",
            "Lower num_ctx, choose a smaller model, or unload others: ollama ps, ollama stop.",
        )
    if any(word in low for word in _DIED):
        return BenchraceError(
            Category.STREAM_ERROR,
            f"Ollama's runner died: {said:.500}",
            f"{LOG}: it was killed or crashed, often for want of memory. "
            "The next request loads the model again.",
        )
    return BenchraceError(
        Category.STREAM_ERROR, f"Ollama says: {said:.500}", f"{LOG} for what led to it."
    )


def missing(model: str) -> BenchraceError:
    """Say that Ollama has no such model, and how it gets it."""
    return BenchraceError(
        Category.MISSING_MODEL,
        f"Ollama has no model {model!r}",
        f"Get it with: ollama pull {model} (or: benchrace models pull {model})",
    )


def _said(text: str) -> str:
    """The error inside the body; llama-server's own errors are JSON inside of that."""
    try:
        said = msgspec.json.decode(text, type=_Refused).error or text.strip()
    except (msgspec.DecodeError, ValueError):
        return text.strip()
    try:
        inner = msgspec.json.decode(said[said.index("{") :], type=dict[str, dict[str, object]])
        return str(inner["error"]["message"])
    except (msgspec.DecodeError, ValueError, KeyError):
        return said


def _quoted(said: str) -> str:
    for mark in "'\"":
        parts = said.split(mark)
        if len(parts) >= 3:
            return parts[1]
    return ""
