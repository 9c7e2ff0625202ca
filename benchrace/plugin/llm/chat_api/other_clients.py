"""Find signs of other clients of a server that reports its slots."""

from collections.abc import Iterator, Sequence

from benchrace.formatting import duration
from benchrace.kinds import Record
from benchrace.kinds.llm import LlmRecord
from benchrace.plugin.llm.chat_api.server_facts import Slot
from benchrace.plugin.llm.waiting import times_are_credible

_MAX_WAIT_NS = 250_000_000


def other_clients(
    before: Sequence[Slot] | None, after: Sequence[Slot] | None, record: Record
) -> Iterator[str]:
    """Yield signs of other clients during a round, from the slots before and after it."""
    for slots, when in ((before, "began"), (after, "ended")):
        if busy := sum(slot.is_processing for slot in slots or ()):
            yield f"{busy} of its slots were busy when the round {when}"
    if not isinstance(record, LlmRecord):
        return
    answered = sum(a.id_task != b.id_task for a, b in zip(before or (), after or (), strict=False))
    if answered > 1:
        yield f"{answered} of its slots were busy during the one answer"
    answer = record.answer
    prefill_ns = answer.times.prefill_ns
    if answer.first_ns is not None and prefill_ns is not None and times_are_credible(answer):
        wait_ns = answer.first_ns - answer.send_ns - prefill_ns
        if wait_ns > _MAX_WAIT_NS:
            yield f"the prompt waited {duration(wait_ns)} in the queue"
