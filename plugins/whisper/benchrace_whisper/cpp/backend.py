"""The backend for whisper.cpp."""

from typing import TYPE_CHECKING, Any

from benchrace.plugin import BenchraceError, Category, Context, FieldError, InvalidInput, Lane
from benchrace_whisper.cpp.models import SOURCES, find_models, find_vad
from benchrace_whisper.installed import WHISPER_CPP
from benchrace_whisper.languages import check_language
from benchrace_whisper.local import LocalBackend
from benchrace_whisper.params import CPP, CppOptions
from benchrace_whisper.pull import pull

if TYPE_CHECKING:
    from benchrace_whisper.transcriber import Transcriber

_MAX_BEAM = 8


class WhisperCpp(LocalBackend):
    """whisper.cpp, in this process."""

    name = "whisper-cpp"
    title = "whisper.cpp"
    workloads = (CPP,)
    engine = WHISPER_CPP
    sources = SOURCES
    find_models = staticmethod(find_models)

    async def check(self, params: CppOptions, context: Context) -> None:
        self.engine.require()
        if params.batch > 1:
            text = "whisper.cpp transcribes one window after the other: set it to 1"
            raise InvalidInput(FieldError("batch", text))
        if params.beam > _MAX_BEAM:
            text = f"whisper.cpp follows at most {_MAX_BEAM} hypotheses"
            raise InvalidInput(FieldError("beam", text))
        if params.vad:
            _vad(params, find_vad(self.folder))
        self.check_model(params.model, context)
        english = params.model.partition("-")[0].endswith(".en")
        check_language(params.language, english_only=english, model=params.model)

    async def pull(self, model: str, context: Context) -> None:
        source = self.source(model)
        await pull(source, self.folder / source.files[0], context, single=True, name=model)

    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        from benchrace_whisper.cpp.engine import CppTranscriber

        params: CppOptions = lane.params
        files = await self.model_files(params.model, context)
        vad = _vad(params, find_vad(self.folder)) if params.vad else None
        return CppTranscriber(params, context, files, vad)


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
