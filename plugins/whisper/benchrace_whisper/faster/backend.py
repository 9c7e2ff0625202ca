"""The backend for faster-whisper."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchrace.plugin import (
    BenchraceError,
    Context,
    FieldError,
    InvalidInput,
    Lane,
    Probe,
    Problem,
)
from benchrace_whisper.backend import SpeechBackend
from benchrace_whisper.config import LocalConfig, fetch_models, models_folder
from benchrace_whisper.faster.models import PULLED, SOURCES, find_models
from benchrace_whisper.fetching import Fetchable, fetchable
from benchrace_whisper.installed import FASTER_WHISPER
from benchrace_whisper.languages import check_language
from benchrace_whisper.models import choose, is_missing, listed, none_found
from benchrace_whisper.params import FASTER, FasterOptions
from benchrace_whisper.pull import pull, unknown

if TYPE_CHECKING:
    from benchrace_whisper.transcriber import Transcriber


class FasterWhisper(SpeechBackend):
    """Whisper on CTranslate2, in this process."""

    name = "faster-whisper"
    title = "faster-whisper (CTranslate2)"
    config = LocalConfig
    workloads = (FASTER,)

    async def probe(self, context: Context) -> Probe:
        if not FASTER_WHISPER.installed:
            return Probe(reachable=False, problems=(FASTER_WHISPER.problem,))
        try:
            folder = models_folder(self.settings)
            choices = await self.choices(context)
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))
        models = listed(find_models(folder))
        problems = () if models else (none_found(folder, self.name, fetch_models(self.settings)),)
        return Probe(
            reachable=True,
            version=FASTER_WHISPER.version,
            models=models,
            problems=problems,
            choices=choices,
        )

    async def check(self, params: FasterOptions, context: Context) -> None:
        FASTER_WHISPER.require()
        if params.batch > 1 and not params.vad:
            text = "batches are made of stretches of speech: set vad as well"
            raise InvalidInput(FieldError("batch", text))
        if params.batch > 1 and params.context:
            text = "windows of a batch cannot see each other's text"
            raise InvalidInput(FieldError("context", text))
        if params.batch > 1 and params.fallback:
            text = "windows of a batch are decoded once: leave it off, or set batch to 1"
            raise InvalidInput(FieldError("fallback", text))
        folder = models_folder(self.settings)
        if (lacking := self._fetchable(params.model, folder)) is not None:
            lacking.check(context)
        else:
            choose(
                params.model, find_models(folder), folder, self.name, fetch_models(self.settings)
            )
        english = params.model.endswith(".en")
        check_language(params.language, english_only=english, model=params.model)

    async def pull(self, model: str, context: Context) -> None:
        FASTER_WHISPER.require()
        if model not in SOURCES:
            raise unknown(model, tuple(SOURCES))
        folder = models_folder(self.settings)
        target = folder / model
        source = SOURCES[model]._replace(files=PULLED)
        await pull(source, target, context, single=False, name=model)

    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        from benchrace_whisper.faster.engine import FasterTranscriber

        folder = models_folder(self.settings)
        if (lacking := self._fetchable(lane.params.model, folder)) is not None:
            await lacking.fetch(context)
        files = choose(
            lane.params.model, find_models(folder), folder, self.name, fetch_models(self.settings)
        )
        return FasterTranscriber(lane.params, context, files)

    def _fetchable(self, model: str, folder: Path) -> Fetchable | None:
        """Return what a lane fetches; None for a model that is here, unknown, or not allowed."""
        if not is_missing(model, find_models(folder), SOURCES):
            return None
        return fetchable(SOURCES[model], folder / model, fetch_models(self.settings))
