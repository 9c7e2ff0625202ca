"""The protocol between llama-server and its workers, from both ends, over blocking sockets."""

import socket
import struct

SET_TENSOR, SET_TENSOR_HASH, GET_TENSOR = 6, 7, 8
MEMORY, HELLO, DEVICES = 11, 14, 15
MIB = 1 << 20


class Gone(Exception):
    """The other end has closed the connection."""


def exactly(link: socket.socket, size: int) -> bytes:
    data, have = memoryview(bytearray(size)), 0
    while have < size:
        part = link.recv_into(data[have:])
        if not part:
            raise Gone
        have += part
    return bytes(data)


def answer(link: socket.socket, body: bytes) -> None:
    link.sendall(struct.pack("<Q", len(body)) + body)


def request(link: socket.socket, command: int, body: bytes = b"") -> bytes:
    """Send a command and return what is answered."""
    send(link, command, body)
    (size,) = struct.unpack("<Q", exactly(link, 8))
    return exactly(link, size)


def send(link: socket.socket, command: int, body: bytes = b"") -> None:
    link.sendall(bytes([command]) + struct.pack("<Q", len(body)) + body)
