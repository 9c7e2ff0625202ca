"""Open lanes against a scripted engine, for contract tests of text backends."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, NamedTuple

import msgspec
import pytest

from benchrace import structs
from benchrace.errors import BenchraceError
from benchrace.events import Measured
from benchrace.plugin import Lane, TextBackend, Workload
from benchrace.testing.context import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace.testing.text_engine import Plan, TextEngine, Wire, token, well
from benchrace.worker.job.verdict import numbers, plain
from benchrace.worker.params import convert

TOKENS = 12
TEXT = "".join(token(i) for i in range(TOKENS))


class ScriptedLane(NamedTuple):
    """A lane that is open on a scripted engine."""

    backend: TextBackend
    workload: Workload
    lane: Lane[Any]
    context: RecordingContext
    engine: TextEngine

    async def round(self, number: int = 0) -> Any:
        """Run one round; return its record as it is read from the log."""
        self.engine.racing = True
        self.context.begin(number)
        record = await self.backend.round(self.lane, self.context)
        encoded = msgspec.json.encode(plain(record))
        return structs.decode(encoded, self.workload.kind.record)

    async def failure(self) -> BenchraceError:
        """Run a round that has to fail, and one that has to succeed after it."""
        with pytest.raises(BenchraceError) as raised:
            await self.round()
        assert raised.value.remedy, "a failure says what to do about it"
        self.engine.plan, self.engine.status = well, 200
        assert (await self.round(1)).answer.usage.output == TOKENS
        return raised.value

    def codes(self) -> set[str]:
        """Return the codes of the reasons against the last round."""
        return {reason.code for reason in self.context.verdict.reasons}

    def derived(self, record: Any) -> dict[str, Measured]:
        """Return all numbers of a round, by name."""
        derived: Sequence[Measured] = numbers(self.workload.kind, record, self.lane.params, ())
        return {number.metric: number for number in derived}


class TextLanes(ABC):
    """The base of all cases; see `TextContract`."""

    wire: ClassVar[Wire]
    params: ClassVar[dict[str, Any]] = {"model": "tiny"}

    @abstractmethod
    def make(self, url: str) -> TextBackend:
        """Return a backend whose engine is at `url`, which ends with a slash."""

    @asynccontextmanager
    async def racing(
        self, plan: Plan = well, kind: str = "llm_generate", **params: Any
    ) -> AsyncIterator[ScriptedLane]:
        """Open a lane of twelve tokens, and close it as the worker does."""
        engine = TextEngine(self.wire, plan)
        async with (
            engine.served() as served,
            self.opened(self.make(served.url), engine, kind, **params) as at,
        ):
            yield at

    def lane_of(self, workload: Workload, lane_id: str = "lane-0", **params: Any) -> Lane[Any]:
        """Return a lane of twelve tokens, with `params` over those of the class."""
        # Long limits, so that a busy machine does not fail a good engine. Tests of silence have
        # limits of their own.
        limits = {"max_tokens": TOKENS, "first_token_s": HANG_S, "idle_s": HANG_S}
        converted, fields = convert({**limits, **self.params, **params}, workload)
        assert converted is not None, f"invalid parameters: {fields}"
        return Lane(lane_id=lane_id, label=lane_id, kind=workload.kind.name, params=converted)

    def workload_of(self, backend: TextBackend, kind: str) -> Workload:
        """Return the backend's workload of a kind; skips the test if it has none."""
        workloads = {workload.kind.name: workload for workload in backend.workloads}
        if kind not in workloads:
            pytest.skip(f"{backend.name} does not offer {kind}")
        return workloads[kind]

    @asynccontextmanager
    async def opened(
        self,
        backend: TextBackend,
        engine: TextEngine,
        kind: str,
        lane_id: str = "lane-0",
        **params: Any,
    ) -> AsyncIterator[ScriptedLane]:
        """Open a lane of `backend`, wherever its engine is."""
        workload = self.workload_of(backend, kind)
        lane = self.lane_of(workload, lane_id, **params)
        context = RecordingContext([metric.name for metric in workload.kind.metrics])
        try:
            await backend.open(lane, context)
            yield ScriptedLane(backend, workload, lane, context, engine)
        finally:
            await backend.close(lane, context)
            await context.aclose()
