"""Checks that reveal other clients of llama-server, and a restart with another model."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    LlmRecord,
    Record,
    ServeRecord,
    duration,
    times_are_credible,
)
from benchrace_openai.client import OpenAIClient
from benchrace_openai.facts import LaneTarget
from benchrace_openai.server.info import Slot

_MAX_WAIT_NS = 250_000_000


class RoundChecks(Protocol):
    """Checks around the measured part of a round."""

    async def before(self, *, warm: bool) -> None:
        """Prepare the checks; `warm` means that the model was loaded before the round."""
        ...

    async def after(self, record: LlmRecord | ServeRecord) -> None:
        """Mark the round."""
        ...


class LlamaServerChecks:
    """Marks a round if another client used llama-server meanwhile.

    For a warm round, the server must be as it was when the lane was opened. With `shared`, other
    machines make load for the same lane, and look like other clients.
    """

    def __init__(self, target: LaneTarget, context: Context, *, shared: bool = False) -> None:
        self._target = target
        self._shared = shared
        self._context = context
        self._client = OpenAIClient(target.server, context)
        self._slots: Sequence[Slot] | None = None

    async def before(self, *, warm: bool) -> None:
        if warm:
            await check_unchanged(self._target, self._client)
            self._slots = await self._client.slots()

    async def after(self, record: LlmRecord | ServeRecord) -> None:
        if self._shared:
            return
        signs = list(other_clients(self._slots, await self._client.slots(), record))
        if signs:
            text = f"another client uses {self._target.server.label}: {'; '.join(signs)}"
            self._context.suspect("queued", text)


async def check_unchanged(target: LaneTarget, client: OpenAIClient) -> None:
    """Raise if another model or build answers than when the lane was opened."""
    now = await client.identify()
    model = now.model(target.model.id)
    if model is not None and (model.meta, now.props) == (target.model.meta, target.info.props):
        return
    models = ", ".join(model.id for model in now.models)
    raise BenchraceError(
        Category.STREAM_ERROR,
        f"{target.server.label} was restarted with another model, build or settings ({models}) "
        "after the lane was opened",
        "Leave the server alone while it is measured, and start the run again.",
    )


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
