"""Options that several commands share."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

PORT = click.IntRange(0, 65535)

F = TypeVar("F", bound=Callable[..., Any])

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
token = click.option(
    "--token",
    envvar="BENCHRACE_TOKEN",
    metavar="TOKEN",
    help="The token that central asks for, best given as BENCHRACE_TOKEN.",
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON document alone.")
parent_fd = click.option("--parent-fd", type=int, hidden=True)


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Put several options on one command, in the order given."""

    def put(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return put


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
    """Say options again, for a process that is started apart; its token goes by environment."""
    said: list[str] = []
    for name, value in chosen.items():
        flag = "--" + name.replace("_", "-")
        if name == "token" and value:
            # On the command line every user of this machine could read it.
            os.environ["BENCHRACE_TOKEN"] = value
        elif value is True:
            said.append(flag)
        elif name in ("data_dir", "config_dir") and value:
            said += [flag, str(Path(value).absolute())]
        elif value is not None and value is not False:
            said += [flag, str(value)]
    return said
