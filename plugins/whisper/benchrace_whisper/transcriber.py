"""What an engine does for one lane: load a model, and transcribe clips."""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from benchrace.plugin import Context, EngineFacts, SpeechParams
from benchrace_whisper.audio.decode import Samples, as_floats

_MOST_THREADS = 8


@dataclass
class Sound:
    """A decoded file, ready to be transcribed."""

    name: str
    samples: Samples
    digest: str
    reference: str | None
    language: str | None


@dataclass(frozen=True)
class Segment:
    """A segment as it arrived: its place in the audio in s, and the instant on the clock in ns."""

    start_s: float
    end_s: float
    text: str
    at_ns: int


@dataclass
class Recognition:
    """What an engine makes of a clip; segments are added while it works.

    `began_ns` and `ended_ns` are on the clock. `fallbacks` is None if the engine does not tell.
    """

    began_ns: int = 0
    ended_ns: int = 0
    segments: list[Segment] = field(default_factory=list)
    language: str | None = None
    fallbacks: int | None = None


@dataclass(frozen=True)
class Loaded:
    """What loading found out, as in the record; null where a server decides."""

    facts: EngineFacts
    load_ns: int | None = None
    threads: int | None = None
    beam: int | None = None
    batch: int | None = None


class Transcriber(ABC):
    """One lane's engine. Raise `BenchraceError` for what people should read.

    `streams` tells whether segments arrive while the engine works.
    """

    streams = True

    def __init__(self, params: SpeechParams, context: Context) -> None:
        self.params = params
        self.context = context

    @abstractmethod
    async def load(self) -> Loaded:
        """Load the model."""

    @abstractmethod
    async def transcribe(self, sound: Sound, recognition: Recognition) -> None:
        """Transcribe a clip into `recognition`, and stamp begin, segments and end."""

    async def close(self) -> None:
        """Free the model."""
        return


class LocalTranscriber(Transcriber):
    """An engine in this process: it blocks a thread, and is asked to stop by a flag."""

    @abstractmethod
    def load_blocking(self) -> Loaded:
        """Load the model; `Loaded.load_ns` is what the engine itself took."""

    @abstractmethod
    def transcribe_blocking(
        self, audio: npt.NDArray[np.float32], recognition: Recognition, stopped: Callable[[], bool]
    ) -> None:
        """Transcribe into `recognition`; return soon once `stopped`."""

    async def load(self) -> Loaded:
        return await self.context.run_blocking(self.load_blocking)

    async def transcribe(self, sound: Sound, recognition: Recognition) -> None:
        asked_to_stop = False

        def stop() -> None:
            nonlocal asked_to_stop
            asked_to_stop = True

        def call() -> None:
            # Prepared before the clock runs.
            audio = as_floats(sound.samples)
            self.transcribe_blocking(
                audio, recognition, lambda: asked_to_stop or self.context.cancelled
            )

        await self.context.run_blocking(call, on_cancel=stop)

    def add(self, recognition: Recognition, start_s: float, end_s: float, text: str) -> None:
        """Stamp a segment and add it."""
        at_ns = self.context.clock.monotonic_ns()
        recognition.segments.append(Segment(start_s, end_s, text.strip(), at_ns))

    def settings(self) -> dict[str, str | int | float | bool | None]:
        """Return what was asked of any engine, as part of a result's identity."""
        params = self.params
        return {
            "beam": params.beam,
            "batch": params.batch,
            "vad": params.vad,
            "language": params.language or "auto",
            "task": str(params.task),
            "context": params.context,
            "fallback": params.fallback,
            "threads": self.threads(),
        }

    def threads(self) -> int:
        """Return the number of threads on the CPU that the lane asks for."""
        return self.params.threads or default_threads()


def default_threads() -> int:
    """Return the number of physical cores that this process may use, at most 8."""
    import psutil

    try:
        allowed = len(os.sched_getaffinity(0))
    except AttributeError:
        allowed = os.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or allowed
    return max(1, min(allowed, physical, _MOST_THREADS))
