"""`benchrace machines ceilings`: the measured limits of a machine."""

from collections.abc import Iterable, Iterator
from urllib.parse import quote

import click
from rich.console import Console
from rich.text import Text

from benchrace.api.machine.ceilings import CeilingAnswer, EngineEfficiency, MachineCeilings
from benchrace.cli import options
from benchrace.cli.models.connection import fleet_of, shared_options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.output.table import table
from benchrace.formatting import digits, percent, quantity
from benchrace.run.planning.fit import Pool


@click.command()
@click.argument("machine_id", metavar="ID")
@shared_options
def ceilings(
    machine_id: str, as_json: bool, central: str | None, token: str | None, data_dir: str | None
) -> None:
    """Show the measured limits of the machine ID, and how near its engines come to them.

    Measure them with: benchrace run --workload memory_bandwidth -p kernels=read (weights: gemv;
    matrix products: gemm; memory of a GPU: gpu_memory_bandwidth).
    """
    screen = console(stderr=as_json)
    with fleet_of(screen, central, token, data_dir, linked=True) as (client, shown):
        path = f"/api/machines/{quote(machine_id, safe='')}/ceilings"
        result = client.convert(client.get(path), MachineCeilings)
        shown.end()
    if as_json:
        options.print_json(result)
        return
    _print(screen, result)


def _print(screen: Console, result: MachineCeilings) -> None:
    if result.ceilings:
        screen.print(table(("ceiling", "value", "threads", "tier", "run"), _rows(result.ceilings)))
    if result.engines:
        screen.print(table(("engine", "decode", "prefill"), map(_efficiency, result.engines)))
    for line in _notes(result):
        screen.print(Text(clean_line(line), style="yellow"), soft_wrap=True)


def _rows(ceilings: Iterable[CeilingAnswer]) -> Iterator[tuple[str, ...]]:
    for ceiling in ceilings:
        newest = ceiling.current or ceiling.history[-1]
        value = quantity(newest.value, newest.unit)
        yield (
            " ".join(filter(None, (ceiling.title, ceiling.variant))),
            value if ceiling.current else f"({value})",
            "-" if newest.threads is None else str(newest.threads),
            newest.tier or "-",
            newest.run_id,
        )


def _efficiency(engine: EngineEfficiency) -> tuple[str, ...]:
    return (
        engine.backend,
        *(
            "-"
            if share is None
            else f"{percent(share.value)} ({digits(100 * share.low)} to {digits(100 * share.high)})"
            for share in (engine.decode, engine.prefill)
        ),
    )


def _notes(result: MachineCeilings) -> Iterator[str]:
    for ceiling in result.ceilings:
        name = " ".join(filter(None, (ceiling.title, ceiling.variant)))
        if ceiling.note is not None:
            yield f"{name}: {ceiling.note}."
        if ceiling.reason is not None:
            yield f"{name}: no longer holds: {ceiling.reason}."
    if result.reason is not None:
        kind = "gpu_memory_bandwidth" if result.pool is Pool.VRAM else "memory_bandwidth"
        yield (
            f"No decode rate can be predicted: {result.reason}. Measure it: benchrace run "
            f"--workload {kind} -p kernels=read --lane machine={result.machine_id}"
        )
