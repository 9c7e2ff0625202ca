"""`benchrace compare`: stored runs side by side, the first as the baseline."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from benchrace.cli import options
from benchrace.cli.output.screen import console
from benchrace.cli.runs.archive import archive, find
from benchrace.cli.runs.compare_report import report
from benchrace.cli.runs.gate import Wanted, gate_options
from benchrace.stats.comparison.gate import gate
from benchrace.stats.comparison.several import MAX_RUNS, MIN_RUNS, compare_runs, split


def _count(_: click.Context, __: click.Parameter, runs: Sequence[str]) -> Sequence[str]:
    if not MIN_RUNS <= len(runs) <= MAX_RUNS:
        raise click.BadParameter(f"need {MIN_RUNS} to {MAX_RUNS} runs, got {len(runs)}")
    return runs


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="A B [C D E]", callback=_count)
@click.option(
    "--match",
    multiple=True,
    metavar="LANE=LANE",
    help="Match a lane of A with one of B (and of C: LANE=LANE=LANE), each by ID or label; "
    "- stands for no lane. May be repeated.",
)
@click.option("--all", "every", is_flag=True, help="Show all metrics, not only the headlines.")
@gate_options
@options.as_json
@options.archive
def compare(
    runs: Sequence[str],
    match: Sequence[str],
    every: bool,
    as_json: bool,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    **gated: Any,
) -> None:
    """Compare runs with run A, the baseline; IDs may be abbreviated while unique.

    Lanes match by label, machine, backend and parameters, or by some of these. RUN:LANE stands
    for one lane of a run, by ID or label. With --fail-if-worse or --fail-over, the exit code is 3
    for what is clearly worse, and 4 for what cannot be told.
    """
    wanted = Wanted(**gated)
    wanted.check()
    with archive(central, token, options.path(data_dir)) as stored:
        sides = [split(text) for text in runs]
        documents = [stored.document(find(stored, run)) for run, _ in sides]
    comparison = compare_runs(documents, match, [lane for _, lane in sides])
    if as_json:
        options.print_json(comparison)
    else:
        report(console(), comparison, documents, every)
    if wanted.gate:
        checked = gate(comparison, documents[0], wanted.over)
        wanted.report(console(stderr=as_json), checked, several=len(runs) > MIN_RUNS)
        sys.exit(wanted.exit_code(checked))
