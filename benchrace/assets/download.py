"""One download: resumed where it stopped, checked, and whole or not there at all."""

import functools
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeVar

import anyio
from anyio import CancelScope, from_thread

from benchrace.assets.partial import Origin, Partial
from benchrace.assets.sources.source import TRANSIENT, Body, Source
from benchrace.errors import BenchraceError, Category
from benchrace.formatting import file_size

_WRITE = 1 << 20
# Each time without a single new byte.
_MAX_FAILURES = 5
PAUSE_S = 0.5
T = TypeVar("T")


class Expected(NamedTuple):
    """What the file must be; None is not known."""

    sha256: str | None = None
    size: int | None = None


class Hooks(NamedTuple):
    """`progress` gets bytes and the total; `make_room` the bytes to come, and may raise.

    `check_total` gets the size of the whole, or what of it has come, and may raise as well.
    """

    progress: Callable[[int, int | None], object]
    log: Callable[[str], object]
    make_room: Callable[[int], object]
    check_total: Callable[[int], object]


class Download:
    """A download from one source into a temporary file, which is the only one with its key."""

    def __init__(
        self, source: Source, expected: Expected, hooks: Hooks, *, pause_s: float = PAUSE_S
    ) -> None:
        self._source = source
        self._expected = expected
        self._hooks = hooks
        self._pause_s = pause_s
        self._resumed = False

    @asynccontextmanager
    async def received(self, partial: Partial) -> AsyncIterator[tuple[str, int]]:
        """Yield digest and size, once all bytes are in `partial`, which is open until the end.

        Raises `bad_output` for a file that is not the expected one, and drops its bytes; whatever
        else goes wrong leaves them for the next download.
        """
        identity = hashlib.sha256(self._source.identity.encode()).hexdigest()
        try:
            any_source = self._expected.sha256 is not None
            origin = await blocking(
                functools.partial(partial.open, identity, self._hashed, any_source=any_source)
            )
            self._resumed = partial.size > 0
            await self._receive(partial, identity, origin)
            yield await self._checked(partial, identity), partial.size
        finally:
            with CancelScope(shield=True):
                await blocking(partial.close)

    def _hashed(self, size: int) -> None:
        from_thread.run_sync(self._hooks.progress, size, None)

    async def _checked(self, partial: Partial, identity: str) -> str:
        """Return the digest, where it is the expected one; raises `bad_output`."""
        expected = self._expected.sha256
        if expected not in (None, partial.digest()) and self._resumed:
            # The rest may be of another version than the beginning.
            self._hooks.log(f"{self._source.label}: wrong SHA-256 after resuming; starting over")
            await blocking(partial.restart)
            await self._receive(partial, identity, None)
        digest = partial.digest()
        self._check_received(partial)
        if expected not in (None, digest):
            partial.discard()
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{self._source.label} has the SHA-256 {digest[:16]}…, expected "
                f"{str(expected)[:16]}…",
                "Correct the checksum, or the address: that address has a different file.",
            )
        return digest

    async def _receive(self, partial: Partial, identity: str, origin: Origin | None) -> None:
        failures = 0
        while not _is_whole(partial, origin):
            before = partial.size
            try:
                await self._attempt(partial, identity, origin)
            except BenchraceError as error:
                if error.category not in TRANSIENT:
                    raise
                failures = 1 if partial.size > before else failures + 1
                if failures >= _MAX_FAILURES:
                    raise
                self._hooks.log(f"{error.message}: trying again")
                origin = partial.origin()
                await anyio.sleep(self._pause_s * 2**failures)
            else:
                return

    async def _attempt(self, partial: Partial, identity: str, origin: Origin | None) -> None:
        offset, validator = self._resume_from(partial, origin)
        async with self._source.open(offset, validator) as body:
            if body.start != partial.size:
                await blocking(partial.restart)
            self._resumed = partial.size > 0
            await blocking(self._check_size, body, partial)
            now = Origin(source=identity, validator=body.validator, total=body.total)
            if now != origin or not partial.size:
                await blocking(partial.begin, now)
            if body.total is not None:
                await blocking(self._check_total, partial, body.total)
                await blocking(self._hooks.make_room, body.total - partial.size)
            await self._write(partial, body)

    def _resume_from(self, partial: Partial, origin: Origin | None) -> tuple[int, str | None]:
        """Return where to go on: only where the version can be told, or the digest is known."""
        validator = None if origin is None else origin.validator
        if validator is None and self._expected.sha256 is None:
            return 0, None
        return partial.size, validator

    async def _write(self, partial: Partial, body: Body) -> None:
        waiting = bytearray()
        self._hooks.progress(partial.size, body.total)
        try:
            async for chunk in body.chunks:
                waiting += chunk
                await self._check_overrun(partial, body.total, len(waiting))
                if len(waiting) >= _WRITE:
                    await self._flush(partial, waiting, body.total)
        except BenchraceError as error:
            if error.category in TRANSIENT:
                await self._flush(partial, waiting, body.total)
            raise
        await self._flush(partial, waiting, body.total)
        if body.total is not None and partial.size < body.total:
            raise BenchraceError(
                Category.ENDED_EARLY,
                f"{self._source.label} ended after {partial.size} of {body.total} bytes",
                "Fetch it again: it resumes where it stopped.",
            )

    async def _check_overrun(self, partial: Partial, total: int | None, waiting: int) -> None:
        if total is None:
            self._check_total(partial, partial.size + waiting)
        if total is not None and partial.size + waiting > total:
            await blocking(partial.discard)
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{self._source.label}: received more than the announced {file_size(total)}",
                "Use another source.",
            )

    async def _flush(self, partial: Partial, waiting: bytearray, total: int | None) -> None:
        if waiting:
            if total is None:
                # Nobody knows how much is still to come.
                await blocking(self._hooks.make_room, len(waiting))
            await blocking(partial.write, bytes(waiting))
            waiting.clear()
            self._hooks.progress(partial.size, total)

    def _check_total(self, partial: Partial, size: int) -> None:
        try:
            self._hooks.check_total(size)
        except BenchraceError:
            partial.discard()
            raise

    def _check_size(self, body: Body, partial: Partial) -> None:
        label, size = self._source.label, self._expected.size
        if size is not None and body.total not in (None, size):
            partial.discard()
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{label} has {body.total} bytes, expected {size}",
                "Correct the size, or the address: that address has a different file.",
            )
        if not body.framed and self._expected.sha256 is None and size is None:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{label}: the server does not send the size, so a truncated file could pass",
                "Set the file's `sha256` or `size`.",
            )

    def _check_received(self, partial: Partial) -> None:
        size, wanted = partial.size, self._expected.size
        if not size or wanted not in (None, size):
            partial.discard()
            words = "is empty" if not size else f"has {size} bytes, expected {wanted}"
            raise BenchraceError(Category.BAD_OUTPUT, f"{self._source.label} {words}")


def _is_whole(partial: Partial, origin: Origin | None) -> bool:
    return origin is not None and origin.total is not None and partial.size == origin.total > 0


async def blocking(call: Callable[..., T], *args: object) -> T:
    """Call what blocks, in a thread."""
    return await anyio.to_thread.run_sync(call, *args)
