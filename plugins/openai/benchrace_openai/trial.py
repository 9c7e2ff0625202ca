"""Try a request before anything is measured: some servers refuse fields that others want."""

from collections.abc import Mapping
from typing import Any

from benchrace.plugin import Context
from benchrace_openai.body import CORE
from benchrace_openai.calls import Calls
from benchrace_openai.refusals import refusal

_TRIES = 4
_REFUSALS = (400, 422)


async def refused(
    calls: Calls, path: str, wanted: Mapping[str, Any], context: Context, limit_s: float
) -> frozenset[str]:
    """Find the fields that this server refuses: those that it names, or all that are not core.

    Each is said in the log. Raises what the server's errors mean where nothing helps.
    """
    unsent: set[str] = set()
    left = _TRIES
    while True:
        left -= 1
        body = {name: value for name, value in wanted.items() if name not in unsent}
        if "max_tokens" in unsent:
            body["max_completion_tokens"] = wanted["max_tokens"]
        reply = await calls.post(path, body, timeout_s=limit_s)
        if reply.ok:
            return frozenset(unsent)
        suspects = _suspects(body, reply.text) if reply.status in _REFUSALS else set()
        if not suspects or not left:
            raise refusal(reply.status, reply.text)
        names = ", ".join(sorted(suspects))
        context.log(f"{calls.server.label} refuses {names}: not sent any more", "warning")
        unsent |= suspects


def _suspects(body: Mapping[str, Any], text: str) -> set[str]:
    """Name what may have been refused."""
    optional = {name for name in body if name not in CORE} | {"max_tokens"} & set(body)
    named = {name for name in optional if name in text}
    return named or {name for name in optional if name not in CORE}
