"""The backend for whisper.cpp."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    FieldError,
    InvalidInput,
    Lane,
    Probe,
    Problem,
)
from benchrace_whisper.backend import SpeechBackend
from benchrace_whisper.config import LocalConfig, fetch_models, models_folder
from benchrace_whisper.cpp.models import SOURCES, find_models, find_vad
from benchrace_whisper.fetching import Fetchable, fetchable
from benchrace_whisper.installed import WHISPER_CPP
from benchrace_whisper.languages import check_language
from benchrace_whisper.models import choose, is_missing, listed, none_found
from benchrace_whisper.params import CPP, CppOptions
from benchrace_whisper.pull import pull, unknown

if TYPE_CHECKING:
    from benchrace_whisper.transcriber import Transcriber

_MAX_BEAM = 8


class WhisperCpp(SpeechBackend):
    """whisper.cpp, in this process."""

    name = "whisper-cpp"
    title = "whisper.cpp"
    config = LocalConfig
    workloads = (CPP,)

    async def probe(self, context: Context) -> Probe:
        if not WHISPER_CPP.installed:
            return Probe(reachable=False, problems=(WHISPER_CPP.problem,))
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
            version=WHISPER_CPP.version,
            models=models,
            problems=problems,
            choices=choices,
        )

    async def check(self, params: CppOptions, context: Context) -> None:
        WHISPER_CPP.require()
        if params.batch > 1:
            text = "whisper.cpp transcribes one window after the other: set it to 1"
            raise InvalidInput(FieldError("batch", text))
        if params.beam > _MAX_BEAM:
            text = f"whisper.cpp follows at most {_MAX_BEAM} hypotheses"
            raise InvalidInput(FieldError("beam", text))
        folder = models_folder(self.settings)
        if params.vad:
            _vad(params, find_vad(folder))
        if (lacking := self._fetchable(params.model, folder)) is not None:
            lacking.check(context)
        else:
            choose(
                params.model, find_models(folder), folder, self.name, fetch_models(self.settings)
            )
        english = params.model.partition("-")[0].endswith(".en")
        check_language(params.language, english_only=english, model=params.model)

    async def pull(self, model: str, context: Context) -> None:
        WHISPER_CPP.require()
        if model not in SOURCES:
            raise unknown(model, tuple(SOURCES))
        folder = models_folder(self.settings)
        target = folder / SOURCES[model].files[0]
        await pull(SOURCES[model], target, context, single=True, name=model)

    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        from benchrace_whisper.cpp.engine import CppTranscriber

        params: CppOptions = lane.params
        folder = models_folder(self.settings)
        if (lacking := self._fetchable(lane.params.model, folder)) is not None:
            await lacking.fetch(context)
        files = choose(
            params.model, find_models(folder), folder, self.name, fetch_models(self.settings)
        )
        vad = _vad(params, find_vad(folder)) if params.vad else None
        return CppTranscriber(params, context, files, vad)

    def _fetchable(self, model: str, folder: Path) -> Fetchable | None:
        """Return what a lane fetches; None for a model that is here, unknown, or not allowed."""
        if not is_missing(model, find_models(folder), SOURCES):
            return None
        return fetchable(SOURCES[model], folder, fetch_models(self.settings))


def _vad(params: CppOptions, models: dict[str, Any]) -> Any:
    if not params.vad_model:
        text = "whisper.cpp needs a model for its VAD: name one, or turn vad off"
        raise InvalidInput(FieldError("vad_model", text))
    if params.vad_model not in models:
        names = ", ".join(sorted(models)) or "none"
        raise BenchraceError(
            Category.MISSING_MODEL,
            f"unknown VAD model {params.vad_model!r:.200}; installed: {names}",
            "Copy a ggml file of Silero VAD into the folder of models.",
        )
    return models[params.vad_model]
