"""`benchrace race`: a first race on this machine, with nothing to set up."""

import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import click
from rich.console import Console
from rich.text import Text

from benchrace.cli import browser, follow, options, run_file
from benchrace.cli.client import Client
from benchrace.cli.fleet import connect, offers, this_machine, wait_for_machine
from benchrace.cli.interrupt import Interrupted, interruptible
from benchrace.cli.screen import Phases, console, phases
from benchrace.cli.text import clean_line
from benchrace.errors import BenchraceError, Category
from benchrace.run.spec import LaneSpec, RunSpec

KIND = "compute"
# Looked at that often: somebody else may have stopped that central.
_ASK_S = 5.0


@click.command()
@click.option(
    "--n", metavar="N", default="auto", show_default=True, help="Count primes to N: 50M, 1e9, ..."
)
@click.option(
    "--rounds", metavar="N", default="5", show_default=True, help="Counted rounds, or auto."
)
@click.option(
    "--keep/--exit",
    default=None,
    help="Serve on until Ctrl-C, or exit, when the race is over [default: --keep in a terminal].",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option(
    "--port",
    type=options.PORT,
    default=0,
    show_default=True,
    metavar="N",
    help="The port of its central; 0 takes any free one.",
)
@options.central_url
@options.people_token
@options.data_dir
def race(
    n: str,
    rounds: str,
    keep: bool | None,
    no_browser: bool,
    port: int,
    central: str | None,
    token: str | None,
    data_dir: str | None,
) -> None:
    """Race the Rust kernels on this machine, live.

    Three lanes: the segmented sieve with one thread and with all of them, and the simple sieve.
    Ctrl-C cancels the race. Exit code 0 if every lane was measured, else 1.
    """
    screen = console()
    data = options.path(data_dir)
    asked_rounds = run_file.rounds(rounds)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(central, token, data, shown, port=port) as fleet,
    ):
        machine_id, threads = _machine(fleet.client, shown)
        shown.end()
        _say(screen, f"central at {fleet.client.url}")

        def show(run_id: str) -> None:
            if not no_browser:
                browser.show(f"{fleet.client.url}/runs/{run_id}")

        followed = follow.Followed(fleet.client, data, screen, shown)
        run = followed.run(lanes(machine_id, threads, n, asked_rounds), show)
        follow.report(screen, run, str(data / "runs" / run.run_id))
        keeps = sys.stdout.isatty() if keep is None else keep
        if fleet.ours and keeps and not followed.interrupted:
            _say(screen, f"serving at {fleet.client.url} until Ctrl-C")
            _serve(lambda: fleet.client.get("/health"))
    sys.exit(followed.interrupted.code if followed.interrupted else follow.exit_code(run))


def lanes(machine_id: str, threads: int, n: str, rounds: int | Literal["auto"]) -> RunSpec:
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


def _machine(client: Client, shown: Phases) -> tuple[str, int]:
    """Choose this machine where the fleet has it, else one that can; with its usable threads."""
    able = [each.machine_id for each in wait_for_machine(client, shown, KIND) if offers(each, KIND)]
    if not able:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no machine of {client.url} can race: none offers {KIND}",
            "Install it where the agent runs: pip install benchrace-compute",
        )
    here = this_machine()
    machine_id = here if here in able else able[0]
    known = client.capabilities(machine_id)
    return machine_id, (known.hardware.cpu.usable_threads if known else None) or 1


def _serve(ask: Callable[[], object]) -> None:
    """Stay until Ctrl-C, or until central is gone."""
    try:
        while True:
            time.sleep(_ASK_S)
            ask()
    except Interrupted:
        return


def _say(screen: Console, text: str) -> None:
    screen.print(Text(clean_line(text)), soft_wrap=True)
