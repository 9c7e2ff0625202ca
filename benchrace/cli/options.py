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
_TLS_FILES = ("ca", "client_cert", "client_key", "tls_cert", "tls_key", "tls_client_ca")
_PATHS = frozenset(("data_dir", "config_dir", *_TLS_FILES))

data_dir = click.option(
    "--data-dir",
    metavar="DIR",
    help="Folder for runs and jobs [default: BENCHRACE_DATA_DIR, or the platform's].",
)
config_dir = click.option(
    "--config-dir",
    metavar="DIR",
    help="Folder of agent.yaml and other settings [default: BENCHRACE_CONFIG_DIR, ./config, ...].",
)
_central = click.option(
    "--central",
    metavar="URL",
    help="Central to use [default: the one running on the data folder, or a temporary one].",
)


def _read_token(ctx: click.Context, _param: click.Parameter, fd: int | None) -> None:
    """Read a token from an inherited pipe, and close it so that no child inherits it."""
    if fd is None:
        return
    try:
        with os.fdopen(fd, "rb") as pipe:
            text = pipe.readline(1024).decode("utf-8", "replace")
    except OSError as error:
        raise click.BadParameter(f"cannot read file descriptor {fd}: {error}") from error
    token = _credential("the token", text)
    if token is None:
        raise click.BadParameter(f"file descriptor {fd} contains no token")
    ctx.meta[_TOKEN] = token


def _read_token_file(ctx: click.Context, _param: click.Parameter, name: str | None) -> None:
    if name is None:
        return
    try:
        with Path(name).open(encoding="utf-8", errors="replace") as file:
            text = file.read(1024)
    except OSError as error:
        raise click.BadParameter(f"cannot read {name}: {error.strerror or error}") from error
    token = _credential(name, text)
    if token is None:
        raise click.BadParameter(f"{name} contains no token")
    ctx.meta[_TOKEN] = token


def _resolve_token(ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    read: str | None = ctx.meta.get(_TOKEN)
    return read or _credential("the token (--token or BENCHRACE_TOKEN)", value)


def _credential(name: str, text: str | None) -> str | None:
    if text is None:
        return None
    from benchrace.config.credentials import credential
    from benchrace.errors import InvalidInput

    try:
        return credential(name, text)
    except InvalidInput as error:
        raise click.BadParameter(error.message) from error


as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON only, including errors.")
parent_fd = click.option("--parent-fd", type=int, hidden=True)
log_file = click.option("--log-file", hidden=True)
log_format = click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="Format of the log: lines for people, or one JSON object a line [default: text].",
)


def all_of(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Combine several options into one decorator, in order."""

    def put(command: F) -> F:
        for option in reversed(options):
            command = option(command)
        return command

    return put


def token(text: str) -> Callable[[F], F]:
    """Return the options that set a token."""
    return all_of(
        click.option(
            "--token",
            envvar="BENCHRACE_TOKEN",
            metavar="TOKEN",
            callback=_resolve_token,
            help=text,
        ),
        click.option(
            "--token-fd",
            type=click.IntRange(0),
            metavar="N",
            is_eager=True,
            expose_value=False,
            callback=_read_token,
            help="Read the token (one line) from this open file descriptor.",
        ),
        click.option(
            "--token-file",
            metavar="FILE",
            is_eager=True,
            expose_value=False,
            callback=_read_token_file,
            help="Read the token from this file.",
        ),
    )


server_tls = all_of(
    click.option("--tls-cert", metavar="FILE", help="Serve HTTPS with this certificate (PEM)."),
    click.option("--tls-key", metavar="FILE", help="Key of that certificate (PEM)."),
    click.option(
        "--tls-client-ca", metavar="FILE", help="Require client certificates of this CA (PEM)."
    ),
)
_CLIENT_TLS = {
    "--ca": "CA to trust in addition to the system's [default: BENCHRACE_CA].",
    "--client-cert": "Certificate to present to central [default: BENCHRACE_CLIENT_CERT].",
    "--client-key": "Key of that certificate [default: BENCHRACE_CLIENT_KEY].",
}
client_tls = all_of(
    *(click.option(name, metavar="FILE", help=text) for name, text in _CLIENT_TLS.items())
)


def _export(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Set the variable that stands for an option, also for processes that the command starts."""
    variable = f"BENCHRACE_{(param.name or '').upper()}"
    if value is None:
        return
    before = os.environ.get(variable)
    os.environ[variable] = str(Path(value).expanduser().absolute())

    def restore() -> None:
        if before is None:
            os.environ.pop(variable, None)
        else:
            os.environ[variable] = before

    ctx.call_on_close(restore)


central_url = all_of(
    _central,
    *(
        click.option(name, metavar="FILE", help=text, expose_value=False, callback=_export)
        for name, text in _CLIENT_TLS.items()
    ),
)
people_token = token("Operator token, if central requires one; prefer BENCHRACE_TOKEN.")


archive = all_of(central_url, people_token, data_dir)


def print_json(value: object) -> None:
    """Print one JSON document on standard output, in UTF-8 whatever the terminal's encoding."""
    import msgspec

    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def path(text: str | None) -> Path:
    """Return the data folder that an option, the environment or the platform sets."""
    from benchrace.config.paths import data_dir as place

    return place(text)


def token_of_parent(parent_fd: int) -> str:
    """Read the token that our parent wrote into the pipe; the pipe stays open after it."""
    text = b""
    while not text.endswith(b"\n"):
        piece = os.read(parent_fd, 1)
        if not piece:
            sys.exit("benchrace: the command that started this process has exited")
        text += piece
    return _credential("the token", text.decode()) or ""


def to_arguments(chosen: dict[str, Any]) -> list[str]:
    """Return options as arguments of a new process; its token goes through a pipe."""
    arguments: list[str] = []
    for name, value in chosen.items():
        flag = "--" + name.replace("_", "-")
        if name == "token":
            continue  # On the command line every user of this machine could read it.
        if value is True:
            arguments.append(flag)
        elif name in _PATHS and value:
            arguments += [flag, str(Path(value).absolute())]
        elif value is not None and value is not False:
            arguments += [flag, str(value)]
    return arguments
