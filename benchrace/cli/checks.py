"""Things looked at one by one, each with what to do where it is not as it should be."""

import sys
from collections.abc import Iterable

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.text import clean_line


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; `remedy` is set where it stands in the way."""

    name: str
    value: str
    remedy: str | None = None


def report(checks: Iterable[Check], as_json: bool) -> None:
    """Print what was found; exit 1 where something stands in the way."""
    found = tuple(checks)
    good = not any(each.remedy for each in found)
    if as_json:
        options.print_json({"checks": found, "ok": good})
    else:
        width = max((len(each.name) for each in found), default=0)
        for each in found:
            click.echo(f"{clean_line(each.name):<{width}}  {clean_line(each.value)}")
            if each.remedy:
                click.echo(f"{'':<{width}}  -> {clean_line(each.remedy)}")
    if not good:
        sys.exit(1)
