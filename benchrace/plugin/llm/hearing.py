"""Hear one answer out: from its request to the facts, and how it failed where it did."""

import hashlib
import re
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Answer, EngineTimes, Usage
from benchrace.plugin.context import Context
from benchrace.plugin.llm import gaps
from benchrace.plugin.llm.figures import Told, sound
from benchrace.plugin.llm.piece import Piece, later_times, later_usage
from benchrace.plugin.stream import Chunk, Stream, StreamRequest, TimingSource

_SKIPPED = 64
_KEPT = 4096
# Half of a character that JSON writes as a pair, without its other half.
_HALF = re.compile(
    rb"(?i)\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f])|(?<!\\ud[89ab][0-9a-f]{2}\\u)d[c-f][0-9a-f]{2})"
)


class Show(Protocol):
    """Where heard text is shown, or is not."""

    def __call__(self, text: str, *, reasoning: bool = False) -> None: ...


def unshown(text: str, *, reasoning: bool = False) -> None:
    """Show nothing: others watch another answer."""


class Speaker(Protocol):
    """The side of an engine's protocol that hearing needs."""

    @property
    def early_end_remedy(self) -> str:
        """What to do about a stream that ends without a finish reason."""
        ...

    def read(self, data: bytes) -> Piece:
        """Say what a chunk says; raises `bad_output` for what is no message."""
        ...

    def refusal(self, status: int, text: str) -> BenchraceError:
        """Say what an answer that is no success means."""
        ...


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An answer, its beginning as text, and its gaps; `failure` where it is not whole."""

    answer: Answer
    text: str
    gaps: "array[int]"
    stamps: "array[int]"
    failure: BenchraceError | None
    source: TimingSource


class Hearing:
    """What is known of an answer so far."""

    def __init__(self, show: Show, progress: Callable[[int, int], None]) -> None:
        self._show = show
        self._progress = progress
        self._digest = hashlib.sha256()
        self._index = 0
        self._skipped: list[int] = []
        self._bounds = (0, 0)
        self.stamps: array[int] = array("q")
        self.output_ns: int | None = None
        self.characters = 0
        self.begin = ""
        self.usage = Usage()
        self.times = EngineTimes()
        self.faults: dict[str, str] = {}
        self.finish: str | None = None
        self.done = False
        self.failure: BenchraceError | None = None

    def take(self, chunk: Chunk, piece: Piece) -> bool:
        """Take one chunk; true for the first that has content."""
        said = piece.text or piece.reasoning
        first = bool(said) and not self.stamps
        if said:
            self._said(chunk, piece)
        elif len(self._skipped) < _SKIPPED:
            self._skipped.append(self._index)
        self._index += 1
        self.usage = later_usage(self.usage, self._sound(piece.usage))
        self.times = later_times(self.times, self._sound(piece.times))
        self.finish = piece.finish or self.finish
        self.done |= piece.done
        if piece.prefill is not None:
            self._progress(*piece.prefill)
        if piece.failure is not None:
            self.failure = BenchraceError.of(piece.failure)
        return first

    def _said(self, chunk: Chunk, piece: Piece) -> None:
        self.stamps.append(chunk.t_ns)
        if piece.text and self.output_ns is None:
            self.output_ns = chunk.t_ns
        first = chunk.bound_ns if len(self.stamps) == 1 else self._bounds[0]
        self._bounds = (first, chunk.bound_ns)
        for part, reasoning in ((piece.reasoning, True), (piece.text, False)):
            self._digest.update(part.encode("utf-8", "surrogatepass"))
            self.characters += len(part)
            if len(self.begin) < _KEPT:
                self.begin += part[: _KEPT - len(self.begin)]
            if part:
                self._show(part, reasoning=reasoning)

    def _sound(self, told: Told | None) -> Told | None:
        if told is None:
            return None
        kept, wrong = sound(told)
        self.faults |= wrong
        return kept

    def _usage(self) -> Usage:
        """A token without a chunk is believed only where exactly that many chunks are missing."""
        usage = self.usage
        if usage.unseen and usage.output != len(self.stamps) + usage.unseen:
            return msgspec.structs.replace(usage, unseen=0)
        return usage

    def answer(
        self,
        *,
        request: int,
        t0_ns: int,
        send_ns: int,
        end_ns: int,
        connect_ns: int | None,
        clean: bool,
    ) -> Answer:
        """The facts, as instants since the round's start."""
        stamps = self.stamps
        return Answer(
            request=request,
            send_ns=send_ns - t0_ns,
            first_ns=stamps[0] - t0_ns if stamps else None,
            output_ns=None if self.output_ns is None else self.output_ns - t0_ns,
            last_ns=stamps[-1] - t0_ns if stamps else None,
            bound_ns=max(self._bounds),
            end_ns=end_ns - t0_ns,
            connect_ns=connect_ns,
            content=len(stamps),
            skipped=tuple(self._skipped),
            characters=self.characters,
            usage=self._usage(),
            times=self.times,
            finish=self.finish,
            clean_end=clean,
            output_digest=f"sha256:{self._digest.hexdigest()}",
            gaps=gaps.digest(gaps.between(stamps)),
            error=None if self.failure is None else self.failure.category,
            faults=self.faults,
        )


async def hear(
    speaker: Speaker,
    request: StreamRequest,
    context: Context,
    *,
    number: int,
    t0_ns: int,
    show: Show,
) -> Heard:
    """Send `request` and hear the answer out. A failure is kept with what came before it."""

    def prefill(done: int, total: int) -> None:
        context.progress(done, total, "prompt tokens")

    hearing = Hearing(show, prefill)
    clean, connect, source = False, None, TimingSource.USER
    sent = context.clock.monotonic_ns()
    try:
        async with context.stream.open(request) as stream:
            sent, connect = stream.t_send_ns, stream.connect_ns or None
            if not 200 <= stream.status < 300:
                raise speaker.refusal(stream.status, await stream.text())
            await _read(stream, speaker, hearing, request.limits.texts)
            source, clean = stream.timing_source, hearing.failure is None
    except BenchraceError as error:
        hearing.failure = hearing.failure or error
    hearing.failure = hearing.failure or lacking(hearing, speaker.early_end_remedy)
    answer = hearing.answer(
        request=number,
        t0_ns=t0_ns,
        send_ns=max(sent, t0_ns),
        end_ns=context.clock.monotonic_ns(),
        connect_ns=connect,
        clean=clean,
    )
    return Heard(
        answer=answer,
        # Two halves of a character may come in two chunks; one that stays alone fits into no log.
        text=hearing.begin.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"),
        gaps=gaps.between(hearing.stamps),
        stamps=hearing.stamps,
        failure=hearing.failure,
        source=source,
    )


async def _read(stream: Stream, speaker: Speaker, hearing: Hearing, texts: int) -> None:
    async for chunk in stream:
        if hearing.take(chunk, _read_one(speaker, chunk.data)):
            stream.first_content()
        if hearing.failure is not None:
            # An engine may say what went wrong and then hold the stream open.
            return
        if texts and len(hearing.stamps) > texts:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"the answer goes on after {texts} chunks with text, far beyond what was asked for",
                "Check that the engine heeds max_tokens; what it does is not what was asked for.",
            )


def _read_one(speaker: Speaker, data: bytes) -> Piece:
    try:
        return speaker.read(data)
    except BenchraceError as error:
        half = _HALF.search(data) if error.category is Category.BAD_OUTPUT else None
        if half is None:
            raise
        raise BenchraceError(
            Category.BAD_OUTPUT,
            f"the engine sent half a character, {half.group().decode()} without its other half",
            "Update the engine, or ask for text without emoji: it cuts characters between chunks.",
            detail=error.message,
        ) from error


def lacking(hearing: Hearing, early_end_remedy: str) -> BenchraceError | None:
    """Say what a stream that ended without an error lacks: an end alone proves nothing."""
    if hearing.finish is None and not hearing.done:
        return BenchraceError(
            Category.ENDED_EARLY,
            f"the stream ended after {len(hearing.stamps)} chunks without a finish reason",
            early_end_remedy,
        )
    if not hearing.stamps:
        return BenchraceError(
            Category.BAD_OUTPUT,
            "the answer has no token",
            "Ask for more output tokens, or check the model's template and its end tokens.",
        )
    return None
