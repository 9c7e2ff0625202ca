"""The meaning of a chat server's errors: its own message, with a category and a remedy."""

from typing import Any

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.plugin.llm.chat_api.remedies import Remedies
from benchrace.plugin.llm.response.error_body import ErrorBody
from benchrace.plugin.llm.response.foreign import error_of
from benchrace.plugin.llm.response.words import words

_MEMORY = ("out of memory", "outofmemory", "cannot allocate", "failed to allocate")
# The status of an error that has none itself.
_DEFAULT_STATUS = 500


def refusal(status: int, text: str, remedies: Remedies) -> BenchraceError:
    """Return the meaning of an error response, or of an error in a successful response."""
    error = error_of(text)
    inside = 200 <= status < 300
    shown = error.code or _DEFAULT_STATUS if inside else status
    category, message, remedy = _classify(shown, error, remedies, inside=inside)
    return BenchraceError(category, message, remedy, detail=text[:2000] or None)


def failure_of(text: str, remedies: Remedies) -> Failure:
    """Return the meaning of an error in the middle of a stream."""
    return refusal(200, text, remedies).failure()


def redirected(status: int, location: str, text: str, remedies: Remedies) -> BenchraceError:
    """Return the failure of a redirect, which is never followed."""
    message = words(error_of(text).message, 200)
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"the server answers {status} and redirects to {words(location, 200)!r}; redirects are "
        f"not followed{f': {message}' if message else ''}",
        remedies.redirect,
        detail=text[:500] or None,
    )


def _classify(
    status: int, error: ErrorBody, remedies: Remedies, *, inside: bool
) -> tuple[Category, str, str | None]:
    low = (error.message or "no message").lower()
    text = f"the server reports an error ({status})" if inside else f"the server answers {status}"
    text = f"{text}: {error.message or 'no message'}"
    if error.type == "exceed_context_size_error" or "maximum context length" in low:
        tokens, context = (_count(error, name) for name in ("n_prompt_tokens", "n_ctx"))
        if tokens is not None and context is not None:
            text = f"the prompt has {tokens} tokens, the server's context {context}"
        remedy = "Shorten the prompt, or start the server with a larger context."
        return Category.VALIDATION, text, remedy
    if any(word in low for word in _MEMORY):
        return Category.OUT_OF_MEMORY, text, None
    if status in (401, 403):
        reason = f": {error.message}" if error.message else ""
        return Category.VALIDATION, f"the server requires a key ({status}){reason}", remedies.key
    if status in (400, 404) and "model" in low and ("not found" in low or "not exist" in low):
        return Category.MISSING_MODEL, text, None
    if status == 404 and not inside:
        return Category.UNREACHABLE, f"unknown route: {text}", remedies.route
    if status == 429:
        return Category.BUSY, text, "Use fewer streams, or wait until other clients are done."
    if status == 503:
        return Category.BUSY, text, "Wait until the server has loaded its model."
    if status in (400, 422):
        return Category.VALIDATION, text, None
    return Category.STREAM_ERROR, text, None


def _count(error: ErrorBody, name: str) -> int | None:
    value: Any = error.fields.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
