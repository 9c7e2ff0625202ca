"""The page of the command line: the `--help` of every command."""

from collections.abc import Iterator

import click

from benchrace.cli.main import cli
from docs.generator.markdown import block, page

WIDTH = 96
HEAD = """\
`benchrace --help` lists the commands, and each command has its own `--help`; this page contains
all of them. Exit codes: 0 success, 1 failure, 2 bad arguments; `benchrace compare` can add 3 and 4.
With `--json`, standard output is one JSON document and nothing else. Outside of a terminal no
escape codes are written."""


def render() -> str:
    """Render the page."""
    parts = (
        f"## `{context.command_path}`\n\n{block(_help(context))}" for context in contexts(cli, None)
    )
    return page("Command line", HEAD, *parts)


def contexts(command: click.Command, parent: click.Context | None) -> Iterator[click.Context]:
    """Yield a context for a command and for all those below it."""
    name = "benchrace" if parent is None else command.name
    settings = command.context_settings if parent is None else {}
    context = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **settings,
    )
    yield context
    if isinstance(command, click.Group):
        for command_name in command.list_commands(context):
            below = command.get_command(context, command_name)
            assert below is not None
            yield from contexts(below, context)


def _help(context: click.Context) -> str:
    with context:
        text = context.command.get_help(context)
    return "\n".join(line.rstrip() for line in text.splitlines())
