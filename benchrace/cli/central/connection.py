"""The connection of commands that only operators may use to a running central."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchrace.cli import options
from benchrace.cli.service.service import central_service
from benchrace.config.credentials import credential
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic

if TYPE_CHECKING:
    from benchrace.cli.connect.client import Client

shared_options = options.all_of(
    click.option(
        "--central", metavar="URL", help="Central to use [default: the one on the data folder]."
    ),
    options.token("Operator token, for --central; prefer BENCHRACE_TOKEN."),
    options.data_dir,
    options.as_json,
)


@contextmanager
def operator_client(central: str | None, token: str | None, data: Path) -> "Iterator[Client]":
    """Connect to a central by its address and a token, or to the data folder's by its local key.

    Raises where none runs on the data folder, and where its key cannot be read.
    """
    from benchrace.cli.connect.client import Client

    if central is not None:
        with Client(central, token) as client:
            yield client
        return
    from benchrace.central.auth.access import LOCAL

    record = central_service(data).running()
    if record is None:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no central is running on the data folder {data}",
            "Start it with `benchrace central start`, or correct --data-dir.",
        )
    with Client(record.url, _key(data / "central" / LOCAL), record.certificate) as client:
        yield client


def _key(path: Path) -> str | None:
    """Read the key; None where central requires no login and so left none."""
    try:
        return credential(str(path), path.read_bytes().decode("utf-8", "replace"))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise atomic.failure(path, error) from error
