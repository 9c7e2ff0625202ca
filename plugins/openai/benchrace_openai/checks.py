"""Checks that reveal other clients of llama-server, and a restart with another model."""

from collections.abc import Sequence
from typing import Protocol

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    LlmRecord,
    ServeRecord,
    chat_api,
)
from benchrace_openai.client import OpenAIClient
from benchrace_openai.facts import LaneTarget


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
    machines generate load for the same lane, and look like other clients.
    """

    def __init__(self, target: LaneTarget, context: Context, *, shared: bool = False) -> None:
        self._target = target
        self._shared = shared
        self._context = context
        self._client = OpenAIClient(target.server, context)
        self._slots: Sequence[chat_api.Slot] | None = None

    async def before(self, *, warm: bool) -> None:
        if warm:
            await check_unchanged(self._target, self._client)
            self._slots = await self._client.slots()

    async def after(self, record: LlmRecord | ServeRecord) -> None:
        if self._shared:
            return
        signs = list(chat_api.other_clients(self._slots, await self._client.slots(), record))
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
