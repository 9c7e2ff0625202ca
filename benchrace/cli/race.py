"""`benchrace race`: a first race on this machine, with nothing to set up."""

import sys
import time
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console

from benchrace.cli import follow, options
from benchrace.cli.fleet import connect, offers, wait_for_machine
from benchrace.run.spec import LaneSpec, RunSpec

KIND = "compute"


@click.command()
@click.option("--n", default="auto", show_default=True, help="Count primes up to N: 50M, 1e9, ...")
@click.option("--rounds", default=5, show_default=True, help="Counted rounds of each lane.")
@click.option("--keep/--exit", default=None, help="Serve on, or exit, when the race is over.")
@click.option("--port", default=0, help="The port of its central; 0 takes any free one.")
@options.central_url
@options.token
@options.data_dir
def race(
    n: str,
    rounds: int,
    keep: bool | None,
    port: int,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Race the Rust kernels on this machine, live.

    Three lanes: the segmented sieve with one thread and with all of them, and the simple sieve.
    """
    console = Console(highlight=False)
    data = options.path(data_dir)
    with connect(central, token, data, port=port) as (client, ours):
        console.print(f"central at {client.url}", soft_wrap=True)
        machine = next(each for each in wait_for_machine(client, KIND) if offers(each, KIND))
        known = client.capabilities(machine.machine_id)
        threads = (known.hardware.cpu.usable_threads if known else None) or 1
        spec = lanes(machine.machine_id, threads, n, rounds)
        run = follow.follow(client, spec, console, ours=ours)
        code = follow.report(console, run, str(data / "runs" / run.run_id))
        if ours and (sys.stdout.isatty() if keep is None else keep):
            console.print(f"serving at {client.url} until Ctrl-C", soft_wrap=True)
            _serve(lambda: client.get("/health"))
    sys.exit(code)


def lanes(machine_id: str, threads: int, n: str, rounds: int) -> RunSpec:
    """Give the first race; a machine with one usable thread has one lane less."""
    params: list[tuple[str, dict[str, Any]]] = [
        ("segmented sieve, 1 thread", {"algorithm": "segmented_sieve", "threads": 1}),
        ("simple sieve, 1 thread", {"algorithm": "simple_sieve", "threads": 1}),
    ]
    if threads > 1:
        label = f"segmented sieve, {threads} threads"
        params.insert(1, (label, {"algorithm": "segmented_sieve", "threads": threads}))
    made = tuple(
        LaneSpec(machine_id=machine_id, label=label, params=each) for label, each in params
    )
    return RunSpec(kind=KIND, params={"n": n}, lanes=made, rounds=rounds, name="first race")


def _serve(ask: Callable[[], object]) -> None:
    """Stay until Ctrl-C, or until central is gone."""
    try:
        while True:
            time.sleep(1)
            ask()
    except KeyboardInterrupt:
        return
