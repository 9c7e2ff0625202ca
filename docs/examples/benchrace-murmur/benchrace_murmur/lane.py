"""One lane on murmur."""

from typing import Any

import msgspec

from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    Delta,
    EngineFacts,
    Lane,
    Loaded,
    StreamLimits,
    StreamRequest,
    TextLane,
)
from benchrace_murmur import errors, load, stream
from benchrace_murmur.client import MurmurClient
from benchrace_murmur.request import body

_SETTLED_S = 60.0


class MurmurLane(TextLane):
    """A lane; murmur reports how much of a prompt was cached."""

    tells_cached = True

    def __init__(self, lane: Lane[Any], context: Context, client: MurmurClient) -> None:
        super().__init__(lane, context)
        self._client = client

    async def load(self) -> Loaded:
        params = self.lane.params
        if params.model in await self._client.resident():
            return Loaded()
        began = self.context.clock.monotonic_ns()
        await self._client.load(params.model, params.first_token_s)
        return Loaded(ns=self.context.clock.monotonic_ns() - began, source="client")

    async def unload(self) -> None:
        await load.unload(self._client, self.lane.params.model)

    async def facts(self) -> EngineFacts:
        about, model = await self._client.about(), self.lane.params.model
        if model not in about.models:
            raise errors.missing(f"murmur has no model {model!r}")
        return EngineFacts(name="murmur", version=about.version, model=model)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        return StreamRequest(
            url=f"{self._client.base}/generate",
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(body(ask)),
            limits=limits,
        )

    def parse(self, data: bytes) -> Delta:
        return stream.read(data)

    def refusal(self, status: int, text: str) -> BenchraceError:
        return errors.refusal(status, text)

    async def settle(self) -> bool:
        async def idle() -> bool:
            return not (await self._client.about()).active

        try:
            return await load.within(_SETTLED_S, idle)
        except BenchraceError as error:
            if error.category is Category.UNREACHABLE:
                return True  # an engine that is gone computes nothing
            self.context.log(f"murmur may still be busy: {error.message}", "warning")
            return False
