"""Steps of decoding: the tokens after the first chunks, and how certain their number is."""

from typing import NamedTuple

from benchrace.events import Reason
from benchrace.kinds.llm.record import Answer, FirstChunks

UNTOLD_TOKENS = Reason(
    "tokens_in_chunks",
    "some chunks hold several tokens, and the engine does not report how many the first one holds: "
    "the interval covers every possibility",
)


class Steps(NamedTuple):
    """`n` steps of decoding in `span_ns`: between `least` and `most` where `n` is an estimate."""

    n: float
    span_ns: int
    least: float
    most: float

    @property
    def unknown(self) -> Reason | None:
        return None if self.least == self.most else UNTOLD_TOKENS


def steps(answer: Answer) -> Steps | str:
    """Return the tokens after those that came first, and their time; or why there are none.

    All chunks in one read give a span that is not the engine's: a bound as wide as the span says
    that nothing is known of it.
    """
    if answer.first_ns is None or answer.last_ns is None:
        return "no token arrived"
    if answer.usage.output is None:
        return answer.faults.get("output", "the engine does not report its tokens")
    sent = answer.usage.output - answer.usage.unseen
    if sent < 2:
        return "fewer than 2 tokens"
    if answer.content < 2:
        return f"{answer.usage.output} tokens came in one chunk"
    span = span_ns(answer)
    if span is None:
        return "all chunks came together"
    counted = _counted(answer)
    if counted is not None:
        return Steps(counted, span, counted, counted)
    return _by_share(sent, answer, span)


def span_ns(answer: Answer) -> int | None:
    """Return the time from the first chunks to the last one, None where the stamps cannot tell."""
    first = first_chunks(answer)
    span = (answer.last_ns or 0) - first.end_ns
    apart = answer.content > max(1, first.chunks) and span > answer.bound_ns
    return span if apart else None


def first_chunks(answer: Answer) -> FirstChunks:
    """Return what came first; in a record of an older version, the first chunk alone."""
    return answer.first or FirstChunks(chunks=1, end_ns=answer.first_ns or 0)


def one_each(answer: Answer) -> bool:
    """Check that each chunk is one token, by the engine's count of each or by that of all."""
    counted, first = _counted(answer), first_chunks(answer)
    if counted is not None:
        return first.tokens == first.chunks and counted == answer.content - first.chunks
    return (answer.usage.output or 0) - answer.usage.unseen == answer.content


def _counted(answer: Answer) -> int | None:
    """Return the steps by the engine's own count of each chunk, None where it does not count so."""
    first, last = first_chunks(answer).tokens, answer.last_tokens
    return last - first if first and last is not None and last > first else None


def _by_share(sent: int, answer: Answer, span: int) -> Steps:
    """Return the steps where only all tokens are known: each chunk holds one, or else its share.

    Of more tokens than chunks, each chunk holds one at least, and any chunk may hold the others:
    the first ones hold as much of them as of the text. Chunks do not measure that, as the last
    one is often shorter.
    """
    first = first_chunks(answer)
    rest = answer.content - first.chunks
    share = sent * rest / answer.content
    if sent <= answer.content:
        return Steps(share, span, share, share)
    least, most = rest, sent - first.chunks
    if first.characters is not None and answer.characters > 0:
        share = sent * (1 - first.characters / answer.characters)
    return Steps(min(max(share, least), most), span, least, most)
