"""`benchrace doctor timing`: measure and store how accurately this machine timestamps a stream."""

import time
from pathlib import Path

import anyio
import click
import msgspec

from benchrace import permissions
from benchrace.formatting import count, quantity
from benchrace.protocol.timing import FILE
from benchrace.store import atomic
from benchrace.worker.stream.timing_check import Spread, TimingCheck, check_timing


class TimingRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/timing.json`: the newest check, and its time (wall seconds)."""

    checked_at: float
    check: TimingCheck


def certify(data: Path) -> TimingRecord:
    """Measure the reader's own error against a scripted server, about 4 s, and store it."""
    record = TimingRecord(checked_at=time.time(), check=anyio.run(check_timing))
    permissions.make_folder(data)
    atomic.write(data / FILE, msgspec.json.encode(record))
    return record


def show(record: TimingRecord, data: Path) -> None:
    """Print the result, and what it means."""
    check = record.check
    click.echo(f"stamps           {check.timing_source}, sends {check.send_source}")
    click.echo(f"reader           {check.priority} priority")
    click.echo(f"first line       {_words(check.ttft)}")
    click.echo(f"each line        {_words(check.arrival)}")
    click.echo(
        f"largest bound    {quantity(check.bound_max_ms, 'ms')}, for lines that arrived together"
    )
    tie = quantity(check.bias_ms + check.jitter_ms, "ms")
    click.echo(
        f"Times to first token less than {tie} apart are a tie "
        f"on this machine. Saved in {data / FILE}."
    )


def _words(spread: Spread) -> str:
    p50, p99, worst = (quantity(ms, "ms") for ms in (spread.p50_ms, spread.p99_ms, spread.worst_ms))
    last = p99 if spread.p99_ms is not None else f"{p99} (n too small)"
    return f"error p50 {p50}, p99 {last}, worst {worst} over {count(spread.n)}"
