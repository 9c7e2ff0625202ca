"""A server for one lane: every engine of a race gets the same decoded samples."""

import hashlib

import numpy as np

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    EngineFacts,
    SpeechParams,
    SpeechTask,
    whereabouts,
)
from benchrace_whisper.audio.decode import Samples
from benchrace_whisper.audio.rate import RATE
from benchrace_whisper.server.answer import read_answer
from benchrace_whisper.server.client import SpeechClient, wav
from benchrace_whisper.transcriber import Loaded, Recognition, Segment, Sound, Transcriber

_DETAILED, _PLAIN = "verbose_json", "json"
# What is sent before the rounds, so that the server has its model in memory.
_FIRST_S = 1
# Added to each round's file: 20 ms that nobody hears, and that no cache has seen.
_TAIL = RATE // 50


class ServerTranscriber(Transcriber):
    """Sends the whole file, and receives the whole transcript."""

    streams = False

    def __init__(self, params: SpeechParams, context: Context, client: SpeechClient) -> None:
        super().__init__(params, context)
        self._client = client
        self._format = _DETAILED
        translate = params.task is SpeechTask.TRANSLATE
        self._route = f"audio/{'translations' if translate else 'transcriptions'}"

    async def load(self) -> Loaded:
        """Send a second of noise, so that the server loads its model, and see what it answers."""
        noise = tail("load", _FIRST_S * RATE, loudness=64)
        try:
            await self._ask(noise)
        except BenchraceError as error:
            if error.category is not Category.VALIDATION:
                raise
            # Models without segments refuse the detailed form.
            self._format = _PLAIN
            await self._ask(noise)
        where = await whereabouts(self._client.base, self.context)
        facts = EngineFacts(
            name="transcription-server",
            model=self.params.model,
            host=where.elsewhere,
            settings={
                "address_proof": where.proof,
                "language": self.params.language or "auto",
                "task": str(self.params.task),
                "response_format": self._format,
            },
        )
        return Loaded(facts)

    async def transcribe(self, sound: Sound, recognition: Recognition) -> None:
        nonce = f"{self.context.round.nonce} {sound.digest}"
        data = await self.context.run_blocking(
            lambda: wav(np.concatenate([sound.samples, tail(nonce, _TAIL)]))
        )
        fields, clock = self._fields(), self.context.clock
        recognition.began_ns = clock.monotonic_ns()
        answered = await self._client.transcribe(self._route, fields, data)
        recognition.ended_ns = clock.monotonic_ns()
        answer = read_answer(answered, sound.samples.size / RATE)
        # Of a translation, servers name the language that they write.
        if self.params.task is SpeechTask.TRANSCRIBE:
            recognition.language = answer.language
        recognition.segments.extend(
            Segment(piece.start, piece.end, piece.text.strip(), recognition.ended_ns)
            for piece in answer.pieces
        )

    async def _ask(self, samples: Samples) -> None:
        answered = await self._client.transcribe(self._route, self._fields(), wav(samples))
        read_answer(answered, samples.size / RATE)

    def _fields(self) -> dict[str, str]:
        fields = {
            "model": self.params.model,
            "response_format": self._format,
            "temperature": "0",
        }
        if self.params.language and self.params.task is SpeechTask.TRANSCRIBE:
            fields["language"] = self.params.language
        return fields


def tail(nonce: str, length: int, *, loudness: int = 1) -> Samples:
    """Return noise that differs by `nonce`, from -`loudness` to `loudness`."""
    seed = int.from_bytes(hashlib.sha256(nonce.encode()).digest()[:8], "big")
    drawn = np.random.default_rng(seed).integers(-loudness, loudness + 1, length)
    return drawn.astype(np.int16)
