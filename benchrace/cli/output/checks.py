"""Check results, each with a remedy where it failed."""

import sys
from collections.abc import Iterable

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.output.formatting import clean_line


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one check; `remedy` is set where it failed.

    Without what is not `required` everything else works.
    """

    name: str
    value: str
    remedy: str | None = None
    required: bool = True

    @property
    def state(self) -> str:
        """Return `ok`, `FAILED`, or `optional` for what is missing and not needed."""
        if self.remedy is None:
            return "ok"
        return "FAILED" if self.required else "optional"


def report(checks: Iterable[Check], as_json: bool) -> None:
    """Print the results; exit 1 where a required check failed."""
    results = tuple(checks)
    good = not any(check.remedy and check.required for check in results)
    if as_json:
        options.print_json({"checks": results, "ok": good})
    else:
        width = max((len(check.name) for check in results), default=0)
        for check in results:
            head = f"{clean_line(check.name):<{width}}  {check.state:<8}"
            click.echo(f"{head}  {clean_line(check.value)}")
            if check.remedy:
                click.echo(f"{'':<{width}}  {'':<8}  -> {clean_line(check.remedy)}")
    if not good:
        sys.exit(1)
