"""The meaning of Ollama's errors, in error responses and in streams."""

from benchrace.plugin import BenchraceError, Category, error_of

# An Ollama that does not answer, or a model that it does not have, holds no memory.
AWAY = (Category.UNREACHABLE, Category.TIMEOUT_CONNECT, Category.MISSING_MODEL)
LOG = "Check Ollama's log (journalctl -u ollama, or ~/.ollama/logs/server.log)"
_MEMORY = (
    "failed to allocate",
    "insufficient memory",
    "out of memory",
    "requires more system memory",
)
_DIED = ("has terminated", "unexpectedly stopped", "unexpected eof", "connection reset")


def refusal(status: int, text: str) -> BenchraceError:
    """Return the meaning of an error response; `text` is its body."""
    message = error_of(text).message
    if status == 503:
        return BenchraceError(
            Category.BUSY,
            f"Ollama is busy: {message}",
            "Wait until its other requests are answered, or raise OLLAMA_MAX_QUEUE.",
        )
    if status == 403 and not message:
        return BenchraceError(
            Category.UNREACHABLE,
            "Ollama refuses requests to this address (403)",
            "Use 127.0.0.1 or localhost, or allow the address in OLLAMA_ORIGINS.",
        )
    if 300 <= status < 400:
        return BenchraceError(
            Category.BAD_OUTPUT,
            f"the address answers {status} with a redirect, which is not followed: {message}",
            "Correct the address: ollama.base_url in agent.yaml, or OLLAMA_BASE_URL.",
        )
    return meaning(message or f"status {status} without a message")


def meaning(message: str) -> BenchraceError:
    """Return the meaning of an error message of Ollama."""
    low = message.lower()
    if "not found" in low and "model" in low:
        return missing(_quoted(message))
    if "exceeds the available context size" in low or "exceeds maximum context" in low:
        return BenchraceError(
            Category.VALIDATION,
            f"the prompt is longer than the context: {message:.300}",
            "Raise num_ctx, or use a shorter prompt.",
        )
    if "does not support thinking" in low:
        return BenchraceError(
            Category.VALIDATION, f"Ollama reports: {message:.300}", "Set think to model or off."
        )
    if any(word in low for word in _MEMORY):
        return BenchraceError(
            Category.OUT_OF_MEMORY,
            f"Ollama could not load the model: {message:.500}",
            "Lower num_ctx, choose a smaller model, or unload others: ollama ps, ollama stop.",
        )
    if any(word in low for word in _DIED):
        return BenchraceError(
            Category.STREAM_ERROR,
            f"Ollama's runner died: {message:.500}",
            f"{LOG}: it was killed or crashed, often for lack of memory. "
            "The next request loads the model again.",
        )
    return BenchraceError(
        Category.STREAM_ERROR, f"Ollama reports: {message:.500}", f"{LOG} for the cause."
    )


def missing(model: str) -> BenchraceError:
    """Return the error of a model that Ollama does not have."""
    return BenchraceError(
        Category.MISSING_MODEL,
        f"Ollama has no model {model!r}",
        f"Get it with: ollama pull {model} (or: benchrace models pull {model})",
    )


def _quoted(message: str) -> str:
    for mark in "'\"":
        parts = message.split(mark)
        if len(parts) >= 3:
            return parts[1]
    return ""
