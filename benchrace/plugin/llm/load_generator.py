"""Generate concurrent requests: in closed loops, or in open ones that never wait for the engine."""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import anyio
import msgspec

from benchrace.kinds.llm import Arrival, ServeParams, Steady
from benchrace.plugin.context import Context
from benchrace.plugin.llm.response import window
from benchrace.plugin.llm.response.stream import Response, ignore_text, read_response
from benchrace.plugin.llm.text_lane import TextLane
from benchrace.plugin.stream import StreamRequest

Requests = Callable[[int], StreamRequest]


async def play(
    lane: TextLane, request: Requests, params: ServeParams, t0_ns: int
) -> list[Response]:
    """Send all requests of a round; return the responses in the order of the requests' numbers."""
    context = lane.context
    responses: dict[int, Response] = {}
    sent = 0

    async def send(number: int, show: bool) -> None:
        nonlocal sent
        prepared = request(number)
        sent, order = sent + 1, sent
        responses[number] = await read_response(
            lane,
            prepared,
            context,
            number=order,
            t0_ns=t0_ns,
            show=context.token if show else ignore_text,
        )
        context.progress(len(responses), params.total_requests, "answers")

    if params.arrival is Arrival.CLOSED:
        await _closed(send, params)
    else:
        schedule = instants(params)
        await _open(send, params, schedule, context, t0_ns)
        for number, at_ns in enumerate(schedule):
            response = responses[number]
            answer = msgspec.structs.replace(response.answer, scheduled_ns=at_ns)
            responses[number] = replace(response, answer=answer)
    return [responses[number] for number in range(params.total_requests)]


def at_once(params: ServeParams) -> int:
    """Return how many requests are sent at the start, whose connections are opened ahead."""
    closed = params.arrival is Arrival.CLOSED
    return params.concurrency if closed else 1


def instants(params: ServeParams) -> list[int]:
    """Return when each request is due, ns since the start; all lanes get the same by the seed."""
    if params.arrival is Arrival.CONSTANT:
        return [int(number * 1e9 / params.rate) for number in range(params.total_requests)]
    draw = random.Random(params.seed)
    at, due = 0.0, []
    for _ in range(params.total_requests):
        due.append(int(at * 1e9))
        at += draw.expovariate(params.rate)
    return due


async def _closed(send: Callable[[int, bool], Awaitable[None]], params: ServeParams) -> None:
    numbers = iter(range(params.total_requests))

    async def stream(show: bool) -> None:
        for number in numbers:
            await send(number, show)

    async with anyio.create_task_group() as group:
        for index in range(at_once(params)):
            group.start_soon(stream, index == 0)


async def _open(
    send: Callable[[int, bool], Awaitable[None]],
    params: ServeParams,
    schedule: Sequence[int],
    context: Context,
    t0_ns: int,
) -> None:
    free = anyio.Semaphore(params.concurrency)

    async def due(number: int, at_ns: int) -> None:
        left = (t0_ns + at_ns - context.clock.monotonic_ns()) / 1e9
        await anyio.sleep(max(0.0, left))
        async with free:
            await send(number, number == 0)

    async with anyio.create_task_group() as group:
        for number, at_ns in enumerate(schedule):
            group.start_soon(due, number, at_ns)


def steady(responses: Sequence[Response], params: ServeParams, t0_ns: int) -> Steady | None:
    """Return the window in which all streams of a closed loop were generating tokens.

    From the first token of the last stream to begin, to the last token of the first stream that
    has no request left. Tokens count only after the start, as those of a chunk were generated
    before it arrived.
    """
    streams = min(params.concurrency, len(responses))
    if params.arrival is not Arrival.CLOSED or any(
        response.failure is not None or response.answer.usage.output is None
        for response in responses
    ):
        return None
    by_start = sorted(responses, key=lambda response: response.answer.send_ns)
    start = max(response.stamps[0] for response in by_start[:streams])
    # A stream that ends takes the next request; after the last `streams` ends none is left.
    end = sorted(response.stamps[-1] for response in responses)[-streams]
    if end <= start:
        return None
    tokens = window.total(
        [
            window.tokens_between(response.answer, response.stamps, response.counts, start, end)
            for response in responses
        ]
    )
    return Steady(
        start_ns=start - t0_ns,
        end_ns=end - t0_ns,
        tokens=tokens.n,
        least=tokens.least,
        most=tokens.most,
    )
