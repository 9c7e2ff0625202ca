"""What every source of assets offers."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from benchrace.errors import BenchraceError, Category

# A source that is away for longer than a read may take is tried again.
TRANSIENT = frozenset(
    {
        Category.UNREACHABLE,
        Category.TIMEOUT_CONNECT,
        Category.TIMEOUT_IDLE,
        Category.STREAM_ERROR,
        Category.ENDED_EARLY,
    }
)


class Body(NamedTuple):
    """Bytes from `start` on; `start` is 0 where the source cannot resume, or the file changed.

    `total` is the size of the whole file in bytes, None if unknown. `validator` names this version
    of the file. `framed` tells whether the end of `chunks` is known to be the end of the file.
    """

    start: int
    total: int | None
    validator: str | None
    framed: bool
    chunks: AsyncIterator[bytes]


class Source(Protocol):
    """A file elsewhere. `label` is shown to people, `identity` tells it from every other file."""

    @property
    def label(self) -> str: ...

    @property
    def identity(self) -> str: ...

    def open(self, offset: int, validator: str | None) -> AbstractAsyncContextManager[Body]:
        """Read from `offset` on, if the file still is the version that `validator` names.

        Raises `missing_asset`, or one of `TRANSIENT` for what may be tried again.
        """
        ...


def missing(label: str, why: str, remedy: str | None = None) -> BenchraceError:
    """Return the error of a file that a source does not have, or does not hand out."""
    return BenchraceError(
        Category.MISSING_ASSET, f"{label}: {why}", remedy or "Correct the address of the asset."
    )


def cut(label: str, error: object) -> BenchraceError:
    """Return the error of a connection that broke in the middle."""
    return BenchraceError(
        Category.STREAM_ERROR,
        f"{label}: the connection was lost: {error}",
        "Fetch it again: it resumes where it stopped.",
    )
