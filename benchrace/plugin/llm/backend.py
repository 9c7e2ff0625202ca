"""The base class of backends for text: it measures, its lanes speak the engine's protocol."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

from benchrace.kinds import Record
from benchrace.plugin.backend import Backend, Config, Lane
from benchrace.plugin.context import Context
from benchrace.plugin.llm import prompt_writer
from benchrace.plugin.llm.lane_runner import LaneRunner
from benchrace.plugin.llm.response.oddities import Oddities
from benchrace.plugin.llm.text_lane import TextLane
from benchrace.plugin.llm.unload import release
from benchrace.plugin.operations import Writing, Written


class TextBackend(Backend):
    """Base class of backends for text; a subclass holds what belongs to the engine.

    Requests, timestamps, nonces, caches, verdicts and concurrent streams are handled here, so that
    all engines are measured in the same way. What belongs to one lane is in the `TextLane` that
    `open_lane` returns. `oddities` logs fields of an unexpected type, once for the whole job.
    """

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        self.oddities = Oddities()
        # The worker names lanes by their id. A runner stays until the end of the job.
        self._runners: dict[str, LaneRunner] = {}

    @abstractmethod
    def open_lane(self, lane: Lane[Any], context: Context) -> TextLane:
        """Return a new object for `lane`; send nothing yet.

        Called each time a lane opens, and for a lane of an earlier job that is only to settle.
        """

    async def open(self, lane: Lane[Any], context: Context) -> None:
        if lane.lane_id not in self._runners:
            self._runners[lane.lane_id] = LaneRunner(self.oddities)
        await self._runners[lane.lane_id].open(self.open_lane(lane, context))

    async def round(self, lane: Lane[Any], context: Context) -> Record:
        return await self._runners[lane.lane_id].round()

    async def close(self, lane: Lane[Any], context: Context) -> None:
        if (runner := self._runners.get(lane.lane_id)) is not None:
            await runner.close()

    async def settle(self, lane: Lane[Any], context: Context) -> bool:
        runner = self._runners.get(lane.lane_id)
        if runner is not None and runner.lane is not None:
            return await runner.lane.settle()
        unopened = self.open_lane(lane, context)
        try:
            return await unopened.settle()
        finally:
            await unopened.close()

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        return await release(self, None if keep is None else keep.params.model, context)

    async def write(self, model: str, writing: Writing, context: Context) -> Written:
        lane = self.open_lane(prompt_writer.lane_of(self, model, writing), context)
        try:
            return await prompt_writer.write(lane)
        finally:
            await lane.close()
