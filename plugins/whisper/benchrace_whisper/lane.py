"""One lane: its audio decoded, its model loaded, and its rounds."""

import hashlib
import mimetypes
from collections.abc import Sequence
from typing import NamedTuple

import anyio

from benchrace.plugin import BenchraceError, Context, Lane, SpeechParams, SpeechRecord, SpeechTask
from benchrace_whisper import checks
from benchrace_whisper.audio.audio_set import Clip
from benchrace_whisper.audio.decode import MAX_AUDIO_S, decode, digest
from benchrace_whisper.audio.folders import is_sample
from benchrace_whisper.audio.rate import RATE
from benchrace_whisper.config import KeepAudio
from benchrace_whisper.display import Display
from benchrace_whisper.record import Prepared, Result, document, joined, record
from benchrace_whisper.scoring import score
from benchrace_whisper.transcriber import Loaded, Recognition, Sound, Transcriber

# What is copied to central for the page's player: of a file, and of all of them.
MAX_KEPT = 16 * 1024 * 1024
_MAX_KEPT_SUM = 64 * 1024 * 1024
_MAX_KEPT_FILES = 20


class Opened(NamedTuple):
    """What opening the lane made."""

    loaded: Loaded
    prepared: Prepared
    sounds: tuple[Sound, ...]


class Keeping(NamedTuple):
    """Which recordings are stored, and the digests of those that were, for all lanes."""

    which: KeepAudio
    stored: set[str]

    def wants(self, clip: Clip) -> bool:
        """Check whether the owner of the machine lets a recording leave it."""
        if self.which is KeepAudio.SAMPLES:
            return is_sample(clip.path)
        return self.which is KeepAudio.ALL


class SpeechLane:
    """A lane from its opening to its end."""

    def __init__(
        self,
        lane: Lane[SpeechParams],
        context: Context,
        *,
        clips: tuple[Clip, ...],
        transcriber: Transcriber,
        keeping: Keeping,
    ) -> None:
        self._params = lane.params
        self._context = context
        self._clips = clips
        self._transcriber = transcriber
        self._opened: Opened | None = None
        self._keeping = keeping
        self._counted = False

    @property
    def model(self) -> str:
        """The name of its model."""
        return self._params.model

    async def open(self) -> None:
        """Decode and check the audio, then load the model; raises what is wrong with either."""
        began_ns = self._context.clock.monotonic_ns()
        sounds = await self._sounds()
        decode_ns = self._context.clock.monotonic_ns() - began_ns
        whole = hashlib.sha256("".join(sound.digest for sound in sounds).encode()).hexdigest()
        loaded = await self._transcriber.load()
        self._opened = Opened(loaded, Prepared(f"sha256:{whole}", decode_ns), sounds)

    async def round(self) -> SpeechRecord:
        """Transcribe every file once; raises why that failed."""
        if self._opened is None:
            raise RuntimeError("the lane is not open")
        loaded, prepared, sounds = self._opened
        t0_ns = self._context.clock.monotonic_ns()
        total_s = sum(sound.samples.size for sound in sounds) / RATE
        display = Display(self._context, total_s, many=len(sounds) > 1)
        recognitions = [await self._transcribe(sound, display) for sound in sounds]
        # Scoring can take as long as a short recording, and must not count as engine time.
        self._context.stop_timing()
        results = [
            await self._scored(sound, one) for sound, one in zip(sounds, recognitions, strict=True)
        ]
        checks.mark(results, loaded.facts, self._context)
        whole = await self._context.run_blocking(lambda: document(results))
        await self._context.artifact("transcript.json", "application/json", whole)
        await self._keep_audio(sounds)
        streams, first = self._transcriber.streams, not self._counted
        self._counted = self._counted or not self._context.round.warmup
        return await self._context.run_blocking(
            lambda: record(
                self._params,
                loaded,
                prepared,
                results,
                t0_ns=t0_ns,
                streams=streams,
                first=first,
            )
        )

    async def close(self) -> None:
        """Free audio and model."""
        self._opened = None
        await self._transcriber.close()

    async def _sounds(self) -> tuple[Sound, ...]:
        sounds: list[Sound] = []
        left = MAX_AUDIO_S * RATE
        for clip in self._clips:
            sounds.append(await self._decode(clip, left))
            left -= sounds[-1].samples.size
        return tuple(sounds)

    async def _decode(self, clip: Clip, most: int) -> Sound:
        # A text beside a recording is what is said, not its translation.
        compares = self._params.task is SpeechTask.TRANSCRIBE or self._params.reference.strip()
        reference = clip.reference if compares else None

        def call() -> Sound:
            samples = decode(clip.path, clip.name, lambda: self._context.cancelled, most=most)
            return Sound(clip.name, samples, digest(clip.path), reference, clip.language)

        return await self._context.run_blocking(call)

    async def _transcribe(self, sound: Sound, display: Display) -> Recognition:
        recognition = Recognition()
        failure: BenchraceError | None = None
        display.begin(sound.name)
        async with anyio.create_task_group() as group:
            group.start_soon(display.follow, recognition)
            try:
                await self._transcriber.transcribe(sound, recognition)
            except BenchraceError as error:
                # Outside of the group, which would wrap it.
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        display.end(recognition, sound.samples.size / RATE)
        return recognition

    async def _scored(self, sound: Sound, recognition: Recognition) -> Result:
        if sound.reference is None:
            return Result(sound, recognition, None)
        text, reference, normalizer = joined(recognition), sound.reference, self._params.normalizer
        compared = await self._context.run_blocking(lambda: score(text, reference, normalizer))
        return Result(sound, recognition, compared)

    async def _keep_audio(self, sounds: Sequence[Sound]) -> None:
        """Store recordings with the first round that has them, so that they can be played."""
        left = _MAX_KEPT_SUM
        pairs = list(zip(self._clips, sounds, strict=True))[:_MAX_KEPT_FILES]
        for number, (clip, sound) in enumerate(pairs):
            if sound.digest in self._keeping.stored or not self._keeping.wants(clip):
                continue
            self._keeping.stored.add(sound.digest)
            size = clip.path.stat().st_size
            if size > min(MAX_KEPT, left):
                continue
            left -= size
            data = await self._context.run_blocking(clip.path.read_bytes)
            media_type = mimetypes.guess_type(clip.path.name)[0] or _media_type(clip)
            name = f"audio-{number}{clip.path.suffix.lower()[:8]}"
            await self._context.artifact(name, media_type, data)


def _media_type(clip: Clip) -> str:
    ogg = clip.path.suffix.lower() in (".opus", ".oga")
    return "audio/ogg" if ogg else "application/octet-stream"
