"""Probe a worker by its own protocol: a TCP connection proves nothing, as a hung worker has one.

A request is a command (1 byte), a size (8 bytes, little-endian) and that many bytes; an answer is a
size and that many bytes. A worker serves one connection at a time: while a coordinator has it, no
probe is answered.
"""

import struct
from typing import NamedTuple

import anyio
from anyio.abc import SocketStream

from benchrace.plugin import BenchraceError, Category

LIMIT_S = 2.0
_GET_DEVICE_MEMORY = 11
_HELLO = 14
_DEVICE_COUNT = 15
_CAPABILITIES = bytes(24)
_MAX_ANSWER = 4096
# Before, memory was of the one device that a worker had.
_FIRST_WITH_DEVICES = 3
_SERVICE_REMEDY = (
    "Check which program listens there, and that all machines have one build of llama.cpp."
)


class Memory(NamedTuple):
    """Memory of one device, in bytes."""

    free: int
    total: int


class Hello(NamedTuple):
    """What a worker answers: its protocol, and the memory of its devices, empty if unknown."""

    protocol: str
    memory: tuple[Memory, ...] = ()


async def hello(endpoint: str, limit_s: float = LIMIT_S) -> Hello:
    """Return what the worker at `endpoint` answers within `limit_s`.

    Raises `unreachable` where nothing accepts the connection, `timeout_connect` where nothing is
    answered, and `bad_output` where something else answers.
    """
    host, _, port = endpoint.rpartition(":")
    accepted = False
    try:
        with anyio.fail_after(limit_s):
            async with await anyio.connect_tcp(host, int(port)) as stream:
                accepted = True
                return await _talk(stream)
    except TimeoutError as error:
        raise _silent(endpoint, limit_s, accepted=accepted) from error
    except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.IncompleteRead) as error:
        text = f"{endpoint} accepts a connection and closes it: it is another service, or a worker"
        text += " of another build, or it crashed"
        raise BenchraceError(Category.BAD_OUTPUT, text, _SERVICE_REMEDY) from error
    except OSError as error:
        cause = error.strerror or str(error) or type(error).__name__
        text = f"{endpoint} does not accept connections: {cause}"
        remedy = "Check that the machine is on, and that its firewall lets the port through."
        raise BenchraceError(Category.UNREACHABLE, text, remedy) from error


async def _talk(stream: SocketStream) -> Hello:
    answer = await _ask(stream, _HELLO, _CAPABILITIES)
    if len(answer) < 3:
        raise BenchraceError(
            Category.BAD_OUTPUT, "the service is not rpc-server of llama.cpp", _SERVICE_REMEDY
        )
    protocol = ".".join(str(number) for number in answer[:3])
    if answer[0] < _FIRST_WITH_DEVICES:
        return Hello(protocol)
    count = int.from_bytes(await _ask(stream, _DEVICE_COUNT, b""), "little")
    memory = []
    for device in range(min(count, 64)):
        fields = await _ask(stream, _GET_DEVICE_MEMORY, struct.pack("<I", device))
        if len(fields) != 16:
            return Hello(protocol)
        memory.append(Memory(*struct.unpack("<QQ", fields)))
    return Hello(protocol, tuple(memory))


async def _ask(stream: SocketStream, command: int, body: bytes) -> bytes:
    await stream.send(bytes([command]) + struct.pack("<Q", len(body)) + body)
    size = int.from_bytes(await _exactly(stream, 8), "little")
    if size > _MAX_ANSWER:
        raise BenchraceError(
            Category.BAD_OUTPUT, "the service is not rpc-server of llama.cpp", _SERVICE_REMEDY
        )
    return await _exactly(stream, size)


async def _exactly(stream: SocketStream, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += await stream.receive(size - len(data))
    return data


def _silent(endpoint: str, limit_s: float, *, accepted: bool) -> BenchraceError:
    if accepted:
        text = (
            f"{endpoint} accepts a connection and answers nothing within {limit_s:g} s: the worker "
            "hangs, or serves another coordinator"
        )
        remedy = "Stop the other coordinator, or restart the worker."
        return BenchraceError(Category.TIMEOUT_CONNECT, text, remedy)
    text = f"{endpoint} did not accept a connection within {limit_s:g} s"
    remedy = "Check that the machine is on, and that its firewall lets the port through."
    return BenchraceError(Category.TIMEOUT_CONNECT, text, remedy)
