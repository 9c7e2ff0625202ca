"""`benchrace doctor timing`: how exactly this machine stamps a stream, measured and kept."""

import time
from pathlib import Path

import anyio
import click
import msgspec

from benchrace.link.timing import FILE
from benchrace.store import atomic
from benchrace.worker.timing_check import Spread, TimingCheck, check_timing


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """`<data>/timing.json`: the newest check, and when it was made (wall seconds)."""

    checked_at: float
    check: TimingCheck


def certify(data: Path) -> Kept:
    """Measure the reader's own error against a scripted server, about 4 s, and keep it."""
    kept = Kept(checked_at=time.time(), check=anyio.run(check_timing))
    data.mkdir(parents=True, exist_ok=True)
    atomic.write(data / FILE, msgspec.json.encode(kept))
    return kept


def show(kept: Kept, data: Path) -> None:
    """Print what was found, with what it means."""
    check = kept.check
    click.echo(f"stamps           {check.timing_source}, sends {check.send_source}")
    click.echo(f"reader           {check.priority} priority")
    click.echo(f"first line       {_words(check.ttft)}")
    click.echo(f"each line        {_words(check.arrival)}")
    click.echo(f"largest bound    {check.bound_max_ms:.3f} ms, of lines that came together")
    click.echo(
        f"A difference of less than {check.bias_ms + check.jitter_ms:.3f} ms in a time to the "
        f"first token is a tie on this machine. Kept in {data / FILE}."
    )


def _words(found: Spread) -> str:
    last = f"p99 {found.p99_ms:.3f}" if found.p99_ms is not None else "p99 - (n too small)"
    return f"error p50 {found.p50_ms:.3f}, {last}, worst {found.worst_ms:.3f} ms over {found.n}"
