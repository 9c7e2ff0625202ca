"""`benchrace run`: one comparison without the page, for people, scripts and CI."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.fleet import connect, wait_for_machine
from benchrace.cli.output.interrupt import interruptible
from benchrace.cli.output.screen import Phases, console, phases
from benchrace.cli.output.table import table
from benchrace.cli.race import follow, footnotes, report
from benchrace.cli.race.spec import build
from benchrace.cli.service.settings import configured_central
from benchrace.errors import BenchraceError, FieldError, InvalidInput
from benchrace.formatting import plural
from benchrace.run.lane import RunLane
from benchrace.run.metadata import RunMetadata
from benchrace.run.planning.labels import machine_text
from benchrace.run.spec import RunSpec

_WORKLOAD = "benchrace.workload"
_ORDERS = click.Choice(["contiguous", "abba", "random"])


class RunCommand(click.Command):
    """`run`, whose `--help` beside `--workload KIND` shows the parameters of that kind too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_WORKLOAD] = self.make_parser(ctx).parse_args(list(args))[0].get("workload")
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        kind = ctx.meta.get(_WORKLOAD)
        if kind is None:
            return
        from benchrace.cli.race import params

        workload = params.find(params.installed(None), kind)
        with formatter.section(f"Parameters of {kind} (-p KEY=VALUE)"):
            formatter.write_dl(
                [
                    (name, f"{meaning} [{accepts}{default and f'; default {default}'}]")
                    for name, accepts, default, meaning in params.rows(workload)
                ]
            )


@click.command(
    cls=RunCommand,
    epilog="Example: benchrace run --workload compute -p n=100M --lane threads=1 --lane threads=2",
)
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "repeated",
    metavar="RUN",
    help="Repeat this stored run of central or the data folder, instead of SPEC; its ID may be "
    "abbreviated while unique.",
)
@click.option(
    "--workload",
    metavar="KIND",
    help="Kind of work; `benchrace params` lists kinds and parameters.",
)
@click.option(
    "-p",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    help="Parameter of all lanes; @FILE reads its value from a file.",
)
@click.option(
    "--lane",
    "lanes",
    multiple=True,
    metavar="KEY=VALUE,...",
    help="Add a lane: machine=, backend=, label=; workers= names machines that hold a part of the "
    "model, clients= those that send a part of the load (mac2+mac3); any other key is a "
    "parameter. Together with SPEC or --from, these lanes replace its lanes.",
)
@click.option(
    "--preset", metavar="NAME", help="Named set of parameters; `benchrace params KIND` lists them."
)
@click.option("--rounds", metavar="N", help="Counted rounds per lane, or auto [default: 5].")
@click.option(
    "--warmup", type=int, metavar="N", help="Warm-up rounds per lane, not counted [default: 1]."
)
@click.option("--order", type=_ORDERS, help="Order in which lanes on one machine run.")
@click.option(
    "--resident",
    type=click.Choice(["one", "many"]),
    help="Models in memory at once on a machine [default: one].",
)
@click.option(
    "--sync",
    type=click.Choice(["first_heat", "every_heat"]),
    help="Heats that start at the same instant on all machines [default: first_heat].",
)
@click.option("--only-ready", is_flag=True, default=None, help="Skip lanes that cannot start.")
@click.option("--name", metavar="TEXT", help="Name of the run.")
@click.option(
    "--tag", "tags", multiple=True, metavar="TEXT", help="Tag for the run; may be repeated."
)
@click.option("--dry-run", is_flag=True, help="Check and print the plan without measuring.")
@click.option(
    "--salt", metavar="TEXT", help="Seed of nonces and random order, to repeat a run exactly."
)
@click.option(
    "--sampling-s", type=float, metavar="S", help="Seconds between samples [default: 0.5]."
)
@click.option(
    "--timeout-s", type=float, metavar="S", help="Time limit of a round in seconds [default: 3600]."
)
@options.as_json
@options.central_url
@options.people_token
@options.data_dir
def run(
    spec: Path | None,
    repeated: str | None,
    dry_run: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **chosen: Any,
) -> None:
    """Run one comparison and print its table.

    SPEC is a TOML, YAML or JSON file; --from takes a stored run instead. Options override either.
    Exit 0 only if every lane completes all its rounds.
    """
    if spec and repeated:
        raise click.UsageError("SPEC and --from exclude each other: give one of them")
    # A mistake in a file or an option needs no central to be found.
    requested = None if repeated else build.build(build.read(spec), **chosen)
    data = options.path(data_dir)
    # With --json standard output is the document and nothing else.
    screen = console(stderr=as_json)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(central or configured_central(), token, data, shown, probe=False) as fleet,
        _by_option(chosen["workload"]),
    ):
        if requested is None:
            requested = build.build(_of_run(repeated or "", fleet.client, data), **chosen)
        wait_for_machine(fleet.client, shown, requested.kind if fleet.ours else None)
        if dry_run:
            _plan(fleet.client, requested, screen, shown, as_json)
            return
        follower = follow.RunFollower(fleet.client, data, screen, shown, fleet.gone)
        done = follower.run(requested)
        if as_json:
            options.print_json(follower.answer(done))
        else:
            follower.report(done, data_dir)
    sys.exit(follower.interrupted.code if follower.interrupted else report.exit_code(done))


def _of_run(run: str, client: Client, data: Path) -> dict[str, Any]:
    from benchrace.cli.runs.archive_central import CentralArchive
    from benchrace.cli.runs.archive_folder import FolderArchive

    # The data folder may have runs that this central does not know.
    return build.of_run(run, CentralArchive(client), FolderArchive(data))


@contextmanager
def _by_option(workload: str | None) -> Iterator[None]:
    """Call the field `kind` of errors by the option, where that gave it."""
    try:
        yield
    except BenchraceError as error:
        fields = [
            FieldError("--workload", field.message) if field.path == "kind" else field
            for field in error.fields
        ]
        if workload is None or fields == list(error.fields):
            raise
        raise InvalidInput(fields, error.remedy, detail=error.detail) from error


def _plan(client: Client, spec: RunSpec, screen: Console, shown: Phases, as_json: bool) -> None:
    shown.say("checking the lanes")
    answer = client.post("/api/runs", spec, dry_run="1")
    shown.end()
    if as_json:
        options.print_json(answer)
        return
    plan = client.convert(answer, RunMetadata)
    screen.print(table(("lane", "machine", "backend", "parameters"), map(_cells, plan.lanes)))
    for left in footnotes.left_out(plan):
        screen.print(Text(left, style="yellow"), soft_wrap=True)
    rounds = "adaptive rounds" if spec.rounds == "auto" else plural(plan.rounds, "round")
    screen.print(
        f"{rounds} and {plural(plan.warmup, 'warm-up round')} in each lane, "
        f"{plan.order.value} order; nothing was measured"
    )


def _cells(lane: RunLane) -> tuple[str, ...]:
    params = " ".join(f"{key}={footnotes.shorten(value)}" for key, value in lane.params.items())
    clients = [client.machine_id for client in lane.clients]
    where = machine_text(lane.machine_id, lane.workers, clients)
    return lane.label, where, lane.backend, params
