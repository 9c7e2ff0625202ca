"""What the three backends have in common: lanes of one kind, and checks before a race."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from benchrace.plugin import (
    Backend,
    BenchraceError,
    Config,
    Context,
    Lane,
    Problem,
    Readiness,
    SpeechParams,
    SpeechRecord,
)
from benchrace_whisper.audio.audio_set import Clip, find_clips, suggestions
from benchrace_whisper.config import audio_folders, keep_audio

if TYPE_CHECKING:
    from benchrace_whisper.transcriber import Transcriber

# The rest of a set is checked when it is decoded.
_MAX_CHECKED = 50


class SpeechBackend(Backend):
    """The base of the backends."""

    def __init__(self, config: Config | None = None) -> None:
        super().__init__(config)
        # By lane ID, from `open` to `close`; the types are imported when a lane opens.
        self._lanes: dict[str, Any] = {}
        self._stored: set[str] = set()

    @abstractmethod
    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        """Return the engine of a lane; raises what is missing for it."""

    @abstractmethod
    async def check(self, params: Any, context: Context) -> None:
        """Check what the engine can know before it loads anything; raises what is wrong."""

    async def preflight(self, lane: Lane[Any], context: Context) -> Readiness:
        try:
            await self.check(lane.params, context)
            clips = await self._clips(lane.params, context)
            await context.run_blocking(lambda: _check(clips[:_MAX_CHECKED]))
        except BenchraceError as error:
            if error.fields:
                return Readiness(fields=error.fields)
            problem = Problem(message=error.message, remedy=error.remedy)
            return Readiness(problems=(problem,), category=error.category)
        return Readiness()

    async def open(self, lane: Lane[Any], context: Context) -> None:
        from benchrace_whisper.lane import Keeping, SpeechLane

        await self.check(lane.params, context)
        clips = await self._clips(lane.params, context)
        transcriber = await self.transcriber(lane, context)
        keeping = Keeping(keep_audio(self.settings), self._stored)
        self._lanes[lane.lane_id] = SpeechLane(
            lane, context, clips=clips, transcriber=transcriber, keeping=keeping
        )
        await self._lanes[lane.lane_id].open()

    async def round(self, lane: Lane[Any], context: Context) -> SpeechRecord:
        record: SpeechRecord = await self._lanes[lane.lane_id].round()
        return record

    async def close(self, lane: Lane[Any], context: Context) -> None:
        opened = self._lanes.pop(lane.lane_id, None)
        if opened is not None:
            await opened.close()

    async def choices(self, context: Context) -> dict[str, tuple[str, ...]]:
        """Return the recordings that a form may suggest."""
        folders = audio_folders(self.settings)
        return {"audio": await context.run_blocking(lambda: suggestions(folders))}

    async def release(self, keep: Lane[Any] | None, context: Context) -> Sequence[str]:
        # Models are those of open lanes alone.
        own = None if keep is None else keep.lane_id
        return [
            f"{self.title} holds {opened.model} for another lane"
            for lane_id, opened in self._lanes.items()
            if lane_id != own
        ]

    async def _clips(self, params: SpeechParams, context: Context) -> tuple[Clip, ...]:
        folders = audio_folders(self.settings)
        return await context.run_blocking(
            lambda: find_clips(params.audio, params.reference, folders)
        )


def _check(clips: Sequence[Clip]) -> None:
    from benchrace_whisper.audio.decode import check

    for clip in clips:
        check(clip.path, clip.name)
