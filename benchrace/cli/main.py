"""The `benchrace` command: its sub-commands, and how their failures are reported."""

import importlib
import os
import sys
from types import ModuleType, TracebackType
from typing import Any, NoReturn

import click

from benchrace import __version__, garbage
from benchrace.cli.lazy_group import Lazy, LazyGroup
from benchrace.cli.output.encoding import replace_unprintable

_AS_JSON = "benchrace.json"


COMMANDS = {
    "race": Lazy("race.race", "race", "Race the Rust kernels on this machine, live."),
    "run": Lazy("race.run", "run", "Run one comparison and print its table."),
    "runs": Lazy("runs.runs", "runs", "List, show, export and delete stored runs."),
    "compare": Lazy("runs.compare", "compare", "Compare two to five stored runs."),
    "agent": Lazy("agent.agent", "agent", "Run this machine's agent, or manage it as a service."),
    "central": Lazy(
        "central.central", "central", "Run central: coordinate agents, store runs, serve the page."
    ),
    "tls": Lazy("tls.tls", "tls", "Create and renew certificates for HTTPS."),
    "machines": Lazy("machines.machines", "machines", "List machines, and change their settings."),
    "models": Lazy("models.models", "models", "List and pull models on all machines."),
    "assets": Lazy(
        "assets.assets", "assets", "Keep files for engines, and bring them onto machines."
    ),
    "prompt": Lazy("race.prompt", "prompt", "Generate a prompt on a topic."),
    "params": Lazy("race.params", "params", "Show the parameters of a workload."),
    "plugins": Lazy("plugins", "plugins", "List installed plugins, and why any are broken."),
    "doctor": Lazy("doctor", "doctor", "Check this machine's setup."),
}


class Main(LazyGroup):
    """The top-level group; a command's failure is reported as text."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_AS_JSON] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        # Imported here: by now a command is called, and `--help` has long been answered.
        from benchrace.errors import BenchraceError
        from benchrace.redaction import register_environment

        register_environment(os.environ)
        try:
            return super().invoke(ctx)
        except BenchraceError as error:
            ctx.exit(_failure().report(error, as_json=ctx.meta[_AS_JSON]))


@click.group(cls=Main, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="benchrace")
def cli() -> None:
    """Race machines, models and engines against each other on real work.

    Start with `benchrace race`. Exit codes: 0 success, 1 failure, 2 bad arguments.
    """


def _report_bug(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Write the traceback of a bug, without the secrets that its message may hold."""
    import traceback

    from benchrace.redaction import redact

    sys.stderr.write(redact("".join(traceback.format_exception(kind, error, trace))))


def main(args: list[str] | None = None, **extra: Any) -> NoReturn:
    """Run the command line and exit. A failure is printed as text, never as a traceback.

    With `--json` it is also one JSON document on standard output: `{"error": {...}}`.
    """
    arguments = sys.argv[1:] if args is None else args
    garbage.collect_rarely()
    replace_unprintable((sys.stdout, sys.stderr))
    sys.excepthook = _report_bug
    try:
        code = cli.main(arguments, prog_name="benchrace", standalone_mode=False, **extra)
        sys.stdout.flush()
    except click.exceptions.Exit as leaving:
        code = leaving.exit_code
    except (click.Abort, KeyboardInterrupt) as interrupt:
        click.echo("stopped", err=True)
        code = getattr(interrupt, "code", 130)
    except BrokenPipeError:
        # The reader of our output went away (`| head`): nothing is left to print.
        sys.stdout = None
        code = 1
    except click.ClickException as error:
        error.show()
        code = error.exit_code
        if "--json" in arguments:
            _failure().print_usage(error)
    except OSError as error:
        code = _failure().report(error, as_json="--json" in arguments)
    sys.exit(code if isinstance(code, int) else 0)


def _failure() -> ModuleType:
    """Import what describes failures; a command's help does not pay for it."""
    return importlib.import_module("benchrace.cli.output.failure")
