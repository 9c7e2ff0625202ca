"""A plugin whose round is a steady flow of events, each with the instant of its creation.

The worker is not what the benchmark measures: the lines that are due are written together, once
each millisecond, straight into the worker's journal.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial

from benchrace import plugin as race
from benchrace.events import ComputeLine, Stream, encode
from benchrace.events.payloads import ComputeLinePayload

TICK_S = 0.001
# As long as the text of a line of real output.
FILL = "the quick brown fox jumps over the lazy dog"
# Numbers that no other field of an encoded event has.
_SEQ, _T_NS, _CREATED = 111_222_333, 444_555_666, "777888999"


class LoadParams(race.Params, frozen=True, kw_only=True):
    rate: int = 1000
    seconds: float = 5.0
    warmup_s: float = 2.0


class LoadRecord(race.Record, frozen=True, kw_only=True):
    events: int
    elapsed_ns: int


def derive(record: LoadRecord, params: LoadParams) -> Iterator[race.Measured]:
    s = record.elapsed_ns / 1e9
    yield race.Measured(
        metric="rate", value=record.events / s, numerator=record.events, denominator=s
    )


RATE = race.Metric(
    name="rate",
    title="Events",
    unit="1/s",
    better=race.Better.HIGHER,
    estimator=race.Estimator.RATIO,
    headline=True,
)
KIND = race.Kind(
    name="relay_load",
    title="Flow of events",
    params=LoadParams,
    record=LoadRecord,
    metrics=(RATE,),
    derive=derive,
)


def created(counted: bool, at_ns: int) -> str:
    """Return what an event's line begins with: viewers find counted ones by `"line":"c`."""
    return f"{'c' if counted else 'w'}{at_ns}"


def pace(rate: int, total: int, stopped: Callable[[], bool], write: Callable[[int], None]) -> None:
    """Call `write` each millisecond with the number of events that are due, until all are."""
    started, sent = time.monotonic(), 0
    while sent < total and not stopped():
        due = min(total, int((time.monotonic() - started) * rate) + 1)
        if due > sent:
            write(due - sent)
            sent = due
        time.sleep(TICK_S)


class Load(race.Backend):
    name, title = "relay_load", "Flow of events"
    workloads = (race.Workload(kind=KIND),)

    async def round(self, lane: race.Lane[LoadParams], context: race.Context) -> LoadRecord:
        return await context.run_blocking(partial(self._flow, lane, context))

    def _flow(self, lane: race.Lane[LoadParams], context: race.Context) -> LoadRecord:
        params, warmup = lane.params, context.round.warmup
        total = int(params.rate * (params.warmup_s if warmup else params.seconds))
        lines = Lines(context, lane.lane_id, counted=not warmup)
        started_ns = context.clock.monotonic_ns()
        pace(params.rate, total, lambda: context.cancelled, lines.write)
        return LoadRecord(events=total, elapsed_ns=context.clock.monotonic_ns() - started_ns)


class Lines:
    """Encode one event as the worker does, and write copies that differ in number and times."""

    def __init__(self, context: race.Context, lane_id: str, *, counted: bool) -> None:
        writer = context._writer  # type: ignore[attr-defined]
        spec = writer._spec
        event = ComputeLine(
            run_id=spec.run_id,
            job_id=spec.job_id,
            machine_id=spec.machine_id,
            lane_id=lane_id,
            round=context.round.round,
            stream=Stream.WORK,
            seq=_SEQ,
            t_ns=_T_NS,
            timestamp_s=time.time(),
            payload=ComputeLinePayload(line=f"{_CREATED} {FILL}"),
        )
        text = encode(event).decode().replace("%", "%%")
        for sentinel, place in ((str(_SEQ), "%d"), (str(_T_NS), "%d"), (_CREATED, "%s")):
            text = text.replace(sentinel, place)
        self._format, self._writer, self._counted = text, writer, counted

    def write(self, count: int) -> None:
        """Append `count` events that are created now."""
        writer, at_ns = self._writer, time.monotonic_ns()
        with writer._lock:
            first, t_ns = writer._seq, at_ns - writer.t0_ns
            line = created(self._counted, at_ns)
            lines = "".join(self._format % (first + n, t_ns, line) for n in range(count))
            writer._journal.append(lines.encode())
            writer._seq = first + count


@race.hookimpl
def benchrace_backends() -> list[type[race.Backend]]:
    return [Load]
