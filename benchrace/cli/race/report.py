"""The end of a run: its table, where it is stored, and the exit code of its command."""

import os
import shlex
from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line
from benchrace.cli.output.screen import whole
from benchrace.cli.race import footnotes, table
from benchrace.run import headline
from benchrace.run.document import RunDocument
from benchrace.run.result import ConfidenceLevel
from benchrace.run.states import RunState


def report(screen: Console, run: RunDocument, where: tuple[str, str], **chosen: str | None) -> None:
    """Print the table, where the run is, and how to see or repeat it with the `chosen` options."""
    for line in head(run):
        screen.print(line, soft_wrap=True)
    tables = whole(screen)
    tables.print(table.result_table(run, tables.width))
    style = "green" if run.state is RunState.DONE else "red"
    screen.print(Text(f"run {run.run_id}: {run.state.value}", style=style))
    if not chosen.get("central"):
        # Another shell may not have the variable.
        chosen["data_dir"] = chosen.get("data_dir") or os.environ.get("BENCHRACE_DATA_DIR")
    arguments = options.to_arguments(chosen)
    command = shlex.join(["benchrace", "runs", "show", run.run_id, *arguments])
    lines = [where, ("show again", command)]
    if run.state is not RunState.DONE:
        repeat = shlex.join(["benchrace", "run", "--from", run.run_id, *arguments])
        lines.append(("run again", repeat))
    for name, text in lines:
        screen.print(Text(f"  {name:<10}  {clean_line(text)}"), soft_wrap=True)
    if footnotes.tracebacks(run):
        screen.print(Text(f"  traceback   {clean_line(command)} --traceback"), soft_wrap=True)


def head(run: RunDocument) -> Iterator[Text]:
    """Yield who won and by how much, the values, and how sure that is."""
    if run.result is None:
        return
    won = run.result.winner is not None
    yield Text(clean_line(headline.outcome(run.result)), style="bold green" if won else "bold")
    yield Text(clean_line(run.result.detail))
    sure = run.result.confidence.level is ConfidenceLevel.HIGH
    yield Text(clean_line(headline.doubts(run.result)), style="" if sure else "yellow")


def exit_code(run: RunDocument) -> int:
    """Return 0 where the run is done, so every lane has all its rounds, else 1."""
    measured = all(lane.counted for lane in run.lanes) and bool(run.lanes)
    return 0 if run.state is RunState.DONE and measured else 1
