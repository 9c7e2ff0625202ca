"""Consume a stream: feed its chunks to the state of a response, or explain what came instead."""

import re
from collections.abc import Sized
from typing import Protocol

import anyio

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.llm.response import error_body, foreign
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.parser import ResponseParser
from benchrace.plugin.stream import Chunk, Format, Stream, StreamRequest

# An escaped surrogate without its other half.
_UNPAIRED_SURROGATE = re.compile(
    rb"(?i)\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})"
)
# A line of server-sent events that was cut off.
_EVENT = re.compile(r"(data|event|id|retry)?(:|$)")
# The frame that ends a body follows the answer's own end at once, or never.
_LAST_FRAME_S = 0.05
_REST_S = 1.0
_REST_BYTES = 4096


class ResponseState(Protocol):
    """The state of a response that is being read."""

    failure: BenchraceError | None

    @property
    def stamps(self) -> Sized: ...

    @property
    def chunks(self) -> int: ...

    @property
    def ended(self) -> bool: ...

    def take(self, chunk: Chunk, delta: Delta) -> bool: ...


async def consume(
    stream: Stream, request: StreamRequest, parser: ResponseParser, state: ResponseState
) -> None:
    """Feed all chunks to `state`, until the answer's own end, its failure, or the stream's end.

    Raises what the stream raises, or the server's own error message if it sent one.
    """
    try:
        await _consume_chunks(stream, request, parser, state)
    except BenchraceError as error:
        server_error = _instead(stream, request, parser, state)
        if server_error is None:
            raise
        raise server_error from error
    if state.failure is None and not state.ended:
        state.failure = _instead(stream, request, parser, state)


async def _consume_chunks(
    stream: Stream, request: StreamRequest, parser: ResponseParser, state: ResponseState
) -> None:
    texts = request.limits.texts
    async for chunk in stream:
        try:
            delta = _parse(parser, chunk)
        except BenchraceError:
            if state.chunks or request.format is not Format.NDJSON:
                raise
            raise foreign.failure(parser, await _whole(stream, chunk)) from None
        if state.take(chunk, delta):
            stream.content()
        if state.failure is not None:
            # An engine may report an error and then hold the stream open.
            return
        if delta.over or delta.done:
            await _last_frame(stream)
            return
        if texts and len(state.stamps) > texts:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"the answer continues after {texts} chunks with text, far more than requested",
                "Check that the engine respects max_tokens.",
            )


async def _last_frame(stream: Stream) -> None:
    """Wait a moment for the frame that ends the body, so that the connection can be kept.

    The answer is complete, whatever follows or fails to follow.
    """
    with anyio.move_on_after(_LAST_FRAME_S):
        try:
            async for _ in stream:
                continue
        except BenchraceError:
            return


def _parse(parser: ResponseParser, chunk: Chunk) -> Delta:
    """Parse a chunk; an event named `error` is an error, whatever its data looks like."""
    is_error = chunk.event.strip().lower() == "error"
    try:
        delta = parser.parse(chunk.data)
    except BenchraceError as error:
        if not is_error:
            raise _surrogate_error(chunk.data, error) or error from None
        delta = Delta()
    if is_error and delta.failure is None:
        text = chunk.data.decode("utf-8", "replace")
        return Delta(failure=parser.refusal(foreign.SUCCESS, text).failure())
    return delta


def _surrogate_error(data: bytes, error: BenchraceError) -> BenchraceError | None:
    if error.category is not Category.BAD_OUTPUT:
        return None
    surrogate = _UNPAIRED_SURROGATE.search(data)
    if surrogate is None:
        return None
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"the engine sent the unpaired surrogate {surrogate.group().decode()}",
        "Update the engine, which splits characters between chunks, or avoid emoji in the answer.",
        detail=error.message,
    )


async def _whole(stream: Stream, first: Chunk) -> str:
    """Return the beginning of a body whose first line is not a message."""
    lines, size = [first.data], len(first.data)
    with anyio.move_on_after(_REST_S):
        try:
            async for chunk in stream:
                lines.append(chunk.data)
                size += len(chunk.data)
                if size >= _REST_BYTES:
                    break
        except BenchraceError:
            lines.append(stream.rest)
    return b"\n".join(lines)[:_REST_BYTES].decode("utf-8", "replace")


def _instead(
    stream: Stream, request: StreamRequest, parser: ResponseParser, state: ResponseState
) -> BenchraceError | None:
    """Return the error in what a server sent beside its events, or instead of any; None if none."""
    text = stream.rest.decode("utf-8", "replace").strip()
    if not text:
        return None
    if error_body.parse(text) is not None:
        return parser.refusal(foreign.SUCCESS, text)
    if state.chunks or request.format is not Format.SSE:
        return None
    return None if _EVENT.match(text) and "\n" not in text else foreign.failure(parser, text)
