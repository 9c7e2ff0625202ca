"""A client of one server: its models, and transcripts of WAV files."""

import io
import wave
from typing import TYPE_CHECKING, Any

import httpx

from benchrace.plugin import BenchraceError, Category
from benchrace_whisper.audio.rate import RATE
from benchrace_whisper.server.answer import read_models, refusal

if TYPE_CHECKING:
    from benchrace_whisper.audio.decode import Samples

_MAX_ANSWER = 64 * 1024 * 1024
# The whole transcript comes at the end; the round's own limit ends what takes too long.
_WAIT = httpx.Timeout(None, connect=10.0)


class SpeechClient:
    """Speaks to one server; `key` is sent to it and shown nowhere."""

    def __init__(self, base: str, key: str | None, http: httpx.AsyncClient) -> None:
        self.base = base
        self._headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        self._http = http

    async def models(self) -> tuple[str, ...]:
        """Return the names of the server's models, speech or not; none if it lists none."""
        status, data = await self._ask("GET", "models")
        if status in (httpx.codes.NOT_FOUND, httpx.codes.METHOD_NOT_ALLOWED):
            # The server of whisper.cpp has one model, and no list.
            return ()
        if status != httpx.codes.OK:
            raise refusal(status, data, "")
        return read_models(data)

    async def transcribe(self, route: str, fields: dict[str, str], wav: bytes) -> bytes:
        """Return the server's answer about a WAV file; raises why it gives none."""
        files = {"file": ("audio.wav", wav, "audio/wav")}
        status, data = await self._ask("POST", route, data=fields, files=files, timeout=_WAIT)
        if status != httpx.codes.OK:
            raise refusal(status, data, fields.get("model", ""))
        return data

    async def _ask(self, method: str, route: str, **options: Any) -> tuple[int, bytes]:
        url = f"{self.base}/{route}"
        try:
            request = self._http.stream(method, url, headers=self._headers, **options)
            async with request as response:
                data = bytearray()
                async for part in response.aiter_raw():
                    data += part
                    if len(data) > _MAX_ANSWER:
                        text = "the server's answer is larger than 64 MiB"
                        raise BenchraceError(Category.BAD_OUTPUT, text)
                return response.status_code, bytes(data)
        except httpx.TimeoutException as error:
            text = f"the server at {self.base} does not answer"
            raise BenchraceError(Category.TIMEOUT_CONNECT, text) from error
        except httpx.ConnectError as error:
            raise BenchraceError(
                Category.UNREACHABLE,
                f"no server answers at {self.base}",
                "Start it, or correct base_url in the table transcription-server of agent.yaml.",
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            text = f"the server at {self.base} ended the connection: {error}"
            raise BenchraceError(Category.ENDED_EARLY, text) from error


def wav(samples: "Samples") -> bytes:
    """Return samples as a WAV file."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.tobytes())
    return file.getvalue()
