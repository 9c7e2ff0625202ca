"""Lanes that are open against a scripted engine, for the conformance of text backends."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, NamedTuple

import msgspec
import pytest

from benchrace.errors import BenchraceError
from benchrace.events import Measured
from benchrace.plugin import Lane, TextBackend, Workload
from benchrace.testing.context import RecordingContext
from benchrace.testing.text_engine import Plan, TextEngine, Wire, token, well
from benchrace.worker.params import convert
from benchrace.worker.verdict import numbers, plain

TOKENS = 12
TEXT = "".join(token(i) for i in range(TOKENS))


class Racing(NamedTuple):
    """A lane that is open against the scripted engine."""

    backend: TextBackend
    workload: Workload
    lane: Lane[Any]
    context: RecordingContext
    engine: TextEngine

    async def round(self, number: int = 0) -> Any:
        """Play one round; its record survives the way through the log."""
        self.engine.racing = True
        self.context.begin(number)
        record = await self.backend.round(self.lane, self.context)
        encoded = msgspec.json.encode(plain(record))
        return msgspec.json.decode(encoded, type=self.workload.kind.record)

    async def failure(self) -> BenchraceError:
        """Play a round that has to fail, and one that has to go well after it."""
        with pytest.raises(BenchraceError) as raised:
            await self.round()
        assert raised.value.remedy, "a failure says what to do about it"
        self.engine.plan, self.engine.status = well, 200
        assert (await self.round(1)).answer.usage.output == TOKENS
        return raised.value

    def codes(self) -> set[str]:
        """Why the last round is doubted."""
        return {each.code for each in self.context.verdict.reasons}

    def derived(self, record: Any) -> dict[str, Measured]:
        """All numbers of a round, by name."""
        found: Sequence[Measured] = numbers(self.workload.kind, record, self.lane.params, ())
        return {each.metric: each for each in found}


class TextLanes(ABC):
    """What the cases share; see `TextContract`."""

    wire: ClassVar[Wire]
    params: ClassVar[dict[str, Any]] = {"model": "tiny"}

    @abstractmethod
    def make(self, url: str) -> TextBackend:
        """Make a backend whose engine is at `url`, which ends with a slash."""

    @asynccontextmanager
    async def racing(
        self, plan: Plan = well, kind: str = "llm_generate", **params: Any
    ) -> AsyncIterator[Racing]:
        """Open a lane of twelve tokens, and leave it as the worker does."""
        engine = TextEngine(self.wire, plan)
        async with (
            engine.served() as served,
            self.opened(self.make(served.url), engine, kind, **params) as at,
        ):
            yield at

    @asynccontextmanager
    async def opened(
        self, backend: TextBackend, engine: TextEngine, kind: str, **params: Any
    ) -> AsyncIterator[Racing]:
        """Open a lane of `backend`, wherever its engine is."""
        offered = {each.kind.name: each for each in backend.workloads}
        if kind not in offered:
            pytest.skip(f"{backend.name} does not offer {kind}")
        workload = offered[kind]
        asked = {"max_tokens": TOKENS, "first_token_s": 5, "idle_s": 5, **self.params, **params}
        converted, fields = convert(asked, workload)
        assert converted is not None, f"the parameters are not valid: {fields}"
        lane = Lane(lane_id="lane-0", label="a", kind=kind, params=converted)
        context = RecordingContext([metric.name for metric in workload.kind.metrics])
        try:
            await backend.open(lane, context)
            yield Racing(backend, workload, lane, context, engine)
        finally:
            await backend.close(lane, context)
            await context.aclose()
