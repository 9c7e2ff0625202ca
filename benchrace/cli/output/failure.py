"""A command's failure: text on standard error, a document with `--json`, and the exit code."""

import sys
import textwrap
from pathlib import Path

import click

from benchrace.cli import options
from benchrace.cli.output.formatting import clean, failure_lines
from benchrace.errors import BenchraceError, Category, Failure, FieldError, InvalidInput
from benchrace.store import atomic

FAILED = 1
BAD_ARGUMENTS = 2


def report(error: BenchraceError | OSError, *, as_json: bool) -> int:
    """Print `error` as text, and with `as_json` as a document too; return the exit code."""
    failure = error.failure() if isinstance(error, BenchraceError) else _refused(error)
    for line in failure_lines(failure):
        click.echo(line, err=True)
    if failure.detail and not as_json:
        click.echo(textwrap.indent(clean(failure.detail).strip(), "  | "), err=True)
    if as_json:
        _print_json(failure)
    return BAD_ARGUMENTS if failure.category is Category.VALIDATION else FAILED


def print_usage(error: click.ClickException) -> None:
    """Print a usage error, which click has printed on standard error, as a document."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "benchrace"
    fields = FieldError("", error.format_message())
    _print_json(InvalidInput(fields, f"See `{command} --help`.").failure())


def _print_json(failure: Failure) -> None:
    try:
        if sys.stdout is not None:
            options.print_json({"error": failure})
    except OSError:
        sys.stdout = None


def _refused(error: OSError) -> Failure:
    """Describe an OSError. Without a file name it concerns our own output."""
    why = error.strerror or str(error)
    if isinstance(error, PermissionError) and error.filename is not None:
        return atomic.failure(Path(error.filename), error).failure()
    if error.filename is not None:
        remedy = "Check the path, its permissions and the free disk space."
        return BenchraceError(Category.SYSTEM, f"{error.filename}: {why}", remedy).failure()
    # What could not be written is still in its buffer, and would fail again when Python exits.
    sys.stdout = None
    remedy = "Write the output to a disk with free space."
    message = f"cannot write to standard output: {why}"
    return BenchraceError(Category.SYSTEM, message, remedy).failure()
