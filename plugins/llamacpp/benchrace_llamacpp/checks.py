"""Checks of rounds: where the model is, and whether another client used the server."""

from collections.abc import Sequence

from benchrace.plugin import Context, LlmRecord, ServeRecord, chat_api
from benchrace_llamacpp.client import ServerClient
from benchrace_llamacpp.coordinator.server import CoordinatorServer
from benchrace_llamacpp.facts import why_not_distributed


class RoundChecks:
    """Marks one round by what the server reported before and after it."""

    def __init__(self, server: CoordinatorServer, context: Context) -> None:
        self._server = server
        self._context = context
        self._slots: Sequence[chat_api.Slot] | None = None

    async def before(self) -> None:
        """Read the slots before the measured part."""
        self._slots = await self._client.slots()

    async def after(self, record: LlmRecord | ServeRecord) -> None:
        """Mark the round."""
        started = self._server.started
        if started is not None:
            reason = why_not_distributed(self._server.plan, started)
            if reason is not None:
                self._context.invalid("not_distributed", reason)
        slots = await self._client.slots()
        signs = list(chat_api.other_clients(self._slots, slots, record))
        if signs:
            text = f"another client uses this llama-server: {'; '.join(signs)}"
            self._context.suspect("queued", text)

    @property
    def _client(self) -> ServerClient:
        return self._server.client(self._context)
