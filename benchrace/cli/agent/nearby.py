"""The central to join where no address is given: found by mDNS, and chosen by a person."""

import sys
from collections.abc import Sequence

import anyio
import click

from benchrace.cli.output.formatting import clean_line
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.web.remote.nearby import Nearby, Role, find

_FIND_S = 3.0
_INVITED = "Paste the whole command that `benchrace central invite` prints."


def choose() -> str:
    """Return the address of a central on the local network that a person chooses.

    Anybody there can announce anything, so nothing is joined without asking. Raises InvalidInput
    without a terminal, `unreachable` where no central is found, and `system` without mDNS.
    """
    if not _is_terminal():
        what = "is missing, and without a terminal nobody can choose a central"
        raise InvalidInput(FieldError("URL", what), _INVITED)
    click.echo("looking for centrals on the local network ...", err=True)
    centrals = anyio.run(find, Role.CENTRAL, _FIND_S)
    if not centrals:
        raise BenchraceError(
            Category.UNREACHABLE,
            "no central was found on the local network",
            f"{_INVITED} A central announces itself only where it listens beyond loopback.",
        )
    click.echo(
        "Compare the address with the one that `benchrace central invite` printed.", err=True
    )
    return _chosen(centrals).url


def _chosen(centrals: Sequence[Nearby]) -> Nearby:
    if len(centrals) == 1:
        click.confirm(f"Join {_described(centrals[0])}?", abort=True, err=True)
        return centrals[0]
    for number, central in enumerate(centrals, 1):
        click.echo(f"{number:>3}  {_described(central)}", err=True)
    number = click.prompt("Join number", type=click.IntRange(1, len(centrals)), err=True)
    return centrals[number - 1]


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _described(central: Nearby) -> str:
    return clean_line(f"{central.url} ({central.name}, benchrace {central.version})")
