"""Check results, each with a remedy where it failed."""

import sys
from collections.abc import Iterable

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check; `remedy` is set where it failed."""

    name: str
    value: str
    remedy: str | None = None


def report(checks: Iterable[Check], as_json: bool) -> None:
    """Print the results; exit 1 where a check failed."""
    results = tuple(checks)
    good = not any(check.remedy for check in results)
    if as_json:
        options.print_json({"checks": results, "ok": good})
    else:
        width = max((len(check.name) for check in results), default=0)
        for check in results:
            click.echo(f"{clean_line(check.name):<{width}}  {clean_line(check.value)}")
            if check.remedy:
                click.echo(f"{'':<{width}}  -> {clean_line(check.remedy)}")
    if not good:
        sys.exit(1)
