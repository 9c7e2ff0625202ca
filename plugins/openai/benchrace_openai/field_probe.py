"""Probe which fields a server accepts, since some servers reject fields that others need."""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from benchrace.plugin import BenchraceError, Context, Format, StreamLimits, StreamRequest
from benchrace_openai.errors import refusal
from benchrace_openai.facts import LaneTarget
from benchrace_openai.request import CONTINUOUS, CORE
from benchrace_openai.stream import read

_MAX_ATTEMPTS = 5
_REJECTIONS = (400, 422)


async def rejected_fields(
    target: LaneTarget,
    body: Callable[[Collection[str]], Mapping[str, Any]],
    context: Context,
    limits: StreamLimits,
) -> frozenset[str]:
    """Find the fields that a server rejects: those that it names, or all that are not core.

    `body` returns a request without the given fields. The rejected ones are logged. Raises the
    meaning of the server's error if omitting fields does not help.
    """
    unsent: set[str] = set()
    attempts = _MAX_ATTEMPTS
    while True:
        attempts -= 1
        fields = body(unsent)
        status, text = await _send(target, fields, context, limits)
        if 200 <= status < 300:
            return frozenset(unsent)
        suspects = _suspects(fields, text) if status in _REJECTIONS else set()
        if not suspects or not attempts:
            raise refusal(status, text)
        names = ", ".join(sorted(suspects))
        context.log(f"{target.server.label} rejects {names}: no longer sent", "warning")
        unsent |= suspects


async def _send(
    target: LaneTarget, body: Mapping[str, Any], context: Context, limits: StreamLimits
) -> tuple[int, str]:
    """Send a request as a round does; return the status, and the text of an error."""
    request = StreamRequest(
        url=target.url,
        headers=target.headers,
        body=json.dumps(body).encode(),
        format=Format.SSE,
        limits=limits,
        reuse=False,
    )
    status = 0
    try:
        async with context.stream.open(request) as stream:
            status = stream.status
            if not 200 <= status < 300:
                return status, await stream.text()
            async for chunk in stream:
                # Read to the end, so that the server is not left busy.
                delta = read(chunk.data)
                if delta.over or delta.finish or delta.failure:
                    break
                if delta.text or delta.reasoning:
                    stream.content()
    except BenchraceError:
        # The server accepted the request; a round reports what is wrong with its answers.
        if not 200 <= status < 300:
            raise
    return status, ""


def _suspects(body: Mapping[str, Any], text: str) -> set[str]:
    """Return the fields that may have been rejected; never `stream_options` as a whole."""
    if CONTINUOUS in body.get("stream_options", {}):
        inner = {CONTINUOUS} if CONTINUOUS in text or "stream_options" in text else set()
        outer = {name: value for name, value in body.items() if name != "stream_options"}
        named = {name for name in outer if name in text and name not in CORE - {"max_tokens"}}
        return inner | named or {CONTINUOUS}
    optional = {name for name in body if name not in CORE} | {"max_tokens"} & set(body)
    named = {name for name in optional if name in text}
    return named or {name for name in optional if name not in CORE}
