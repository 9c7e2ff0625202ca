"""The contents page of the command line; a command's module is imported when it is called."""

import importlib
import sys
from typing import Any, NamedTuple, NoReturn

import click

from benchrace import __version__


class Lazy(NamedTuple):
    """Where a command is, and its one line in the list, so that the list imports nothing."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "race": Lazy("race", "race", "Race the Rust kernels on this machine, live."),
    "run": Lazy("run", "run", "Run one comparison without the page, and print its table."),
    "runs": Lazy("runs", "runs", "List, show, export and delete stored runs."),
    "agent": Lazy("agent", "agent", "Serve this machine to a central, or manage that service."),
    "central": Lazy("central", "central", "Coordinate agents, keep runs, and serve the page."),
    "models": Lazy("models", "models", "List and pull the machines' models."),
    "prompt": Lazy("prompt", "prompt", "Have a prompt written about something."),
    "plugins": Lazy("plugins", "plugins", "List installed plugins, broken ones with the reason."),
    "doctor": Lazy("doctor", "doctor", "Check this machine and say where things are."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to call it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        entry = COMMANDS[cmd_name]
        module = importlib.import_module(f"benchrace.cli.{entry.module}")
        command: click.Command = getattr(module, entry.attribute)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        # Imported here: by now a command is called, and `--help` has long been answered.
        from benchrace.cli.text import failure_lines
        from benchrace.errors import BenchraceError, Category

        try:
            return super().invoke(ctx)
        except BenchraceError as error:
            for line in failure_lines(error.failure()):
                click.echo(line, err=True)
            ctx.exit(2 if error.category is Category.VALIDATION else 1)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="benchrace")
def cli() -> None:
    """Race machines, models and engines against each other on real work.

    Start with `benchrace race`. Exit codes: 0 success, 1 failure, 2 bad arguments.
    """


def main(args: list[str] | None = None, **extra: Any) -> NoReturn:
    """Run the command line and exit; a failure is one line in words, never a traceback."""
    try:
        code = cli.main(args, prog_name="benchrace", standalone_mode=False, **extra)
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt) as asked:
        click.echo("stopped", err=True)
        code = getattr(asked, "code", 130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is left to say.
        sys.stdout = None
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
