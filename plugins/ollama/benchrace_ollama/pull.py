"""Make Ollama download a model, and report the progress in bytes."""

from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx
import msgspec

from benchrace.plugin import BenchraceError, Category, Context, JsonReader, error_of, words
from benchrace_ollama.client import Count
from benchrace_ollama.errors import LOG, meaning, refusal

IDLE_S = 120.0
_MAX_LINE = 1 << 20


class Status(msgspec.Struct):
    """A line of /api/pull; `total` and `completed` in bytes, of one file."""

    status: str = ""
    digest: str | None = None
    total: Count | None = None
    completed: Count | None = None
    error: Any = None


_reader = JsonReader(Status)


async def pull(base: str, model: str, context: Context, *, idle_s: float | None = None) -> None:
    """Pull `model`; cancelling stops it, and the next pull resumes there.

    Raises `unreachable`, `missing_model`, `timeout_idle` if the pull stalls, and others.
    """
    body = {"model": model, "stream": True}
    limits = httpx.Timeout(10.0, read=None)
    progress = _Progress(context)
    try:
        async with context.http.stream(
            "POST", f"{base}/api/pull", json=body, timeout=limits
        ) as answer:
            if not answer.is_success:
                text = (await answer.aread())[:65_536].decode("utf-8", "replace")
                raise refusal(answer.status_code, text)
            await progress.follow(_lines(answer), IDLE_S if idle_s is None else idle_s)
    except httpx.HTTPError as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"Ollama at {base} does not answer: {error}",
            "Start it, and pull again to resume.",
        ) from error
    if not progress.done:
        raise BenchraceError(
            Category.ENDED_EARLY,
            f"pulling {model} ended without success, after {progress.last.status!r}",
            f"{LOG}, and pull again to resume.",
        )


class _Progress:
    """The state of a pull."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._files: dict[str, tuple[int, int]] = {}
        self.last = Status()
        self.done = False

    async def follow(self, lines: AsyncIterator[bytes], idle_s: float) -> None:
        """Read to the end; Ollama repeats the same line for ever if its source is gone."""
        until = anyio.current_time() + idle_s
        while True:
            try:
                with anyio.fail_after(max(0.0, until - anyio.current_time())):
                    data = await anext(lines, None)
            except TimeoutError:
                raise BenchraceError(
                    Category.TIMEOUT_IDLE,
                    f"no progress for {idle_s:g} s, at {self.last.status!r}",
                    "Check the network of that machine, and pull again to resume.",
                ) from None
            if data is None:
                return
            if self._take(data):
                until = anyio.current_time() + idle_s

    def _take(self, data: bytes) -> bool:
        """Take a line; return whether there was any progress."""
        try:
            status, _ = _reader.read(data)
        except msgspec.MsgspecError as error:
            text = f"invalid status line of a pull ({error}): {words(repr(data[:200]), 200)}"
            raise BenchraceError(Category.BAD_OUTPUT, text) from error
        if status.error:
            raise _meaning(error_of(data.decode("utf-8", "replace")).message)
        moved, self.last = status != self.last, status
        self.done |= status.status == "success"
        if moved and status.digest is not None and status.total:
            self._files[status.digest] = (status.completed or 0, status.total)
            done, total = (sum(counts) for counts in zip(*self._files.values(), strict=True))
            self._context.progress(done, total, "B")
        elif moved:
            self._context.line(status.status)
        return moved


def _meaning(message: str) -> BenchraceError:
    low = message.lower()
    if "file does not exist" in low:
        return BenchraceError(
            Category.MISSING_MODEL,
            f"the registry has no such model: {message:.300}",
            "Check its name and tag.",
        )
    if "no such host" in low or "dial tcp" in low or "i/o timeout" in low:
        return BenchraceError(
            Category.UNREACHABLE,
            f"Ollama cannot reach the registry: {message:.300}",
            "Check the network of that machine.",
        )
    if "digest mismatch" in low:
        return BenchraceError(
            Category.BAD_OUTPUT, f"a file arrived damaged: {message:.300}", "Pull it again."
        )
    if "no space left" in low:
        return BenchraceError(Category.DISK_FULL, f"Ollama reports: {message:.300}")
    return meaning(message)


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Yield lines, split only at newlines."""
    rest = b""
    async for part in answer.aiter_bytes():
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            if line.strip():
                yield line
        if len(rest) > _MAX_LINE:
            text = f"a line of a pull is longer than {_MAX_LINE >> 20} MiB"
            raise BenchraceError(Category.BAD_OUTPUT, text)
    if rest.strip():
        yield rest
