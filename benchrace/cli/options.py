"""Options that several commands share."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

PORT = click.IntRange(0, 65535)

F = TypeVar("F", bound=Callable[..., Any])
_TOKEN = "benchrace.token"

data_dir = click.option(
    "--data-dir",
    metavar="DIR",
    help="Where runs and jobs are kept [default: BENCHRACE_DATA_DIR, or the platform's folder].",
)
config_dir = click.option(
    "--config-dir",
    metavar="DIR",
    help="Where agent.yaml and the others are [default: BENCHRACE_CONFIG_DIR, ./config, ...].",
)
central_url = click.option(
    "--central",
    metavar="URL",
    help="The central to use; without one, the one that runs on the data folder, or a new one.",
)


def _token_read(ctx: click.Context, _param: click.Parameter, fd: int | None) -> None:
    """Read a token from a pipe that we inherited; it is closed, so that nobody inherits it on."""
    if fd is None:
        return
    try:
        with os.fdopen(fd, "rb") as pipe:
            said = pipe.readline(1024).decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"nothing can be read from {fd}: {error}") from error
    if not said:
        raise click.BadParameter(f"{fd} holds no token")
    ctx.meta[_TOKEN] = said


def _token_said(ctx: click.Context, _param: click.Parameter, said: str | None) -> str | None:
    found: str | None = ctx.meta.get(_TOKEN, said)
    return found


as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document alone.")
parent_fd = click.option("--parent-fd", type=int, hidden=True)


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Put several options on one command, in the order given."""

    def put(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return put


def token(text: str) -> Callable[[F], F]:
    """Make the options by which a token is given."""
    return all_of(
        click.option(
            "--token",
            envvar="BENCHRACE_TOKEN",
            metavar="TOKEN",
            callback=_token_said,
            help=text,
        ),
        click.option(
            "--token-fd",
            type=click.IntRange(0),
            metavar="N",
            is_eager=True,
            expose_value=False,
            callback=_token_read,
            help="Read the token, as one line, from this open file descriptor.",
        ),
    )


people_token = token(
    "The operator's token, where central asks for one; best given as BENCHRACE_TOKEN."
)


def print_json(value: object) -> None:
    """Print one JSON document on standard output."""
    import msgspec

    data = msgspec.json.format(msgspec.json.encode(value), indent=2)
    click.echo(data.decode())


def path(text: str | None) -> Path:
    """The data folder that an option, the environment or the platform names."""
    from benchrace.config.places import data_dir as place

    return place(text)


def token_of_parent(parent_fd: int) -> str:
    """Read the token that our parent wrote into the pipe; the pipe stays open after it."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(parent_fd, 1)
        if not piece:
            sys.exit("benchrace: the command that started this process is gone")
        text += piece
    return text.decode().strip()


def again(chosen: dict[str, Any]) -> list[str]:
    """Say options again, for a process that is started apart; its token goes through a pipe."""
    said: list[str] = []
    for name, value in chosen.items():
        flag = "--" + name.replace("_", "-")
        if name == "token":
            continue  # On the command line every user of this machine could read it.
        if value is True:
            said.append(flag)
        elif name in ("data_dir", "config_dir") and value:
            said += [flag, str(Path(value).absolute())]
        elif value is not None and value is not False:
            said += [flag, str(value)]
    return said
