"""Parameters of a transcription; equal on every engine of a run."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from msgspec import Meta

from benchrace.kinds.kind import Params


class SpeechTask(StrEnum):
    """`translate` writes English, whatever language is spoken."""

    TRANSCRIBE = "transcribe"
    TRANSLATE = "translate"


class Processor(StrEnum):
    """Where the model runs; `auto` takes a GPU if the engine can use one."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


class Normalizer(StrEnum):
    """How transcript and reference are made alike before errors are counted.

    `whisper-basic` and `whisper-english` are those of Whisper's own evaluation: lower case without
    punctuation; the English one also spells out numbers, contractions and British spelling alike.
    """

    BASIC = "whisper-basic"
    ENGLISH = "whisper-english"
    NONE = "none"


class SpeechParams(Params, frozen=True, kw_only=True):
    """The audio of a round, and how it is transcribed."""

    model: Annotated[
        str,
        Meta(
            title="Model",
            description="A model that the engine has.",
            max_length=300,
            extra_json_schema={"choices": "models"},
        ),
    ] = ""
    audio: Annotated[
        str,
        Meta(
            title="Audio",
            description=(
                "A sample, or a file, a folder or a manifest (.jsonl, .csv, .tsv) in an audio "
                "folder of the machine."
            ),
            min_length=1,
            max_length=1000,
            extra_json_schema={"choices": "engine"},
        ),
    ] = "sample-10s"
    reference: Annotated[
        str,
        Meta(
            title="Reference",
            description="Reference text of a single file; empty: its .txt file, if there is one.",
            max_length=200_000,
            extra_json_schema={"multiline": True},
        ),
    ] = ""
    normalizer: Annotated[
        Normalizer,
        Meta(title="Normalizer", description="Applied to both texts before errors are counted."),
    ] = Normalizer.BASIC
    language: Annotated[
        str,
        Meta(
            title="Language",
            description="Spoken language as a code (en, de, yue); empty: the engine detects it.",
            pattern="^([a-z]{2,3})?$",
        ),
    ] = ""
    task: Annotated[SpeechTask, Meta(title="Task", description="Translate writes English.")] = (
        SpeechTask.TRANSCRIBE
    )
    beam: Annotated[
        int,
        Meta(
            title="Beam size",
            description="Hypotheses that are followed; 1 is greedy.",
            ge=1,
            le=64,
            extra_json_schema={"phrases": {"one": "beam of 1", "other": "beam of {}"}},
        ),
    ] = 5
    batch: Annotated[
        int,
        Meta(
            title="Batch",
            description="Windows of speech that are transcribed at once; 1: one after the other.",
            ge=1,
            le=256,
            extra_json_schema={"phrases": {"one": "batch of 1", "other": "batch of {}"}},
        ),
    ] = 1
    vad: Annotated[
        bool,
        Meta(title="VAD", description="Leave out parts without speech before transcribing."),
    ] = False
    context: Annotated[
        bool,
        Meta(
            title="Context",
            description="Let each window of 30 s see the text of the one before.",
        ),
    ] = False
    fallback: Annotated[
        bool,
        Meta(
            title="Temperature fallback",
            description=(
                "Decode again at a higher temperature where a window went wrong; such rounds are "
                "marked, as chance decides what they do."
            ),
        ),
    ] = False
    device: Annotated[
        Processor, Meta(title="Device", description="Auto: a GPU if the engine can use one.")
    ] = Processor.AUTO
    threads: Annotated[
        int,
        Meta(
            title="Threads",
            description="On the CPU; 0: one for each physical core, at most 8.",
            ge=0,
            le=1024,
            extra_json_schema={"phrases": {"one": "1 thread", "other": "{} threads"}},
        ),
    ] = 0


_ENGLISH = {"language": "en", "normalizer": Normalizer.ENGLISH.value}
SPEECH_PRESETS: Mapping[str, Mapping[str, Any]] = {
    "sample-10s": {"audio": "sample-10s", **_ENGLISH},
    "sample-40s": {"audio": "sample-40s", **_ENGLISH},
    "greedy": {"beam": 1},
    "beam-5": {"beam": 5},
}
