"""Measure the reader's bias and jitter on this machine: differences within them are a tie."""

import math
import subprocess
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import anyio
import msgspec

from benchrace import structs
from benchrace.errors import BenchraceError, Category
from benchrace.plugin.stream import Format, StreamLimits, StreamRequest, TimingSource
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.threads import run_blocking

_START_S = 10.0


class Spread(msgspec.Struct, frozen=True, kw_only=True):
    """Errors in milliseconds, by nearest rank; p99 is null under 1000 of them."""

    n: int
    p50_ms: float
    p99_ms: float | None
    worst_ms: float


class TimingCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `ttft` counts from the request, `arrival` is of single lines.

    `bias_ms` is the median error of an arrival; `jitter_ms` how far its p99 (or the worst, where
    there are too few) is from that.
    """

    timing_source: TimingSource
    send_source: TimingSource
    priority: str
    ttft: Spread
    arrival: Spread
    bias_ms: float
    jitter_ms: float
    bound_max_ms: float


class _Sent(msgspec.Struct):
    sent: int
    received: int


class _Samples(msgspec.Struct):
    ttft_ns: list[int] = []
    arrival_ns: list[int] = []
    bound_max_ns: int = 0
    source: TimingSource = TimingSource.USER
    send_source: TimingSource = TimingSource.USER
    priority: str = "normal"


async def check_timing(requests: int = 200, lines: int = 10, gap_s: float = 0.002) -> TimingCheck:
    """Read `requests` answers of `lines` lines each from a scripted server of its own process.

    Raises `system` where the server does not start, and what a stream raises.
    """
    streams, samples = WorkerStreams(), _Samples()
    async with timing_server() as url:
        query = f"?lines={lines}&gap_us={round(gap_s * 1e6)}"
        try:
            for _ in range(requests):
                await _one(streams, f"{url}{query}", samples)
        finally:
            streams.close()
    arrival = spread(samples.arrival_ns)
    last = arrival.worst_ms if arrival.p99_ms is None else arrival.p99_ms
    return TimingCheck(
        timing_source=samples.source,
        send_source=samples.send_source,
        priority=samples.priority,
        ttft=spread(samples.ttft_ns),
        arrival=arrival,
        bias_ms=arrival.p50_ms,
        jitter_ms=last - arrival.p50_ms,
        bound_max_ms=samples.bound_max_ns / 1e6,
    )


def spread(errors_ns: Iterable[int]) -> Spread:
    """Summarise errors; at least one."""
    ordered = sorted(abs(error_ns) / 1e6 for error_ns in errors_ns)
    count = len(ordered)

    def rank(share: float) -> float:
        return ordered[math.ceil(share * count) - 1]

    return Spread(
        n=count,
        p50_ms=rank(0.5),
        p99_ms=rank(0.99) if count >= 1000 else None,
        worst_ms=ordered[-1],
    )


@asynccontextmanager
async def timing_server() -> AsyncIterator[str]:
    """Run the scripted server in a process of its own; gives its URL."""
    command = [sys.executable, "-P", "-m", "benchrace.worker.stream.timing_server"]
    server = await run_blocking(
        lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    )
    try:
        yield f"http://127.0.0.1:{await _port(server)}/"
    finally:
        server.kill()
        with anyio.CancelScope(shield=True):
            await run_blocking(server.communicate)


async def _port(server: subprocess.Popen[bytes]) -> int:
    port = b""
    if server.stdout is not None:
        with anyio.move_on_after(_START_S):
            port = (await run_blocking(server.stdout.readline, server.kill)).strip()
    if not port.isdigit():
        raise BenchraceError(Category.SYSTEM, "the scripted server for the timing did not start")
    return int(port)


async def _one(streams: WorkerStreams, url: str, samples: _Samples) -> None:
    limits = StreamLimits(first_s=10, idle_s=10)
    request = StreamRequest(url=url, method="GET", format=Format.NDJSON, limits=limits)
    decode = structs.decoder(_Sent).decode
    async with streams.open(request) as stream:
        chunks = [chunk async for chunk in stream]
        lag = stream.lag
        sent_ns = stream.t_send_ns
        samples.source, samples.send_source = stream.timing_source, stream.send_source
    truths = [decode(chunk.data) for chunk in chunks]
    first, truth = chunks[0], truths[0]
    samples.ttft_ns.append((first.t_ns - sent_ns) - (truth.sent - truth.received))
    pairs = zip(chunks, truths, strict=True)
    samples.arrival_ns.extend(chunk.t_ns - sent_chunk.sent for chunk, sent_chunk in pairs)
    samples.bound_max_ns = max(samples.bound_max_ns, lag.bound_max_ns)
    samples.priority = lag.priority
