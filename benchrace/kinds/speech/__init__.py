"""Speech to text: each round transcribes the same audio, one file or a set."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.kinds.speech.params import (
        SPEECH_PRESETS,
        Normalizer,
        Processor,
        SpeechParams,
        SpeechTask,
    )
    from benchrace.kinds.speech.record import (
        ErrorCounts,
        MoreFiles,
        SpeechRecord,
        Transcript,
        Utterance,
    )
    from benchrace.kinds.speech.transcribe import TRANSCRIBE, totals

__all__ = [
    "SPEECH_PRESETS",
    "TRANSCRIBE",
    "ErrorCounts",
    "MoreFiles",
    "Normalizer",
    "Processor",
    "SpeechParams",
    "SpeechRecord",
    "SpeechTask",
    "Transcript",
    "Utterance",
    "totals",
]

__getattr__ = exports(
    __name__,
    {
        "benchrace.kinds.speech.params": (
            "SPEECH_PRESETS Normalizer Processor SpeechParams SpeechTask"
        ),
        "benchrace.kinds.speech.record": (
            "ErrorCounts MoreFiles SpeechRecord Transcript Utterance"
        ),
        "benchrace.kinds.speech.transcribe": "TRANSCRIBE totals",
    },
)
