"""The backend for servers with OpenAI's API of transcriptions."""

from typing import TYPE_CHECKING, Any

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    FieldError,
    InvalidInput,
    Lane,
    Model,
    Probe,
    Problem,
    Processor,
    SpeechParams,
    endpoint,
)
from benchrace_whisper.backend import SpeechBackend
from benchrace_whisper.languages import check_language
from benchrace_whisper.params import SERVER
from benchrace_whisper.server.config import URL_VARIABLE, ServerConfig, api_key, base_url

if TYPE_CHECKING:
    from benchrace_whisper.server.client import SpeechClient
    from benchrace_whisper.transcriber import Transcriber

_ITS_OWN = "the server decides this by itself: leave it as it is"


class TranscriptionServer(SpeechBackend):
    """A server in another process, such as Speaches, LocalAI or vLLM."""

    name = "transcription-server"
    title = "Transcription server (OpenAI API)"
    config = ServerConfig
    workloads = (SERVER,)

    async def probe(self, context: Context) -> Probe:
        try:
            client = self._client(context)
            names = await client.models()
            address = await endpoint(client.base, context)
            choices = await self.choices(context)
        except BenchraceError as error:
            problem = Problem(message=error.message, remedy=error.remedy)
            return Probe(reachable=False, problems=(problem,))
        models = tuple(Model(name=name, engines={"": address}) for name in names)
        return Probe(reachable=True, models=models, choices=choices)

    async def check(self, params: SpeechParams, context: Context) -> None:
        own = {
            "beam": params.beam != SpeechParams().beam,
            "batch": params.batch > 1,
            "vad": params.vad,
            "context": params.context,
            "fallback": params.fallback,
            "device": params.device is not Processor.AUTO,
            "threads": params.threads > 0,
        }
        if fields := [FieldError(name, _ITS_OWN) for name, is_set in own.items() if is_set]:
            raise InvalidInput(fields)
        check_language(params.language, english_only=False, model=params.model)
        client = self._client(context)
        if not params.model:
            raise InvalidInput(FieldError("model", "name a speech model of the server"))
        await client.models()

    async def transcriber(self, lane: Lane[Any], context: Context) -> "Transcriber":
        from benchrace_whisper.server.engine import ServerTranscriber

        return ServerTranscriber(lane.params, context, self._client(context))

    def _client(self, context: Context) -> "SpeechClient":
        base = base_url(self.settings)
        if base is None:
            raise BenchraceError(
                Category.UNREACHABLE,
                "no transcription server is configured",
                f"Set base_url in the table {self.name} of agent.yaml, or {URL_VARIABLE}.",
            )
        from benchrace_whisper.server.client import SpeechClient

        return SpeechClient(base, api_key(self.settings), context.http)
