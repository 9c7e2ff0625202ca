"""Files of the machine's model share: copied to a local disk, never used where they are."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio

from benchrace.assets.sources.source import Body, cut, missing
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput

PREFIX = "share:"
_CHUNK = 1 << 20
# A share whose server is gone answers nobody, and no error comes.
_ANSWER_S = 60.0
T = TypeVar("T")


class ShareSource:
    """A file below the folder where the share is mounted."""

    def __init__(self, url: str, share: str | None) -> None:
        if share is None:
            raise InvalidInput(
                FieldError("url", f"{url[:200]}: this machine has no model share"),
                "Set `model_share` in its settings, or in agent.yaml.",
            )
        relative = Path(url.removeprefix(PREFIX))
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise InvalidInput(
                FieldError("url", f"{url[:200]!r} does not name a file of the share"),
                "Use share:folder/file, relative to the share.",
            )
        self._root = Path(share)
        self._path = self._root / relative
        self.label = f"{PREFIX}{relative}"
        self.identity = str(self._path)

    @asynccontextmanager
    async def open(self, offset: int, validator: str | None) -> AsyncIterator[Body]:
        """Read from `offset` on, as `Source` says; raises `timeout_idle` where the share hangs."""
        fd = await self._answered(self._open)
        try:
            status = await self._answered(lambda: os.fstat(fd))
            version = f"{status.st_mtime_ns}-{status.st_size}-{status.st_ino}"
            start = offset if validator == version and offset <= status.st_size else 0
            yield Body(
                start=start,
                total=status.st_size,
                validator=version,
                framed=True,
                chunks=self._chunks(fd, start),
            )
        finally:
            os.close(fd)

    async def _chunks(self, fd: int, offset: int) -> AsyncIterator[bytes]:
        while True:
            try:
                data = await self._answered(lambda at=offset: os.pread(fd, _CHUNK, at))  # type: ignore[misc]
            except OSError as error:
                raise cut(self.label, error.strerror or error) from error
            if not data:
                return
            offset += len(data)
            yield data

    def _open(self) -> int:
        try:
            if not self._path.resolve().is_relative_to(self._root.resolve()):
                raise missing(self.label, "it is a link that leads out of the share")
            if not self._path.is_file():
                raise missing(
                    self.label,
                    f"{self._root} has no such file",
                    "Mount the share there, or correct the name.",
                )
            return os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise missing(self.label, str(error.strerror or error)) from error

    async def _answered(self, call: Callable[[], T]) -> T:
        with anyio.move_on_after(_ANSWER_S):
            return await anyio.to_thread.run_sync(call, abandon_on_cancel=True)
        raise BenchraceError(
            Category.TIMEOUT_IDLE,
            f"{self.label}: the share does not respond within {_ANSWER_S:g} s",
            "Check the server of the share, and the mount.",
        )
