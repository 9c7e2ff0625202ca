"""The backend for faster-whisper."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchrace.plugin import Context, FieldError, InvalidInput, Lane
from benchrace_whisper.faster.models import PULLED, SOURCES, find_models
from benchrace_whisper.installed import FASTER_WHISPER
from benchrace_whisper.languages import check_language
from benchrace_whisper.local import LocalBackend
from benchrace_whisper.params import FASTER, FasterOptions
from benchrace_whisper.pull import pull

if TYPE_CHECKING:
    from benchrace_whisper.transcriber import Transcriber


class FasterWhisper(LocalBackend):
    """Whisper on CTranslate2, in this process."""

    name = "faster-whisper"
    title = "faster-whisper (CTranslate2)"
    workloads = (FASTER,)
    engine = FASTER_WHISPER
    sources = SOURCES
    find_models = staticmethod(find_models)

    async def check(self, params: FasterOptions, context: Context) -> None:
        self.engine.require()
        if params.batch > 1 and not params.vad:
            text = "batches are made of stretches of speech: set vad as well"
            raise InvalidInput(FieldError("batch", text))
        if params.batch > 1 and params.context:
            text = "windows of a batch cannot see each other's text"
            raise InvalidInput(FieldError("context", text))
        if params.batch > 1 and params.fallback:
            text = "windows of a batch are decoded once: leave it off, or set batch to 1"
            raise InvalidInput(FieldError("fallback", text))
        self.check_model(params.model, context)
        english = params.model.endswith(".en")
        check_language(params.language, english_only=english, model=params.model)

    async def pull(self, model: str, context: Context) -> None:
        source = self.source(model)._replace(files=PULLED)
        await pull(source, self.files_folder(model), context, single=False, name=model)

    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        from benchrace_whisper.faster.engine import FasterTranscriber

        files = await self.model_files(lane.params.model, context)
        return FasterTranscriber(lane.params, context, files)

    def files_folder(self, model: str) -> Path:
        return self.folder / model
