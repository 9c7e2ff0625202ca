"""Follow a run that was asked for, from its first event to its table and exit code."""

from rich.console import Console
from rich.text import Text

from benchrace.cli import live, table
from benchrace.cli.client import Client, Snapshot
from benchrace.cli.text import clean_line
from benchrace.run.document import RunDocument
from benchrace.run.spec import RunSpec
from benchrace.run.states import RunState


def follow(client: Client, spec: RunSpec, console: Console, *, ours: bool) -> RunDocument:
    """Start a run and watch it to its end; Ctrl-C cancels it and still waits for its end.

    `ours` says that its central lives only as long as this command.
    """
    run_id = client.post("/api/runs", spec)["run_id"]
    try:
        return _watch(client, run_id, console)
    except KeyboardInterrupt:
        console.print(Text("cancelling; Ctrl-C again leaves at once"), style="yellow")
        client.post(f"/api/runs/{run_id}/cancel", {"reason": "cancelled from the terminal"})
        return _watch(client, run_id, console)


def _watch(client: Client, run_id: str, console: Console) -> RunDocument:
    run = client.document(run_id)
    if run.state is RunState.QUEUED:
        console.print(Text(f"run {run_id} waits for its turn"), style="dim")
    with live.view(console, run) as view:
        for piece in client.events(run_id):
            if isinstance(piece, Snapshot):
                view.restart()
            else:
                view.feed(piece.data)
    return client.document(run_id)


def report(console: Console, run: RunDocument, folder: str) -> int:
    """Print the table and how to see the run again; give the exit code."""
    console.print(table.final(run))
    style = "green" if run.state is RunState.DONE else "red"
    console.print(Text(f"run {run.run_id}: {run.state.value}", style=style))
    console.print(Text(f"  kept in     {clean_line(folder)}"), soft_wrap=True)
    console.print(Text(f"  see again   benchrace runs show {run.run_id}"), soft_wrap=True)
    return exit_code(run)


def exit_code(run: RunDocument) -> int:
    """Give 0 where every lane was measured, else 1."""
    return 0 if run.state is RunState.DONE else 1
