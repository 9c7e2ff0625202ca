"""The engine of a fleet: it answers over HTTP as engines do, at the speed of the script.

`POST /MACHINE/generate` streams lines: `{"t": text}` for each token, then `{"end": reason}`.
"""

import asyncio
from collections.abc import Mapping
from random import Random

import msgspec

from benchrace_simulated.pace import decode_rate, pace, token_times
from benchrace_simulated.profiles import MODELS, Profile

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n"
)
LAST = b"0\r\n\r\n"
# What the engine has of each prompt already: its template.
CACHED = 4
# Sleeping is not exact: so much of it may be caught up.
_CATCH_UP_S = 0.02
_HEAD_BYTES = 16_384
_BODY_BYTES = 4 << 20
_TEXT = (
    "the lap begins and a quick engine takes the inner line while others wait for their turn "
    "then one by one they pass the bridge count the posts and write down what they see"
)
_WORDS = _TEXT.split(" ")


class Ask(msgspec.Struct):
    """The body of a request; `round` is negative before the first round."""

    model: str
    prompt: str
    max_tokens: int
    round: int = -1


class Engine:
    """Serves all machines of a fleet, each below its own path."""

    def __init__(
        self, machines: Mapping[str, Profile], *, seed: int = 0, failures: float = 0.0
    ) -> None:
        self._machines = machines
        self._seed = seed
        self._failures = failures

    async def serve(self) -> tuple[asyncio.Server, str]:
        """Listen on a free port of this computer; return the server and its address."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_HEAD_BYTES)
        return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                path, body = await _request(reader)
                await self._answer(writer, path, body)
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, OSError):
            # The client is gone, or is not one of ours.
            return
        finally:
            writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, path: str, body: bytes) -> None:
        machine = path.strip("/").partition("/")[0]
        profile = self._machines.get(machine)
        ask = msgspec.json.decode(body, type=Ask)
        if profile is None or ask.model not in MODELS:
            await _refuse(writer, f"model {ask.model[:80]!r} not found")
            return
        await self._stream(writer, machine, profile, ask)

    async def _stream(
        self, writer: asyncio.StreamWriter, machine: str, profile: Profile, ask: Ask
    ) -> None:
        now = pace(profile, self._seed, machine, ask.round, self._failures)
        drawn = Random(f"{self._seed} {machine} {ask.model} {ask.round} tokens")
        prompt = max(1, len(ask.prompt.split()) * 4 // 3)
        rate = decode_rate(profile, ask.model) * now.factor
        share = decode_rate(profile, ask.model) / profile.tokens
        clock = asyncio.get_running_loop().time
        began = clock()
        first_s = 0.015 + prompt / (profile.prefill * now.factor * share)
        stop = ask.max_tokens if now.failed is None else int(ask.max_tokens * now.failed)
        writer.write(HEAD)
        for number, due_s in enumerate(token_times(rate, ask.max_tokens, drawn)):
            if number >= stop and now.failed is not None:
                _line(writer, {"error": "the simulated engine failed, as the fleet was asked to"})
                break
            await _until(writer, began + first_s + due_s)
            # A busy computer makes an engine slower: what is late is not made up for by a burst.
            late_s = clock() - (began + first_s + due_s)
            began += max(0.0, late_s - (_CATCH_UP_S if number else 0.0))
            _line(writer, {"t": f"{drawn.choice(_WORDS)} "})
        else:
            counts = {"prompt": prompt + CACHED, "out": ask.max_tokens, "cached": CACHED}
            _line(writer, {"end": "length", "counts": counts})
        writer.write(LAST)
        await writer.drain()


async def _until(writer: asyncio.StreamWriter, due: float) -> None:
    """Wait for a token's time; one that is late already goes out with those before it."""
    wait_s = due - asyncio.get_running_loop().time()
    if wait_s > 0:
        await writer.drain()
        await asyncio.sleep(wait_s)


async def _request(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.split("\r\n")
    lengths = [int(field[15:]) for field in fields if field.lower().startswith("content-length:")]
    length = lengths[0] if lengths else 0
    if not 0 <= length <= _BODY_BYTES:
        raise ValueError("a request of that length is not from a simulated machine")
    return line.split(" ")[1], await reader.readexactly(length)


def _line(writer: asyncio.StreamWriter, message: dict[str, object]) -> None:
    data = msgspec.json.encode(message) + b"\n"
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


async def _refuse(writer: asyncio.StreamWriter, message: str) -> None:
    body = msgspec.json.encode({"error": message})
    head = f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
