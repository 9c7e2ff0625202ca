"""One run of llama-server: asked whether it is well, and stopped."""

import msgspec

from benchrace.plugin import Context
from benchrace_llamacpp.client import ServerClient
from benchrace_llamacpp.coordinator.load_log import Placement
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.errors import ending
from benchrace_llamacpp.process import GuardedProcess

# It answers within milliseconds, also while it computes.
HEALTH_S = 5.0


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What a start took and where it placed the model; `sent` is bytes to the workers."""

    load_ns: int
    placement: Placement
    split: str
    sent: int | None = None
    sent_unknown: str | None = None


class CoordinatorServer:
    """A running llama-server; `started` says what its start took."""

    def __init__(self, plan: ServerPlan, process: GuardedProcess) -> None:
        self.plan = plan
        self.process = process
        self.started: Started | None = None
        self.health_s = HEALTH_S

    def client(self, context: Context) -> ServerClient:
        """Return a client of it."""
        return ServerClient(self.plan.url, context)

    def status(self) -> int | None:
        """Return the exit status, None while it runs."""
        return self.process.status()

    async def stop(self, context: Context) -> None:
        """End it, and return when its port is free."""
        await context.run_blocking(self.process.stop)

    async def mismatch(self, context: Context) -> str | None:
        """Return why this is not the plan's server any more; None if it is.

        Raises as the client does, if it does not answer in time.
        """
        if (status := self.status()) is not None:
            return f"llama-server {ending(status)}"
        client = self.client(context)
        if not await client.healthy(self.health_s):
            return "llama-server reports that it is not healthy"
        props = await client.props()
        if props is None or props.model_path != self.plan.model.path:
            shown = None if props is None else props.model_path
            return f"another server answers on port {self.plan.port}, with the model {shown}"
        return None
