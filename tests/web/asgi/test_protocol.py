"""Unmasking messages of WebSockets, beside the library's own way."""

import pytest
from wsproto import frame_protocol
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from benchrace.web.asgi.protocol import Masker


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 64, 1021])
def test_a_message_in_pieces_is_read_as_it_was_sent(size: int) -> None:
    used: object = frame_protocol.XorMaskerSimple
    assert used is Masker
    data = bytes(range(256)) * 9
    sent = Connection(ConnectionType.CLIENT).send(BytesMessage(data=data))
    server, got = Connection(ConnectionType.SERVER), b""
    for start in range(0, len(sent), size):
        server.receive_data(sent[start : start + size])
        got += b"".join(bytes(event.data) for event in server.events())  # type: ignore[attr-defined]
    assert got == data
