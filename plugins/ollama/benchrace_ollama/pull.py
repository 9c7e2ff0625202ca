"""Have Ollama fetch a model, with the bytes as they come."""

from collections.abc import AsyncIterator

import anyio
import httpx
import msgspec

from benchrace.plugin import BenchraceError, Category, Context
from benchrace_ollama.refusal import LOG, meaning, refusal

IDLE_S = 120.0
_LINE = 1 << 20


class Status(msgspec.Struct):
    """A line of /api/pull; `total` and `completed` in bytes, of one file."""

    status: str = ""
    digest: str | None = None
    total: int | None = None
    completed: int | None = None
    error: str | None = None


async def pull(base: str, model: str, context: Context, *, idle_s: float | None = None) -> None:
    """Pull `model`; leaving stops it, and the next pull goes on where this one was.

    Raises `unreachable`, `missing_model`, `timeout_idle` where nothing moves, and others.
    """
    body = {"model": model, "stream": True}
    limits = httpx.Timeout(10.0, read=None)
    seen = _Seen(context)
    try:
        async with context.http.stream(
            "POST", f"{base}/api/pull", json=body, timeout=limits
        ) as answer:
            if not answer.is_success:
                text = (await answer.aread())[:65_536].decode("utf-8", "replace")
                raise refusal(answer.status_code, text)
            await seen.follow(_lines(answer), IDLE_S if idle_s is None else idle_s)
    except httpx.HTTPError as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"Ollama at {base} does not answer: {error}",
            "Start it, and pull again: it goes on where it was.",
        ) from error
    if not seen.done:
        raise BenchraceError(
            Category.ENDED_EARLY,
            f"pulling {model} ended without success, after {seen.last.status!r}",
            f"{LOG}, and pull again: it goes on where it was.",
        )


class _Seen:
    """What a pull has said so far."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._files: dict[str, tuple[int, int]] = {}
        self.last = Status()
        self.done = False

    async def follow(self, lines: AsyncIterator[bytes], idle_s: float) -> None:
        """Read to the end. Ollama repeats the same line for ever where its source has gone."""
        until = anyio.current_time() + idle_s
        while True:
            try:
                with anyio.fail_after(max(0.0, until - anyio.current_time())):
                    data = await anext(lines, None)
            except TimeoutError:
                raise BenchraceError(
                    Category.TIMEOUT_IDLE,
                    f"nothing has moved for {idle_s:g} s, at {self.last.status!r}",
                    "Check the network of that machine, and pull again: it goes on where it was.",
                ) from None
            if data is None:
                return
            if self._take(data):
                until = anyio.current_time() + idle_s

    def _take(self, data: bytes) -> bool:
        """Take a line; true if anything moved."""
        try:
            said = msgspec.json.decode(data, type=Status)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            text = f"a line is no status of a pull ({error}): {data[:200]!r}"
            raise BenchraceError(Category.BAD_OUTPUT, text) from error
        if said.error is not None:
            raise _meaning(said.error)
        moved, self.last = said != self.last, said
        self.done |= said.status == "success"
        if moved and said.digest is not None and said.total:
            self._files[said.digest] = (said.completed or 0, said.total)
            done, total = (sum(each) for each in zip(*self._files.values(), strict=True))
            self._context.progress(done, total, "B")
        elif moved:
            self._context.line(said.status)
        return moved


def _meaning(said: str) -> BenchraceError:
    low = said.lower()
    if "file does not exist" in low:
        return BenchraceError(
            Category.MISSING_MODEL,
            f"the registry does not know this model: {said:.300}",
            "Check its name and tag.",
        )
    if "no such host" in low or "dial tcp" in low or "i/o timeout" in low:
        return BenchraceError(
            Category.UNREACHABLE,
            f"Ollama cannot reach the registry: {said:.300}",
            "Check the network of that machine.",
        )
    if "digest mismatch" in low:
        return BenchraceError(
            Category.BAD_OUTPUT, f"a file came broken: {said:.300}", "Pull it again."
        )
    if "no space left" in low:
        return BenchraceError(Category.DISK_FULL, f"Ollama says: {said:.300}")
    return meaning(said)


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Split at newlines only."""
    rest = b""
    async for part in answer.aiter_bytes():
        *whole, rest = (rest + part).split(b"\n")
        for each in whole:
            if each.strip():
                yield each
        if len(rest) > _LINE:
            text = f"a line of a pull is longer than {_LINE >> 20} MiB"
            raise BenchraceError(Category.BAD_OUTPUT, text)
    if rest.strip():
        yield rest
