"""Many requests at the same time: closed loops, and open ones that never wait for the engine."""

import random
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import anyio
import msgspec

from benchrace.kinds.llm import Arrival, ServeParams, Steady
from benchrace.plugin.context import Context
from benchrace.plugin.llm.hearing import Heard, Speaker, hear, unshown
from benchrace.plugin.stream import StreamRequest

Requests = Callable[[int], StreamRequest]


async def play(
    speaker: Speaker, request: Requests, params: ServeParams, context: Context, t0_ns: int
) -> list[Heard]:
    """Send all requests of a round; gives what was heard, by number of the request."""
    heard: dict[int, Heard] = {}
    opened = 0

    async def one(number: int, show: bool) -> None:
        nonlocal opened
        prepared = request(number)
        opened, order = opened + 1, opened
        heard[number] = await hear(
            speaker,
            prepared,
            context,
            number=order,
            t0_ns=t0_ns,
            show=context.token if show else unshown,
        )
        context.progress(len(heard), params.asked, "answers")

    if params.arrival is Arrival.CLOSED:
        await _closed(one, params)
    else:
        schedule = instants(params)
        await _open(one, params, schedule, context, t0_ns)
        for number, at_ns in enumerate(schedule):
            each = heard[number]
            answer = msgspec.structs.replace(each.answer, scheduled_ns=at_ns)
            heard[number] = replace(each, answer=answer)
    return [heard[number] for number in range(params.asked)]


def at_once(params: ServeParams) -> int:
    """How many requests go out as the round starts: each finds its connection made."""
    closed = params.arrival is Arrival.CLOSED
    return params.concurrency if closed else 1


def instants(params: ServeParams) -> list[int]:
    """When each request is due, ns since the start; Poisson by the seed, so equal for all lanes."""
    if params.arrival is Arrival.CONSTANT:
        return [int(number * 1e9 / params.rate) for number in range(params.asked)]
    draw = random.Random(params.seed)
    at, due = 0.0, []
    for _ in range(params.asked):
        due.append(int(at * 1e9))
        at += draw.expovariate(params.rate)
    return due


async def _closed(one: Callable[[int, bool], Awaitable[None]], params: ServeParams) -> None:
    numbers = iter(range(params.asked))

    async def stream(shown: bool) -> None:
        for number in numbers:
            await one(number, shown)

    async with anyio.create_task_group() as group:
        for index in range(at_once(params)):
            group.start_soon(stream, index == 0)


async def _open(
    one: Callable[[int, bool], Awaitable[None]],
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
            await one(number, number == 0)

    async with anyio.create_task_group() as group:
        for number, at_ns in enumerate(schedule):
            group.start_soon(due, number, at_ns)


def steady(heard: Sequence[Heard], params: ServeParams, t0_ns: int) -> Steady | None:
    """The window in which all streams of a closed loop were busy with tokens.

    From the first token of the last stream to begin, to the last token of the first that ends with
    nothing left to send. Tokens are each answer's N_out by its share of chunks after the start, as
    those of a chunk were made before it came.
    """
    streams = min(params.concurrency, len(heard))
    if params.arrival is not Arrival.CLOSED or any(
        each.failure is not None or each.answer.usage.output is None for each in heard
    ):
        return None
    by_start = sorted(heard, key=lambda each: each.answer.send_ns)
    start = max(each.stamps[0] for each in by_start[:streams])
    # A stream that ends takes the next request; the last `streams` ends find none left.
    end = sorted(each.stamps[-1] for each in heard)[-streams]
    if end <= start:
        return None
    tokens = 0.0
    for each in heard:
        inside = bisect_right(each.stamps, end) - bisect_right(each.stamps, start)
        tokens += (each.answer.usage.output or 0) * inside / each.answer.content
    return Steady(start_ns=start - t0_ns, end_ns=end - t0_ns, tokens=tokens)
