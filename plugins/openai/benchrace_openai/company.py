"""What llama-server gives away of others that use it, and of one that took its place."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from benchrace.plugin import BenchraceError, Category, Context, LlmRecord, Record, ServeRecord
from benchrace_openai.answer import Slot
from benchrace_openai.calls import Calls
from benchrace_openai.facts import At

_WAITED_NS = 250_000_000


async def watched(
    at: At, play: Callable[[], Awaitable[Record]], stays: bool, context: Context
) -> Record:
    """Play a round, and say where somebody else used the server meanwhile.

    `stays` says that the server was there before the round as it was when the lane was opened.
    """
    calls, before = Calls(at.server, context), None
    if stays:
        await unchanged(at, calls)
        before = await calls.slots()
    record = await play()
    if isinstance(record, LlmRecord | ServeRecord) and not record.simulated:
        found = list(others(before, await calls.slots(), record))
        if found:
            context.suspect("queued", f"somebody else uses {at.server.label}: {'; '.join(found)}")
    return record


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
