"""The alert of a failed handshake: asyncio drops it, and the peer would not learn what is wrong."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

# asyncio begins a connection in the context of its caller.
_unsent: ContextVar[bytearray | None] = ContextVar("unsent", default=None)


class _Connection(ssl.SSLObject):
    """A connection in memory that keeps what its failed handshake wanted to send."""

    outgoing: ssl.MemoryBIO | None = None
    unsent: bytearray | None = None

    def do_handshake(self) -> None:
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            if self.unsent is not None and self.outgoing is not None:
                self.unsent += self.outgoing.read()
            raise


class AlertingContext(ssl.SSLContext):
    """A context for handshakes in a block of `alerts`."""

    sslobject_class = _Connection

    def wrap_bio(
        self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **options: Any
    ) -> ssl.SSLObject:
        """Begin a connection in memory."""
        connection = super().wrap_bio(incoming, outgoing, *args, **options)
        if isinstance(connection, _Connection):
            connection.outgoing, connection.unsent = outgoing, _unsent.get()
        return connection


@contextmanager
def alerts() -> Iterator[bytearray]:
    """Yield what a handshake that fails in this block leaves unsent."""
    unsent = bytearray()
    token = _unsent.set(unsent)
    try:
        yield unsent
    finally:
        _unsent.reset(token)
