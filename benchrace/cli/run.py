"""`benchrace run`: one comparison without the page, for people, scripts and CI."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchrace.cli import follow, notes, options, run_file
from benchrace.cli.client import Client
from benchrace.cli.configured import configured_central
from benchrace.cli.fleet import connect, wait_for_machine
from benchrace.cli.interrupt import interruptible
from benchrace.cli.screen import Phases, console, phases
from benchrace.cli.text import clean_line
from benchrace.errors import FieldError, InvalidInput
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import RunSpec

_ORDERS = click.Choice(["contiguous", "abba", "random"])


@click.command(
    epilog="Example: benchrace run --workload compute -p n=100M --lane threads=1 --lane threads=2"
)
@click.argument("spec", required=False, type=click.Path(path_type=Path))
@click.option("--workload", metavar="KIND", help="The kind of work: `compute`, ...")
@click.option(
    "-p",
    "params",
    multiple=True,
    metavar="KEY=VALUE",
    help="A parameter of all lanes; @FILE as its value stands for the text in the file.",
)
@click.option(
    "--lane",
    "lanes",
    multiple=True,
    metavar="KEY=VALUE,...",
    help="A lane: machine=, backend= and label= are its own, all else are parameters.",
)
@click.option("--preset", metavar="NAME", help="A named set of parameters of the workload.")
@click.option("--rounds", metavar="N", help="Counted rounds of each lane, or auto [5].")
@click.option("--warmup", type=int, metavar="N", help="Rounds before that, not counted [1].")
@click.option("--order", type=_ORDERS, help="How lanes on one machine take turns.")
@click.option(
    "--resident",
    type=click.Choice(["one", "many"]),
    help="Whether models of one machine may be in memory together [one].",
)
@click.option(
    "--sync",
    type=click.Choice(["first_heat", "every_heat"]),
    help="Which heats begin on all machines at one instant: the first, or each [first_heat].",
)
@click.option("--only-ready", is_flag=True, default=None, help="Leave out lanes that cannot start.")
@click.option("--name", metavar="TEXT", help="A name to find the run by.")
@click.option("--tag", "tags", multiple=True, metavar="TEXT", help="A tag to find the run by.")
@click.option("--dry-run", is_flag=True, help="Check and print the plan; measure nothing.")
@options.as_json
@options.central_url
@options.people_token
@options.data_dir
def run(
    spec: Path | None,
    dry_run: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **chosen: Any,
) -> None:
    """Run one comparison and print its table; exit 0 only if every lane was measured.

    SPEC is a TOML, YAML or JSON file; options win over what it says.
    """
    asked = _asked(spec, **chosen)
    # With --json standard output is the document and nothing else.
    screen = console(stderr=as_json)
    data = options.path(data_dir)
    with (
        interruptible(),
        phases(screen) as shown,
        connect(central or configured_central(), token, data, shown) as fleet,
    ):
        wait_for_machine(fleet.client, shown, asked.kind if fleet.ours else None)
        if dry_run:
            _plan(fleet.client, asked, screen, shown, as_json)
            return
        followed = follow.Followed(fleet.client, data, screen, shown)
        done = followed.run(asked)
        if as_json:
            options.print_json(followed.answer(done))
        else:
            follow.report(screen, done, str(data / "runs" / done.run_id))
    sys.exit(followed.interrupted.code if followed.interrupted else follow.exit_code(done))


def _asked(
    file: Path | None,
    workload: str | None,
    params: tuple[str, ...],
    lanes: tuple[str, ...],
    tags: tuple[str, ...],
    **others: Any,
) -> RunSpec:
    """Put file and options together; options win, parameter by parameter."""
    given = msgspec.to_builtins(run_file.read_spec(file)) if file else {}
    if workload:
        given["kind"] = workload
    if "kind" not in given:
        raise InvalidInput(
            FieldError("--workload", "say what to run, with --workload KIND or a file"),
            "`benchrace plugins` lists the kinds that are installed.",
        )
    given["params"] = given.get("params", {}) | run_file.params(params)
    if lanes:
        given["lanes"] = [run_file.lane(each) for each in lanes]
    if tags:
        given["tags"] = tags
    given |= {name: value for name, value in others.items() if value is not None}
    if others.get("rounds") is not None:
        given["rounds"] = run_file.rounds(others["rounds"])
    try:
        return msgspec.convert(given, RunSpec)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise InvalidInput(FieldError(path.rstrip("`"), message)) from error


def _plan(client: Client, spec: RunSpec, screen: Console, shown: Phases, as_json: bool) -> None:
    shown.say("checking the lanes")
    answer = client.post("/api/runs", spec, dry_run="1")
    shown.end()
    if as_json:
        options.print_json(answer)
        return
    plan = msgspec.convert(answer, RunMetadata)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("lane", "machine", "backend", "parameters"):
        table.add_column(title)
    for lane in plan.lanes:
        params = " ".join(f"{key}={notes.cut(value)}" for key, value in lane.params.items())
        cells = (lane.label, lane.machine_id, lane.backend, params)
        table.add_row(*(Text(clean_line(each)) for each in cells))
    screen.print(table)
    for left in notes.left_out(plan):
        screen.print(Text(left, style="yellow"), soft_wrap=True)
    rounds = "adaptive rounds" if spec.rounds == "auto" else notes.counted(plan.rounds, "round")
    screen.print(
        f"{rounds} and {plan.warmup} of warm-up in each lane, {plan.order.value}; "
        "nothing was measured"
    )
