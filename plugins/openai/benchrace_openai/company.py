"""What llama-server gives away of others that use it, and of one that took its place."""

from collections.abc import Iterator, Sequence

from benchrace.plugin import BenchraceError, Category, LlmRecord, Record
from benchrace_openai.answer import Slot
from benchrace_openai.calls import Calls
from benchrace_openai.facts import At

_WAITED_NS = 250_000_000


async def unchanged(at: At, calls: Calls) -> None:
    """Raise where another model or build answers than when the lane was opened."""
    now = await calls.find()
    model = now.model(at.model.id)
    if model is not None and (model.meta, now.props) == (at.model.meta, at.found.props):
        return
    named = ", ".join(each.id for each in now.models)
    raise BenchraceError(
        Category.STREAM_ERROR,
        f"{at.server.label} is not the server that the lane was opened on: it was started again "
        f"with another model, build or settings ({named})",
        "Leave the server alone while it is measured, and start the run again.",
    )


def others(
    before: Sequence[Slot] | None, after: Sequence[Slot] | None, record: Record
) -> Iterator[str]:
    """Yield what shows that somebody else asked while a round ran; slots as before and after it."""
    for slots, when in ((before, "began"), (after, "ended")):
        if busy := sum(each.is_processing for each in slots or ()):
            yield f"{busy} of its slots worked for somebody else as the round {when}"
    if not isinstance(record, LlmRecord):
        return
    answered = sum(a.id_task != b.id_task for a, b in zip(before or (), after or (), strict=False))
    if answered > 1:
        yield f"{answered} of its slots worked during the one answer"
    answer = record.answer
    if answer.first_ns is not None and answer.times.prefill_ns is not None:
        waited = answer.first_ns - answer.send_ns - answer.times.prefill_ns
        if waited > _WAITED_NS:
            yield f"the prompt waited {waited / 1e6:.0f} ms for its turn"
