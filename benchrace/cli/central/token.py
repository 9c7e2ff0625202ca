"""`benchrace central token`: list, create, rotate and revoke tokens."""

from datetime import datetime
from typing import TYPE_CHECKING

import click
import msgspec

from benchrace.cli import options
from benchrace.cli.central.connection import operator_client, shared_options
from benchrace.errors import FieldError, InvalidInput

if TYPE_CHECKING:
    from benchrace.api.tokens import NewToken, TokenEntry
    from benchrace.cli.connect.client import Client

TOKENS = "/api/tokens"
_ROLES = click.Choice(["agent", "operator", "watcher"])


@click.group(short_help="Manage tokens of agents and people.")
def token() -> None:
    """List, create, rotate and revoke tokens of agents, operators and watchers."""


@token.command("list")
@shared_options
def list_tokens(
    central: str | None, token: str | None, data_dir: str | None, as_json: bool
) -> None:
    """List the tokens, without their secrets."""
    with operator_client(central, token, options.path(data_dir)) as client:
        tokens = _tokens(client)
    if as_json:
        options.print_json({"tokens": tokens})
    else:
        _print(tokens)


@token.command(short_help="Create a token, and print it once.")
@click.argument("role", type=_ROLES)
@click.argument("name")
@click.option("--machine-id", metavar="ID", help="Only machine that may link with it (agent).")
@shared_options
def create(
    role: str,
    name: str,
    machine_id: str | None,
    central: str | None,
    token: str | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Create a token for ROLE with a NAME of your choice, and print it once.

    For a machine, `benchrace central invite` is simpler.
    """
    from benchrace.api import decoding
    from benchrace.api.tokens import TokenRequest

    wanted = {"role": role, "name": name, "machine_id": machine_id}
    body = msgspec.to_builtins(decoding.convert(wanted, TokenRequest))
    with operator_client(central, token, options.path(data_dir)) as client:
        _show(_new(client, client.post(TOKENS, body)), as_json)


@token.command(short_help="Replace a token with a new one.")
@click.argument("name")
@shared_options
def rotate(
    name: str, central: str | None, token: str | None, data_dir: str | None, as_json: bool
) -> None:
    """Replace the token NAME (or ID) with a new one, and print it once.

    The old token stops working at once: links, sessions and live streams that use it end.
    """
    with operator_client(central, token, options.path(data_dir)) as client:
        entry = _find(client, name)
        _show(_new(client, client.post(f"{TOKENS}/{entry.token_id}/rotate")), as_json)


@token.command(short_help="Revoke tokens.")
@click.argument("names", nargs=-1, required=True)
@shared_options
def revoke(
    names: tuple[str, ...],
    central: str | None,
    token: str | None,
    data_dir: str | None,
    as_json: bool,
) -> None:
    """Revoke tokens by NAME or ID; links, sessions and live streams that use them end."""
    with operator_client(central, token, options.path(data_dir)) as client:
        entries = [_find(client, name) for name in names]
        for entry in entries:
            client.delete(f"{TOKENS}/{entry.token_id}")
            if not as_json:
                click.echo(f"revoked the {entry.role} token {entry.name} ({entry.token_id})")
    if as_json:
        options.print_json({"revoked": [entry.token_id for entry in entries]})


def _tokens(client: "Client") -> "tuple[TokenEntry, ...]":
    from benchrace.api.tokens import TokenList

    return client.convert(client.get(TOKENS), TokenList).tokens


def _new(client: "Client", body: object) -> "NewToken":
    from benchrace.api.tokens import NewToken

    return client.convert(body, NewToken)


def _find(client: "Client", name: str) -> "TokenEntry":
    """Return the token with this id, or the only one of this name; raises `InvalidInput`."""
    tokens = _tokens(client)
    matches = [entry for entry in tokens if entry.token_id == name]
    matches = matches or [entry for entry in tokens if entry.name == name]
    if len(matches) == 1:
        return matches[0]
    what = f"{len(matches)} tokens have the name" if matches else "no token has the name or ID"
    raise InvalidInput(
        FieldError("NAME", f"{what} {name[:80]!r}"),
        "Use an ID: `benchrace central token list` shows them.",
    )


def _show(created: "NewToken", as_json: bool) -> None:
    if as_json:
        options.print_json(created)
        return
    entry = created.entry
    click.echo(
        f"the {entry.role} token {entry.name} ({entry.token_id}), shown only once:", err=True
    )
    click.echo(created.token)


def _print(tokens: "tuple[TokenEntry, ...]") -> None:
    from benchrace.cli.output.screen import console
    from benchrace.cli.output.table import table

    titles = ("id", "role", "name", "machine", "created", "last used", "note")
    console().print(table(titles, map(_cells, tokens)))


def _cells(entry: "TokenEntry") -> tuple[str, ...]:
    return (
        entry.token_id,
        entry.role.value,
        entry.name,
        entry.machine_id or "any" if entry.role == "agent" else "-",
        _time(entry.created_at),
        _time(entry.used_at),
        entry.note or "",
    )


def _time(wall_s: float | None) -> str:
    if wall_s is None:
        return "-"
    return datetime.fromtimestamp(wall_s).astimezone().strftime("%Y-%m-%d %H:%M")
