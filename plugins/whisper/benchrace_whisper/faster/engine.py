"""faster-whisper for one lane. Imports CTranslate2."""

from collections.abc import Callable, Iterable
from typing import Any

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import BatchedInferencePipeline, WhisperModel

from benchrace.plugin import BenchraceError, Category, Context, EngineFacts, Processor
from benchrace_whisper.installed import FASTER_WHISPER
from benchrace_whisper.languages import check_language
from benchrace_whisper.models import ModelFiles, digest
from benchrace_whisper.params import FasterOptions
from benchrace_whisper.transcriber import Loaded, LocalTranscriber, Recognition

# As the library has them; the first alone without fallback.
_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


class FasterTranscriber(LocalTranscriber):
    """Loads once; every round transcribes with the loaded model."""

    params: FasterOptions

    def __init__(self, params: FasterOptions, context: Context, files: ModelFiles) -> None:
        super().__init__(params, context)
        self._files = files
        self._model: WhisperModel | None = None
        self._run: Callable[..., tuple[Iterable[Any], Any]] | None = None

    def load_blocking(self) -> Loaded:
        params, threads = self.params, self.threads()
        device = self._device()
        began_ns = self.context.clock.monotonic_ns()
        try:
            model = WhisperModel(
                str(self._files.path),
                device=device,
                compute_type=str(params.compute_type),
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            damaged = BenchraceError(
                Category.MISSING_MODEL,
                f"CTranslate2 cannot load {params.model}: {error!s:.300}",
                "Delete its folder and pull the model again.",
            )
            raise _failure(str(error), params) or damaged from error
        load_ns = self.context.clock.monotonic_ns() - began_ns
        english = not model.model.is_multilingual
        check_language(params.language, english_only=english, model=params.model)
        self._model = model
        self._run = BatchedInferencePipeline(model).transcribe if params.batch > 1 else None
        facts = EngineFacts(
            name="faster-whisper",
            version=FASTER_WHISPER.version,
            model=params.model,
            digest=digest(self._files),
            quantization=model.model.compute_type,
            weights=self._files.weights.name,
            settings={
                **self.settings(),
                "ctranslate2": ctranslate2.__version__,
                "device": model.model.device,
                "compute_type": model.model.compute_type,
            },
        )
        on_cpu = model.model.device == "cpu"
        return Loaded(
            facts, load_ns, threads if on_cpu else None, beam=params.beam, batch=params.batch
        )

    def transcribe_blocking(
        self, audio: npt.NDArray[np.float32], recognition: Recognition, stopped: Callable[[], bool]
    ) -> None:
        params, clock = self.params, self.context.clock
        if self._model is None:
            raise RuntimeError("the model is not loaded")
        options: dict[str, Any] = {
            "language": params.language or None,
            "task": str(params.task),
            "beam_size": params.beam,
            "temperature": list(_TEMPERATURES) if params.fallback else [0.0],
            "vad_filter": params.vad,
            "log_progress": False,
        }
        if self._run is None:
            options["condition_on_previous_text"] = params.context
        else:
            options["batch_size"] = params.batch
            options["without_timestamps"] = False
        recognition.began_ns = clock.monotonic_ns()
        try:
            segments, info = (self._run or self._model.transcribe)(audio, **options)
            hot: set[int] = set()
            # Each step of the generator decodes the next window.
            for segment in segments:
                self.add(recognition, segment.start, segment.end, segment.text)
                if segment.temperature:
                    hot.add(segment.seek)
                if stopped():
                    break
        except (RuntimeError, ValueError) as error:
            failed = BenchraceError(Category.STREAM_ERROR, f"faster-whisper failed: {error!s:.300}")
            raise _failure(str(error), params) or failed from error
        recognition.ended_ns = clock.monotonic_ns()
        recognition.language = info.language
        recognition.fallbacks = len(hot)

    async def close(self) -> None:
        self._model = self._run = None

    def _device(self) -> str:
        gpus = ctranslate2.get_cuda_device_count()
        if self.params.device is Processor.GPU and not gpus:
            raise BenchraceError(
                Category.UNSUPPORTED_HARDWARE,
                "CTranslate2 finds no GPU that it can use",
                "It needs an NVIDIA GPU with a driver for CUDA 12, and cuBLAS; or set device=cpu.",
            )
        use = gpus and self.params.device is not Processor.CPU
        return "cuda" if use else "cpu"


def _failure(text: str, params: FasterOptions) -> BenchraceError | None:
    """Return the meaning of an exception of CTranslate2, None for one without any."""
    low = text.lower()
    if "out of memory" in low or "failed to allocate" in low:
        return BenchraceError(
            Category.OUT_OF_MEMORY,
            f"CTranslate2 ran out of memory: {text:.300}",
            "Choose a smaller model, an int8 compute type, or a smaller batch or beam.",
        )
    if "compute type" in low:
        device = "cuda" if "cuda" in low else "cpu"
        able = ", ".join(sorted(ctranslate2.get_supported_compute_types(device)))
        return BenchraceError(
            Category.UNSUPPORTED_HARDWARE,
            f"this machine cannot compute in {params.compute_type}: {text:.300}",
            f"Choose one of {able}, or auto.",
        )
    if any(sign in low for sign in ("libcublas", "libcudnn", "cuda driver", "no kernel image")):
        return BenchraceError(
            Category.UNSUPPORTED_HARDWARE,
            f"CTranslate2 cannot use the GPU: {text:.300}",
            "Install cuBLAS and cuDNN for CUDA 12, or set device=cpu.",
        )
    return None
