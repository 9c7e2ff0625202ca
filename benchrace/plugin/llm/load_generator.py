"""Generate concurrent requests: in closed loops, or in open ones that never wait for the engine."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import anyio
import msgspec

from benchrace.errors import BenchraceError
from benchrace.kinds.llm import Arrival, ServeParams, Steady
from benchrace.plugin.context import Context
from benchrace.plugin.llm.response import window
from benchrace.plugin.llm.response.stream import Response, ignore_text, read_response
from benchrace.plugin.llm.saturation import ClientMeter
from benchrace.plugin.llm.share import LEAD_NS, Share
from benchrace.plugin.llm.text_lane import TextLane
from benchrace.plugin.part import Part
from benchrace.plugin.stream import StreamRequest

Requests = Callable[[int], StreamRequest]


async def play(
    lane: TextLane,
    request: Requests,
    params: ServeParams,
    share: Share,
    t0_ns: int,
    meter: ClientMeter,
) -> list[Response]:
    """Send the requests of a share; return the responses in the order of the requests' numbers.

    Only the lane's own machine shows the text of an answer; its clients show none.
    """
    context = lane.context
    responses: dict[int, Response] = {}
    sent = 0
    own = lane.lane.part is None or lane.lane.part.index == 0

    async def send(number: int, show: bool) -> Response:
        nonlocal sent
        prepared = request(number)
        sent, order = sent + 1, sent
        responses[number] = response = await read_response(
            lane,
            prepared,
            context,
            number=order,
            t0_ns=t0_ns,
            show=context.token if show and own else ignore_text,
        )
        context.progress(len(responses), len(share.numbers), "answers")
        return response

    if params.arrival is Arrival.CLOSED:
        await _closed(send, share)
    else:
        await _open(send, share, context, t0_ns, meter)
        for number, at_ns in zip(share.numbers, share.due_ns, strict=True):
            response = responses[number]
            answer = msgspec.structs.replace(response.answer, scheduled_ns=at_ns)
            responses[number] = replace(response, answer=answer)
    return [responses[number] for number in share.numbers]


async def connect(context: Context, url: str, count: int) -> None:
    """Open connections ahead of the first requests, all at once; raises the first failure.

    Nothing happens for https, whose client connects with each request.
    """
    failures: list[BenchraceError] = []

    async def one() -> None:
        try:
            await context.stream.prepare(url)
        except BenchraceError as error:
            failures.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(count):
            group.start_soon(one)
    if failures:
        raise failures[0]


async def begin(context: Context, part: Part | None) -> int:
    """Return the instant that a round counts from; several clients wait for a common one."""
    now = context.clock.monotonic_ns()
    armed_ns = context.round.armed_ns
    if part is None or armed_ns is None or armed_ns + LEAD_NS <= now:
        return now
    await anyio.sleep((armed_ns + LEAD_NS - now) / 1e9)
    return armed_ns + LEAD_NS


def at_once(params: ServeParams, share: Share) -> int:
    """Return how many requests are sent at the start, whose connections are opened ahead."""
    closed = params.arrival is Arrival.CLOSED
    return min(share.streams if closed else 1, len(share.numbers))


async def _closed(send: Callable[[int, bool], Awaitable[Response]], share: Share) -> None:
    numbers = iter(share.numbers)

    async def stream(show: bool) -> None:
        for number in numbers:
            await send(number, show)

    async with anyio.create_task_group() as group:
        for index in range(min(share.streams, len(share.numbers))):
            group.start_soon(stream, index == 0)


async def _open(
    send: Callable[[int, bool], Awaitable[Response]],
    share: Share,
    context: Context,
    t0_ns: int,
    meter: ClientMeter,
) -> None:
    free, now = anyio.Semaphore(share.streams), context.clock.monotonic_ns

    async def due(number: int, at_ns: int, show: bool) -> None:
        await anyio.sleep(max(0.0, (t0_ns + at_ns - now()) / 1e9))
        woke_late = now() - (t0_ns + at_ns)
        async with free:
            # What comes before this is the wait for a stream: the engine's, not the client's.
            free_ns = now() - t0_ns
            response = await send(number, show)
            if response.failure is None:
                answer = response.answer
                meter.late(woke_late + answer.send_ns - free_ns - (answer.connect_ns or 0))

    async with anyio.create_task_group() as group:
        for index, (number, at_ns) in enumerate(zip(share.numbers, share.due_ns, strict=True)):
            group.start_soon(due, number, at_ns, index == 0)


def steady(
    responses: Sequence[Response], params: ServeParams, t0_ns: int, share: Share | None = None
) -> Steady | None:
    """Return the window in which all streams of a closed loop were generating tokens.

    From the first token of the last stream to begin, to the last token of the first stream that
    has no request left. Tokens count only after the start, as those of a chunk were generated
    before it arrived.
    """
    most = params.concurrency if share is None else share.streams
    streams = min(most, len(responses))
    if (
        not responses
        or params.arrival is not Arrival.CLOSED
        or any(
            response.failure is not None or response.answer.usage.output is None
            for response in responses
        )
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
