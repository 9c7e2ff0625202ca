"""Recorded answers of real servers, said again on a real port: whole, as recorded, or in pieces."""

import json
from enum import Enum, auto
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from benchrace.testing.server import LAST, Peer, Request, Script

RECORDINGS = Path(__file__).parent / "recordings"


class Cut(Enum):
    """How the bytes are laid into segments."""

    RECORDED = auto()
    BYTES = auto()
    ONE = auto()


class Recorded(NamedTuple):
    """One answer; `pieces` are the chunks as they came."""

    name: str
    engine: str
    status: int
    content_type: str
    chunked: bool
    end: str
    pieces: tuple[bytes, ...]


def recorded() -> dict[tuple[str, str], Recorded]:
    """Return all answers, by the server's version and the answer's name."""
    recordings = {}
    for load in json.loads((RECORDINGS / "answers.json").read_bytes()):
        ending = "\n" if load["chunked"] else ""
        pieces = tuple(
            "".join(text + ending for _, text in lines).encode()
            for _, lines in groupby(load.pop("lines"), key=lambda line: line[0])
        )
        recordings[load["engine"], load["name"]] = Recorded(**load, pieces=pieces)
    return recordings


def script(answer: Recorded, cut: Cut) -> Script:
    """Send `answer` to every request; one that was cut off is cut off again."""

    async def say(peer: Peer, request: Request) -> None:
        head = f"HTTP/1.1 {answer.status} Again\r\nContent-Type: {answer.content_type}\r\n"
        if not answer.chunked:
            body = b"".join(answer.pieces)
            await peer.say(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            return
        await peer.say(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        last = LAST if answer.end == "complete" else b""
        for segment in segments(answer, cut, last):
            await peer.say(segment)
        if not last:
            await peer.close()

    return say


def segments(answer: Recorded, cut: Cut, last: bytes) -> list[bytes]:
    """Frame the pieces as chunks, and lay them into segments."""
    framed = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in answer.pieces] + [last]
    match cut:
        case Cut.RECORDED:
            return [segment for segment in framed if segment]
        case Cut.BYTES:
            return [bytes([byte]) for byte in b"".join(framed)]
        case Cut.ONE:
            return [b"".join(framed)]
