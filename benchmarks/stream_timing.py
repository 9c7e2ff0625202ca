"""Compare the stamped stream reader with httpx and aiohttp, on one scripted server, in one run.

    python benchmarks/stream_timing.py [--requests N] [--seconds S]

The server, a process of its own, writes into each line when it was sent and when the request
arrived. Errors are of the time to the first line, `(t_first - t_send) - (sent - received)`, in ms:
with the machine idle, and with a process that keeps each core busy. Then CPU a line at 1,000
lines/s and at 50,000 lines/s, and how late lines reached the caller at the begin and at the end
of the latter. The contenders take turns, so that the machine's mood hits all. aiohttp is left
out where it is not installed. The goals: p50 <= 0.1 ms and p99 <= 0.5 ms idle, p99 <= 1 ms busy,
no growing lag, and a third of httpx's CPU a line.
"""

import argparse
import importlib.util
import math
import multiprocessing
import os
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx

from benchrace.plugin import StreamRequest
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.stream.timing_check import timing_server

SENT = re.compile(rb'"sent":(\d+),"received":(\d+)')
IDLE, BUSY = "idle", "every core busy"


@dataclass
class Answer:
    """One answer: when it was requested, and each line with its stamp and when it was seen."""

    asked_ns: int
    lines: list[tuple[bytes, int, int]]


Ask = Callable[[str], Any]


@dataclass
class Contender:
    """A way to read a stream."""

    name: str
    ask: Ask
    errors_ms: dict[str, list[float]] = field(default_factory=lambda: {IDLE: [], BUSY: []})
    cpu_us: dict[int, list[float]] = field(default_factory=dict)
    late_ms: list[tuple[float, float]] = field(default_factory=list)


async def ask_ours(streams: WorkerStreams, url: str) -> Answer:
    async with streams.open(StreamRequest(url=url, method="GET")) as stream:
        now = time.monotonic_ns
        lines = [(chunk.data, chunk.t_ns, now()) async for chunk in stream]
        return Answer(stream.t_send_ns, lines)


async def ask_httpx(client: httpx.AsyncClient, url: str) -> Answer:
    now, lines = time.monotonic_ns, []
    asked_ns = now()
    async with client.stream("GET", url) as response:
        async for line in response.aiter_lines():
            at = now()
            lines.append((line.encode(), at, at))
    return Answer(asked_ns, lines)


async def ask_aiohttp(session: Any, url: str) -> Answer:
    now, lines = time.monotonic_ns, []
    asked_ns = now()
    async with session.get(url) as response:
        async for line in response.content:
            at = now()
            lines.append((line, at, at))
    return Answer(asked_ns, lines)


@asynccontextmanager
async def contenders() -> AsyncIterator[list[Contender]]:
    async with AsyncExitStack() as stack:
        streams = WorkerStreams()
        stack.callback(streams.close)
        client = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
        clients = [
            Contender("benchrace", lambda url: ask_ours(streams, url)),
            Contender("httpx", lambda url: ask_httpx(client, url)),
        ]
        if importlib.util.find_spec("aiohttp"):
            aiohttp = importlib.import_module("aiohttp")
            session = await stack.enter_async_context(aiohttp.ClientSession())
            clients.append(Contender("aiohttp", lambda url: ask_aiohttp(session, url)))
        yield clients


def stamps(line: bytes) -> tuple[int, int]:
    match = SENT.search(line)
    if match is None:
        raise SystemExit(f"the server's line is not its own: {line!r}")
    return int(match[1]), int(match[2])


async def time_first(all_: Sequence[Contender], url: str, requests: int, state: str) -> None:
    """Request short answers in turn; the first of each client warms up its connection."""
    for number in range(requests + 1):
        for client in all_:
            answer = await client.ask(f"{url}?lines=3&gap_us=3000")
            line, at, _ = answer.lines[0]
            sent, received_ns = stamps(line)
            if number:
                client.errors_ms[state].append(
                    ((at - answer.asked_ns) - (sent - received_ns)) / 1e6
                )


async def time_rate(all_: Sequence[Contender], url: str, rate: int, seconds: float) -> None:
    """Read at a rate for a while, three times in turn."""
    count = int(rate * seconds)
    for _ in range(3):
        for client in all_:
            cpu = time.process_time()
            answer = await client.ask(f"{url}?lines={count}&gap_us={1_000_000 // rate}")
            cpu = time.process_time() - cpu
            if len(answer.lines) != count:
                raise SystemExit(f"{client.name}: {len(answer.lines)} of {count} lines came")
            client.cpu_us.setdefault(rate, []).append(cpu / count * 1e6)
            if rate >= 10_000:
                late = [(seen - stamps(line)[0]) / 1e6 for line, _, seen in answer.lines]
                tenth = max(1, count // 10)
                client.late_ms.append(
                    (statistics.median(late[:tenth]), statistics.median(late[-tenth:]))
                )


def burn() -> None:
    while True:
        pass


@contextmanager
def busy_cores() -> Any:
    processes = [
        multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
        for _ in range(os.cpu_count() or 1)
    ]
    for process in processes:
        process.start()
    try:
        time.sleep(1)
        yield
    finally:
        for process in processes:
            process.kill()
            process.join()


def rank(values: Sequence[float], share: float) -> float:
    ordered = sorted(abs(value) for value in values)
    return ordered[math.ceil(share * len(ordered)) - 1]


def show(all_: Sequence[Contender]) -> None:
    base = all_[0]
    for state in (IDLE, BUSY):
        print(f"\nerror of the time to the first line, {state} (ms)")
        for client in all_:
            errors = client.errors_ms[state]
            p50, p99, worst = rank(errors, 0.5), rank(errors, 0.99), max(map(abs, errors))
            times = p99 / rank(base.errors_ms[state], 0.99)
            print(
                f"  {client.name:<10} p50 {p50:8.4f}  p99 {p99:8.4f}  worst {worst:8.3f}"
                f"  n {len(errors)}  p99 x{times:.1f}"
            )
    for rate in base.cpu_us:
        print(f"\nCPU of the client at {rate} lines/s (us a line, median of three)")
        for client in all_:
            cpu = statistics.median(client.cpu_us[rate])
            times = cpu / statistics.median(base.cpu_us[rate])
            print(f"  {client.name:<10} {cpu:8.2f}  x{times:.1f}")
    print("\nfrom sent to seen by the caller at 50000 lines/s (ms: first tenth, last tenth)")
    for client in all_:
        print(
            f"  {client.name:<10} " + "   ".join(f"{a:.2f} -> {b:.2f}" for a, b in client.late_ms)
        )


async def run(requests: int, seconds: float) -> None:
    async with timing_server() as url, contenders() as all_:
        await time_first(all_, url, requests, IDLE)
        with busy_cores():
            await time_first(all_, url, requests, BUSY)
        await time_rate(all_, url, 1_000, seconds)
        await time_rate(all_, url, 50_000, seconds)
        show(all_)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=500, help="for each state and contender")
    parser.add_argument("--seconds", type=float, default=3.0, help="of reading at each rate")
    wanted = parser.parse_args()
    anyio.run(run, max(1, wanted.requests), max(0.1, wanted.seconds))


if __name__ == "__main__":
    main()
