"""Send a request and read the answer to its end, or to its failure."""

import hashlib
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Answer, EngineTimes, Usage
from benchrace.plugin.context import Context
from benchrace.plugin.llm.engine_stats import Stats, unresolved, validate
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.llm.response.consume import consume
from benchrace.plugin.llm.response.delta import Delta, later_times, later_usage
from benchrace.plugin.llm.response.finish import Ending, ending, failure_of
from benchrace.plugin.llm.response.parser import ResponseParser
from benchrace.plugin.llm.response.tally import Tally
from benchrace.plugin.stream import Chunk, StreamRequest, TimingSource

_MAX_SKIPPED = 64
_MAX_CHARACTERS = 4096


class Show(Protocol):
    """A function that displays text, or ignores it."""

    def __call__(self, text: str, *, reasoning: bool = False) -> None: ...


def ignore_text(text: str, *, reasoning: bool = False) -> None:
    """Show nothing."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """An answer, its beginning as text, and its gaps; `failure` if it is incomplete.

    `counts` are the engine's token counts at each chunk with text, empty if it reports none.
    """

    answer: Answer
    text: str
    gaps: "array[int]"
    stamps: "array[int]"
    failure: BenchraceError | None
    source: TimingSource
    counts: "array[int]" = field(default_factory=lambda: array("q"))
    odd: Counter[str] = field(default_factory=Counter)


class ResponseReader:
    """Collects the chunks of an answer that is being read."""

    def __init__(self, show: Show, progress: Callable[[int, int], None]) -> None:
        self._show = show
        self._progress = progress
        self._digest = hashlib.sha256()
        self._index = 0
        self._skipped: list[int] = []
        self._bounds = (0, 0)
        self.stamps: array[int] = array("q")
        self.tally = Tally()
        self.output_ns: int | None = None
        self.characters = 0
        self.begin = ""
        self.usage = Usage()
        self.times = EngineTimes()
        self.faults: dict[str, str] = {}
        self.finish: str | None = None
        self.done = False
        self.failure: BenchraceError | None = None
        self.odd: Counter[str] = Counter()

    @property
    def chunks(self) -> int:
        """How many chunks came, with content or without."""
        return self._index

    @property
    def ended(self) -> bool:
        """Check whether the engine reported the end of its answer."""
        return self.done or ending(self.finish) is not Ending.ABSENT

    def take(self, chunk: Chunk, delta: Delta) -> bool:
        """Add one chunk; return whether it has content."""
        has_text = bool(delta.text or delta.reasoning)
        if has_text:
            self._take_text(chunk, delta)
        elif len(self._skipped) < _MAX_SKIPPED:
            self._skipped.append(self._index)
        self._index += 1
        usage = self._validate(delta.usage)
        self.tally.take(
            total=None if usage is None else usage.output,
            tokens=delta.tokens,
            characters=self.characters,
            has_text=has_text,
        )
        self.usage = later_usage(self.usage, usage)
        self.times = later_times(self.times, self._validate(delta.times))
        if ending(delta.finish) is not Ending.ABSENT:
            self.finish = delta.finish
        self.done |= delta.done
        if delta.prefill is not None:
            self._progress(*delta.prefill)
        self.odd.update(delta.odd)
        if delta.failure is not None:
            self.failure = BenchraceError.of(delta.failure)
        elif self.failure is None:
            self.failure = failure_of(delta.finish)
        return has_text

    def _take_text(self, chunk: Chunk, delta: Delta) -> None:
        self.stamps.append(chunk.t_ns)
        if delta.text and self.output_ns is None:
            self.output_ns = chunk.t_ns
        first = chunk.bound_ns if len(self.stamps) == 1 else self._bounds[0]
        self._bounds = (first, chunk.bound_ns)
        for part, reasoning in ((delta.reasoning, True), (delta.text, False)):
            self._digest.update(part.encode("utf-8", "surrogatepass"))
            self.characters += len(part)
            if len(self.begin) < _MAX_CHARACTERS:
                self.begin += part[: _MAX_CHARACTERS - len(self.begin)]
            if part:
                self._show(part, reasoning=reasoning)

    def _validate(self, stats: Stats | None) -> Stats | None:
        if stats is None:
            return None
        valid, faults = validate(stats)
        self.faults |= faults
        return valid

    def _usage(self) -> Usage:
        """Return the usage; tokens without a chunk count only if exactly that many are missing."""
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
        """Return the answer, with instants since the round's start."""
        stamps = self.stamps
        opening = self.tally.opening(stamps, self.usage.output, t0_ns)
        return Answer(
            request=request,
            send_ns=send_ns - t0_ns,
            first_ns=stamps[0] - t0_ns if stamps else None,
            output_ns=None if self.output_ns is None else self.output_ns - t0_ns,
            last_ns=stamps[-1] - t0_ns if stamps else None,
            bound_ns=inter_chunk.doubt(stamps, self._bounds),
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
            gaps=inter_chunk.digest(inter_chunk.between(stamps)),
            error=None if self.failure is None else self.failure.category,
            faults=unresolved(self.faults, self.usage, self.times),
            first=opening.first,
            last_tokens=opening.last_tokens,
        )


async def read_response(
    parser: ResponseParser,
    request: StreamRequest,
    context: Context,
    *,
    number: int,
    t0_ns: int,
    show: Show,
) -> Response:
    """Send `request` and read the whole answer; a failure is returned with what came before it."""

    def prefill(done: int, total: int) -> None:
        context.progress(done, total, "prompt tokens")

    reader = ResponseReader(show, prefill)
    clean, connect, source = False, None, TimingSource.USER
    sent = context.clock.monotonic_ns()
    try:
        async with context.stream.open(request) as stream:
            sent, connect = stream.t_send_ns, stream.connect_ns or None
            if not 200 <= stream.status < 300:
                raise parser.refusal(stream.status, await stream.text())
            await consume(stream, request, parser, reader)
            source, clean = stream.timing_source, reader.failure is None
    except BenchraceError as error:
        reader.failure = reader.failure or error
    reader.failure = reader.failure or incomplete(reader, parser.early_end_remedy)
    answer = reader.answer(
        request=number,
        t0_ns=t0_ns,
        send_ns=max(sent, t0_ns),
        end_ns=context.clock.monotonic_ns(),
        connect_ns=connect,
        clean=clean,
    )
    return Response(
        answer=answer,
        # A surrogate pair may be split over two chunks; an unpaired one cannot be logged.
        text=reader.begin.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"),
        gaps=inter_chunk.between(reader.stamps),
        stamps=reader.stamps,
        failure=reader.failure,
        source=source,
        counts=reader.tally.counts(reader.usage.output),
        odd=reader.odd,
    )


def incomplete(reader: ResponseReader, early_end_remedy: str) -> BenchraceError | None:
    """Return why an answer is incomplete although its stream ended without an error."""
    if not reader.ended:
        return BenchraceError(
            Category.ENDED_EARLY,
            f"the stream ended after {len(reader.stamps)} chunks without a finish reason",
            early_end_remedy,
        )
    if not reader.stamps:
        return BenchraceError(
            Category.BAD_OUTPUT,
            "the answer has no tokens",
            "Raise max_tokens, or check the model's template and its end tokens.",
        )
    return None
