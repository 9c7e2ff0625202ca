"""whisper.cpp for one lane. Imports pywhispercpp."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pywhispercpp.model import Model

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    EngineFacts,
    Processor,
    SpeechTask,
)
from benchrace_whisper.cpp import library
from benchrace_whisper.installed import WHISPER_CPP
from benchrace_whisper.languages import check_language
from benchrace_whisper.models import ModelFiles, digest
from benchrace_whisper.params import CppOptions
from benchrace_whisper.transcriber import Loaded, LocalTranscriber, Recognition

_GREEDY, _BEAM = 0, 1
# Tokens of earlier text that a window sees, as the library has it by itself.
_ALL_CONTEXT = 16_384
_TEMPERATURE_STEP = 0.2


class CppTranscriber(LocalTranscriber):
    """Loads once; every round transcribes with the loaded model."""

    params: CppOptions

    def __init__(
        self, params: CppOptions, context: Context, files: ModelFiles, vad: Path | None
    ) -> None:
        super().__init__(params, context)
        self._files = files
        self._vad = vad
        self._model: Model | None = None
        self._english = False

    def load_blocking(self) -> Loaded:
        params = self.params
        began_ns = self.context.clock.monotonic_ns()
        with library.log() as lines:
            model = Model(
                str(self._files.path),
                params_sampling_strategy=_GREEDY if params.beam == 1 else _BEAM,
                context_params={
                    "use_gpu": params.device is not Processor.CPU,
                    "flash_attn": params.flash_attention,
                },
                **self._options(),
            )
        load_ns = self.context.clock.monotonic_ns() - began_ns
        if (reason := library.load_error(lines)) is not None:
            if "alloc" in reason:
                text = f"whisper.cpp ran out of memory: {reason:.300}"
                raise BenchraceError(Category.OUT_OF_MEMORY, text, "Choose a smaller model.")
            raise BenchraceError(
                Category.MISSING_MODEL,
                f"whisper.cpp cannot load {params.model}: {reason:.300}",
                "Delete the file and pull the model again.",
            )
        gpu = library.gpu(lines)
        if params.device is Processor.GPU and gpu is None:
            raise BenchraceError(
                Category.UNSUPPORTED_HARDWARE,
                "this whisper.cpp has no GPU that it can use",
                "Install a pywhispercpp that was built for the GPU, or set device=cpu.",
                detail=library.features(),
            )
        self._english = not library.is_multilingual(model)
        check_language(params.language, english_only=self._english, model=params.model)
        self._model = model
        facts = EngineFacts(
            name="whisper.cpp",
            version=WHISPER_CPP.version,
            model=params.model,
            digest=digest(self._files),
            quantization=library.weight_type(model),
            weights=self._files.weights.name,
            settings={
                **self.settings(),
                "device": gpu or "cpu",
                "flash_attention": params.flash_attention,
                "build": library.features(),
            },
        )
        threads = self.threads() if gpu is None else None
        return Loaded(facts, load_ns, threads, beam=params.beam, batch=1)

    def transcribe_blocking(
        self, audio: npt.NDArray[np.float32], recognition: Recognition, stopped: Callable[[], bool]
    ) -> None:
        model, clock = self._model, self.context.clock
        if model is None:
            raise RuntimeError("the model is not loaded")

        def new(segment: Any) -> None:
            # Times are in 10 ms.
            self.add(recognition, segment.t0 / 100, segment.t1 / 100, segment.text)

        # A model of one language would still look for others.
        language = "en" if self._english else self.params.language or "auto"
        with library.log() as lines:
            library.reset_timings(model)
            recognition.began_ns = clock.monotonic_ns()
            try:
                model.transcribe(
                    audio, new_segment_callback=new, abort_callback=stopped, language=language
                )
            except (IndexError, RuntimeError, ValueError) as error:
                raise _failed(str(error)) from error
            recognition.ended_ns = clock.monotonic_ns()
            recognition.fallbacks = library.fallbacks(model, lines)
        if not stopped() and (reason := library.failure(lines)) is not None:
            raise _failed(reason)
        recognition.language = "en" if self._english else library.language(model)

    async def close(self) -> None:
        # Frees the model as well.
        self._model = None

    def _options(self) -> dict[str, Any]:
        params = self.params
        options: dict[str, Any] = {
            "n_threads": self.threads(),
            "translate": params.task is SpeechTask.TRANSLATE,
            # Nothing is taken over from the round before.
            "no_context": True,
            "n_max_text_ctx": _ALL_CONTEXT if params.context else 0,
            "temperature": 0.0,
            "temperature_inc": _TEMPERATURE_STEP if params.fallback else 0.0,
            # As faster-whisper has it: no tokens of music, brackets and the like.
            "suppress_nst": True,
            "print_progress": False,
            "print_realtime": False,
        }
        if params.beam > 1:
            options["beam_search"] = {"beam_size": params.beam, "patience": -1.0}
        else:
            options["greedy"] = {"best_of": 1}
        if self._vad is not None:
            options |= {"vad": True, "vad_model_path": str(self._vad)}
        return options


def _failed(reason: str) -> BenchraceError:
    return BenchraceError(Category.STREAM_ERROR, f"whisper.cpp failed: {reason:.300}")
