"""An answer's stamps out of the raw arrivals of its chunks, as they were when it was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from benchrace.kinds.llm import Answer, LlmRecord, ServeRecord
from benchrace.plugin.llm import gaps

R = TypeVar("R", LlmRecord, ServeRecord)


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """All chunks of one request, ns on one clock; `bound_ns` is as long as `t_ns`, or empty."""

    sent_ns: int | None
    t_ns: Sequence[int]
    bound_ns: Sequence[int] = ()


class Unknown(Exception):
    """Why stamps cannot be made again from what is kept."""


def single_again(record: LlmRecord, arrivals: Mapping[int, Arrivals]) -> LlmRecord:
    """Make the record's instants and gaps again; raises `Unknown`."""
    answer, _ = answer_again(record.answer, arrivals)
    return msgspec.structs.replace(record, answer=answer)


def many_again(record: ServeRecord, arrivals: Mapping[int, Arrivals]) -> ServeRecord:
    """The same of many; answers that failed stay as they are, and so does the steady window."""
    answers: list[Answer] = []
    between: list[int] = []
    for each in record.answers:
        if each.error is not None:
            answers.append(each)
            continue
        answer, stamps = answer_again(each, arrivals)
        answers.append(answer)
        between.extend(gaps.between(stamps))
    return msgspec.structs.replace(record, answers=tuple(answers), gaps=gaps.digest(between))


def answer_again(answer: Answer, arrivals: Mapping[int, Arrivals]) -> tuple[Answer, list[int]]:
    """Give the answer with stamps of its content alone, and those stamps; raises `Unknown`.

    Chunks without content are those that the record names. Which chunk was the first that is
    output, and no reasoning, only the record tells.
    """
    came = arrivals.get(answer.request)
    if came is None or came.sent_ns is None:
        raise Unknown(f"no stamps of request {answer.request} are kept")
    without = frozenset(answer.skipped)
    content = [index for index in range(len(came.t_ns)) if index not in without]
    if len(content) != answer.content or max(without, default=-1) >= len(came.t_ns):
        raise Unknown(
            f"of {len(came.t_ns)} chunks the record tells {answer.content} with content and "
            f"{len(without)} without"
        )
    shift = answer.send_ns - came.sent_ns
    stamps = [came.t_ns[index] + shift for index in content]
    if answer.output_ns is not None and answer.output_ns not in stamps:
        raise Unknown("no chunk came when the record says that output began")
    bounds = [came.bound_ns[index] for index in (content[0], content[-1])] if (
        came.bound_ns and content
    ) else [0]  # fmt: skip
    made = msgspec.structs.replace(
        answer,
        first_ns=stamps[0] if stamps else None,
        last_ns=stamps[-1] if stamps else None,
        bound_ns=max(bounds),
        gaps=gaps.digest(gaps.between(stamps)),
    )
    return made, stamps
