"""`benchrace compare`: stored runs side by side, the first as the baseline."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import console
from benchrace.cli.runs.archive import archive, find
from benchrace.cli.runs.compare_report import report
from benchrace.cli.runs.gate import Wanted, gate_options
from benchrace.formatting import listed
from benchrace.run.document import RunDocument
from benchrace.stats.comparison.gate import gate
from benchrace.stats.comparison.several import MAX_RUNS, MIN_RUNS, compare_runs, split


def _count(_: click.Context, __: click.Parameter, runs: Sequence[str]) -> Sequence[str]:
    if len(runs) > MAX_RUNS:
        raise click.BadParameter(_wrong_count(runs))
    return runs


def _wrong_count(runs: Sequence[str]) -> str:
    return f"need {MIN_RUNS} to {MAX_RUNS} runs, got {len(runs)}"


def _one_run(text: str, run: RunDocument) -> str:
    """Return what is wrong with one run alone, with two of its lanes to compare if it has them."""
    wrong = _wrong_count([text])
    if len(run.lanes) < 2:
        return wrong
    name, _ = split(text)
    ids = [lane.lane_id for lane in run.lanes]
    present = listed([f"{lane.lane_id} ({lane.label})" for lane in run.lanes])
    example = f"benchrace compare {name}:{ids[0]} {name}:{ids[1]}"
    return f"{wrong}; or compare two lanes of it: {example}; its lanes: {present}"


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
    if len(documents) < MIN_RUNS:
        raise click.BadParameter(clean_line(_one_run(runs[0], documents[0])), param_hint="A B")
    comparison = compare_runs(documents, match, [lane for _, lane in sides])
    if as_json:
        options.print_json(comparison)
    else:
        report(console(), comparison, documents, every)
    if wanted.gate:
        checked = gate(comparison, documents[0], wanted.over)
        wanted.report(console(stderr=as_json), checked, several=len(runs) > MIN_RUNS)
        sys.exit(wanted.exit_code(checked))
