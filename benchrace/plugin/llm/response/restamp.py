"""Recompute an answer's timestamps from the raw arrivals of its chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from benchrace.kinds.llm import Answer, FirstChunks, LlmRecord, ServeRecord
from benchrace.plugin.llm.response import inter_chunk
from benchrace.plugin.llm.response.window import WindowTokens, tokens_between, total

R = TypeVar("R", LlmRecord, ServeRecord)


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """The arrivals of all chunks of one request, in ns on one clock.

    `bound_ns` is as long as `t_ns`, or empty.
    """

    sent_ns: int | None
    t_ns: Sequence[int]
    bound_ns: Sequence[int] = ()


class StampsUnavailable(Exception):
    """Raised if timestamps cannot be recomputed from the stored data."""


def restamp_single(record: LlmRecord, arrivals: Mapping[int, Arrivals]) -> LlmRecord:
    """Recompute the record's instants and gaps; raises `StampsUnavailable`."""
    answer, _ = restamp_answer(record.answer, arrivals)
    return msgspec.structs.replace(record, answer=answer)


def restamp_many(record: ServeRecord, arrivals: Mapping[int, Arrivals]) -> ServeRecord:
    """Recompute the instants and gaps of all answers; raises `StampsUnavailable`.

    Failed answers and the steady window stay as they are. The tokens in the window gain their
    bounds if the record is of an older version.
    """
    answers: list[Answer] = []
    gaps: list[int] = []
    parts: list[WindowTokens] = []
    steady = record.steady
    for before in record.answers:
        if before.error is not None:
            answers.append(before)
            continue
        answer, stamps = restamp_answer(before, arrivals)
        answers.append(answer)
        gaps.extend(inter_chunk.between(stamps))
        if steady is not None and steady.least is None:
            parts.append(tokens_between(answer, stamps, (), steady.start_ns, steady.end_ns))
    if steady is not None and parts:
        tokens = total(parts)
        steady = msgspec.structs.replace(steady, least=tokens.least, most=tokens.most)
    return msgspec.structs.replace(
        record, answers=tuple(answers), gaps=inter_chunk.digest(gaps), steady=steady
    )


def restamp_answer(answer: Answer, arrivals: Mapping[int, Arrivals]) -> tuple[Answer, list[int]]:
    """Return the answer with new timestamps, and those of its content; raises `StampsUnavailable`.

    The record names the chunks without content. Only the record tells which chunk was the first
    with output instead of reasoning, and what the first chunks contained.
    """
    request = arrivals.get(answer.request)
    if request is None or request.sent_ns is None:
        raise StampsUnavailable(f"no timestamps of request {answer.request} are stored")
    skipped = frozenset(answer.skipped)
    content = [index for index in range(len(request.t_ns)) if index not in skipped]
    if len(content) != answer.content or max(skipped, default=-1) >= len(request.t_ns):
        raise StampsUnavailable(
            f"{len(request.t_ns)} chunks are stored, but the record has {answer.content} with "
            f"content and {len(skipped)} without"
        )
    shift = answer.send_ns - request.sent_ns
    stamps = [request.t_ns[index] + shift for index in content]
    if answer.output_ns is not None and answer.output_ns not in stamps:
        raise StampsUnavailable("no chunk arrived when output began according to the record")
    bounds = (0, 0)
    if request.bound_ns and content:
        bounds = request.bound_ns[content[0]], request.bound_ns[content[-1]]
    restamped = msgspec.structs.replace(
        answer,
        first_ns=stamps[0] if stamps else None,
        last_ns=stamps[-1] if stamps else None,
        bound_ns=inter_chunk.doubt(stamps, bounds),
        gaps=inter_chunk.digest(inter_chunk.between(stamps)),
        first=_first(answer, stamps),
    )
    return restamped, stamps


def _first(answer: Answer, stamps: Sequence[int]) -> FirstChunks | None:
    chunks, before = inter_chunk.together(stamps), answer.first
    if not chunks:
        return None
    end_ns = stamps[chunks - 1]
    if before is None or before.chunks != chunks:
        return FirstChunks(chunks=chunks, end_ns=end_ns)
    return msgspec.structs.replace(before, end_ns=end_ns)
