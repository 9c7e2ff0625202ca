"""`benchrace race`: a first race on this machine, with nothing to set up."""

import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import click
from click.core import ParameterSource
from rich.console import Console
from rich.text import Text

from benchrace.api.demo import MACHINES, MAX_MACHINES
from benchrace.cli import options
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.fleet import connect, offers, this_machine, wait_for_machine
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.interrupt import Interrupted, interruptible
from benchrace.cli.output.screen import Phases, console, phases
from benchrace.cli.race import browser, follow, report
from benchrace.cli.race.demo import run_demo
from benchrace.cli.race.spec.options import rounds as read_rounds
from benchrace.config.plugin_sources import how_to_install
from benchrace.errors import BenchraceError, Category
from benchrace.run.spec import LaneSpec, RunSpec

KIND = "compute"
# How often to check that central is still there: another command may have stopped it.
_ASK_S = 5.0


class RaceCommand(click.Command):
    """`race`, which points to `run` for what only `run` has."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            # Asked of the group, which imports it only now: `run` imports much more than `race`.
            group = ctx.parent.command if ctx.parent else None
            run = group.get_command(ctx, "run") if isinstance(group, click.Group) else None
            if run is None or all(error.option_name not in param.opts for param in run.params):
                raise
            raise click.UsageError(
                f"race has no option {error.option_name}: it races the Rust kernels only. "
                "`benchrace run` has it, and races any workload.",
                ctx,
            ) from error


@click.command(cls=RaceCommand)
@click.option(
    "--n",
    metavar="N",
    default="auto",
    show_default=True,
    help="Count primes up to N: 50M, 1e9, ...",
)
@click.option(
    "--rounds",
    metavar="N",
    default="5",
    show_default=True,
    help="Counted rounds per lane, or auto.",
)
@click.option(
    "--keep/--exit",
    default=None,
    help="After the race, serve the page until Ctrl-C, or exit [default: --keep in a terminal].",
)
@click.option(
    "--demo",
    is_flag=False,
    flag_value=MACHINES,
    type=click.IntRange(1, MAX_MACHINES),
    metavar="[N]",
    help=f"Race N simulated machines instead [default: {MACHINES}]; nothing is measured.",
)
@click.option("--no-browser", is_flag=True, help="Do not open the page in a browser.")
@click.option(
    "--port",
    type=options.PORT,
    default=0,
    show_default=True,
    metavar="N",
    help="Port of the temporary central; 0 picks a free one.",
)
@options.central_url
@options.people_token
@options.data_dir
@click.pass_context
def race(
    ctx: click.Context,
    /,
    n: str,
    rounds: str,
    keep: bool | None,
    demo: int | None,
    no_browser: bool,
    port: int,
    **where: str | None,
) -> None:
    """Race the Rust kernels on this machine, live.

    Three lanes: the segmented sieve on one thread and on all threads, and the simple sieve. To
    race other workloads and lanes, use `benchrace run`. Ctrl-C cancels the race. Exit 0 only if
    every lane completes all its rounds.
    """
    if demo is not None:
        _refuse_sizes(ctx)
    screen = console()
    data = options.path(where["data_dir"])
    asked_rounds = read_rounds(rounds)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(
            where["central"],
            where["token"],
            data,
            shown,
            port=port,
            probe=False,
            agent=demo is None,
        ) as fleet,
    ):
        client = fleet.client

        def show(run_id: str) -> None:
            shown.end()
            _say(screen, f"central at {client.url}")
            if not no_browser:
                browser.show(f"{client.url}/runs/{run_id}")

        follower = follow.RunFollower(client, data, screen, shown, fleet.gone)
        if demo is not None:
            run = run_demo(client, follower, demo, shown, show)
        else:
            machine_id, threads = _machine(client, shown)
            run = follower.run(lanes(machine_id, threads, n, asked_rounds), show)
        follower.report(run, where["data_dir"])
        keeps = sys.stdout.isatty() if keep is None else keep
        if fleet.ours and keeps and not follower.interrupted:
            _say(screen, f"serving at {client.url} until Ctrl-C")
            _serve(lambda: client.get("/health"))
    sys.exit(follower.interrupted.code if follower.interrupted else report.exit_code(run))


def _refuse_sizes(ctx: click.Context) -> None:
    """Refuse options that a demo race does not have."""
    for name in ("n", "rounds"):
        if ctx.get_parameter_source(name) is not ParameterSource.DEFAULT:
            raise click.UsageError(f"--{name} has no effect with --demo; leave it out")


def lanes(machine_id: str, threads: int, n: str, rounds: int | Literal["auto"]) -> RunSpec:
    """Return the first race; a machine with one usable thread gets one lane less."""
    params: list[dict[str, Any]] = [
        {"algorithm": "segmented_sieve", "threads": 1},
        {"algorithm": "simple_sieve", "threads": 1},
    ]
    if threads > 1:
        params.insert(1, {"algorithm": "segmented_sieve", "threads": threads})
    specs = tuple(LaneSpec(machine_id=machine_id, params=own) for own in params)
    return RunSpec(kind=KIND, params={"n": n}, lanes=specs, rounds=rounds, name="first race")


def _machine(client: Client, shown: Phases) -> tuple[str, int]:
    """Return this machine, or else another that can race, with its usable threads."""
    able = [
        machine.machine_id
        for machine in wait_for_machine(client, shown, KIND)
        if offers(machine, KIND) and not machine.simulated
    ]
    if not able:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no machine at {client.url} offers {KIND}",
            how_to_install(KIND),
        )
    here = this_machine()
    machine_id = here if here in able else able[0]
    capabilities = client.capabilities(machine_id)
    return machine_id, (capabilities.hardware.cpu.usable_threads if capabilities else None) or 1


def _serve(ask: Callable[[], object]) -> None:
    """Wait until Ctrl-C, or until central is gone."""
    try:
        while True:
            time.sleep(_ASK_S)
            ask()
    except Interrupted:
        return


def _say(screen: Console, text: str) -> None:
    screen.print(Text(clean_line(text)), soft_wrap=True)
