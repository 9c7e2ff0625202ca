"""Unmasking messages of WebSockets, beside the library's own way."""

import subprocess
import sys

import pytest
from wsproto import frame_protocol
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage

from benchrace.web.asgi import protocol

DATA = bytes(range(256)) * 9
SIZES = (1, 2, 3, 4, 5, 7, 64, 1021)
# Where the C part cannot be imported.
FALLBACK = """
import sys
sys.modules["websockets.speedups"] = None
from tests.web.asgi.test_protocol import DATA, SIZES, protocol, received
print(protocol.apply_mask.__module__, all(received(size) == DATA for size in SIZES))
"""


def received(size: int) -> bytes:
    """Return what a server reads of a message that comes in pieces of `size` bytes."""
    used: object = frame_protocol.XorMaskerSimple
    assert used is protocol.Masker
    sent = Connection(ConnectionType.CLIENT).send(BytesMessage(data=DATA))
    server, got = Connection(ConnectionType.SERVER), b""
    for start in range(0, len(sent), size):
        server.receive_data(sent[start : start + size])
        got += b"".join(bytes(event.data) for event in server.events())  # type: ignore[attr-defined]
    return got


@pytest.mark.parametrize("size", SIZES)
def test_a_message_in_pieces_is_read_as_it_was_sent(size: int) -> None:
    assert received(size) == DATA


@pytest.mark.slow
def test_a_message_is_read_without_the_c_part(pytestconfig: pytest.Config) -> None:
    command = [sys.executable, "-c", FALLBACK]
    done = subprocess.run(
        command, cwd=pytestconfig.rootpath, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["websockets.utils", "True"]
