"""A client for control requests to one server, which are never measured."""

import os
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, Context, chat_api, error_of, words
from benchrace_openai.config import Engine, Server
from benchrace_openai.errors import REMEDIES, refusal
from benchrace_openai.ollama.answers import Ollama, same_name
from benchrace_openai.ollama.native_api import recognize
from benchrace_openai.server.info import (
    Fingerprint,
    Listed,
    Models,
    Props,
    Slot,
    as_struct,
    engine_of,
    models_of,
    props_of,
    slots_of,
)

_TIMEOUT_S = 10.0
# The API may have another path below the address: no such route, or a page for every path.
_ELSEWHERE = (301, 302, 307, 308, 404, 405)


Reply = chat_api.Reply


class ServerInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The identity of a server and its models.

    `api` is where its routes of OpenAI's API are, and `odd` are skipped fields of its list of
    models.
    """

    engine: Engine
    version: str | None
    models: tuple[Listed, ...]
    props: Props | None = None
    api: str | None = None
    odd: tuple[str, ...] = ()
    ollama: Ollama | None = None

    @property
    def router(self) -> bool:
        return self.props is not None and self.props.router

    def model(self, name: str) -> Listed | None:
        """Find a model by one of its names; without a name, the only one if there is just one."""
        if not name:
            return self.models[0] if len(self.models) == 1 else None
        if self.ollama is not None:
            return next((model for model in self.models if same_name(model.id, name)), None)
        return next((model for model in self.models if model.called(name)), None)


class OpenAIClient:
    """A client of `server` over the context's own HTTP client; a response may take `timeout_s`.

    `api` is where its routes of OpenAI's API are, if that was already detected.
    """

    def __init__(
        self,
        server: Server,
        context: Context,
        *,
        timeout_s: float = _TIMEOUT_S,
        api: str | None = None,
    ) -> None:
        self.server = server
        self._api = api
        self._context = context
        self._timeout_s = timeout_s

    def headers(self) -> dict[str, str]:
        """Return the headers for authorization."""
        key = self.server.key(os.environ)
        return {} if key is None else {"authorization": f"Bearer {key}"}

    async def get(self, path: str) -> Reply:
        """Send a GET; raises `unreachable` and `timeout_connect`, but not for a status."""
        return await self._call("GET", path, None, self._timeout_s)

    async def post(self, path: str, body: Any, timeout_s: float | None = None) -> Reply:
        """Send a POST; raises as `get`."""
        return await self._call("POST", path, body, timeout_s or self._timeout_s)

    async def loading(self) -> bool:
        """Check whether the server reports that it is loading its model."""
        return (await self._listing()).status == 503

    async def answers(self) -> bool:
        """Check whether the server answers and has its model."""
        try:
            return (await self._listing()).ok
        except BenchraceError:
            return False

    async def busy(self) -> bool | None:
        """Check whether a slot is busy; None if the server does not report it."""
        slots = await self.slots()
        return None if slots is None else any(slot.is_processing for slot in slots)

    async def slots(self) -> tuple[Slot, ...] | None:
        """Return its slots; None if the server does not report them."""
        reply = await self.get("/slots")
        return slots_of(reply.data) if reply.ok else None

    async def identify(self) -> ServerInfo:
        """Find out what the server is and has; raises the meaning of its errors."""
        listing = await self._listing()
        if not listing.ok:
            raise listing.failure()
        models = models_of(listing.data)
        if models is None:
            raise self._no_listing(listing)
        fingerprint = Fingerprint(models=models, server_header=listing.server)
        configured = self.server.engine
        auto = configured is Engine.AUTO
        if configured in (Engine.AUTO, Engine.LLAMA_SERVER):
            fingerprint = msgspec.structs.replace(
                fingerprint, props=props_of(await self._data("/props"))
            )
        engine = engine_of(fingerprint) if auto else configured
        if engine is Engine.OLLAMA or (auto and engine is Engine.GENERIC):
            fingerprint = msgspec.structs.replace(fingerprint, ollama=await recognize(self))
        if auto and fingerprint.ollama is None and engine is Engine.GENERIC:
            fingerprint = await self._more(fingerprint)
        if auto:
            engine = engine_of(fingerprint)
        return ServerInfo(
            engine=engine,
            version=await self._version(engine, fingerprint),
            models=models.data,
            props=fingerprint.props,
            api=self._api,
            odd=models.odd,
            ollama=fingerprint.ollama,
        )

    async def tokenizer(self, model: str, engine: Engine) -> str | None:
        """Return a digest of the tokens of one text; None if the server has no such route."""
        if engine not in (Engine.LLAMA_SERVER, Engine.VLLM):
            return None
        text = "content" if engine is Engine.LLAMA_SERVER else "prompt"
        reply = await self.post("/tokenize", {"model": model, text: chat_api.TOKENIZED_TEXT})
        return chat_api.tokens_digest(reply.data) if reply.ok else None

    async def _more(self, fingerprint: Fingerprint) -> Fingerprint:
        lmstudio = as_struct(await self._data("/api/v0/models"), Models)
        return msgspec.structs.replace(
            fingerprint,
            version=await self._text("/version", "version"),
            sglang_version=await self._text("/get_server_info", "version"),
            lmstudio=lmstudio is not None,
        )

    async def _version(self, engine: Engine, fingerprint: Fingerprint) -> str | None:
        match engine:
            case Engine.LLAMA_SERVER:
                return None if fingerprint.props is None else fingerprint.props.build_info
            case Engine.VLLM:
                return fingerprint.version or await self._text("/version", "version")
            case Engine.SGLANG:
                return fingerprint.sglang_version or await self._text("/get_server_info", "version")
            case Engine.OLLAMA:
                return None if fingerprint.ollama is None else fingerprint.ollama.version
            case _:
                return None

    async def _data(self, path: str) -> Any:
        reply = await self.get(path)
        return reply.data if reply.ok else None

    async def _listing(self) -> Reply:
        """Request the list of models at all possible paths, and remember the right one."""
        apis = (self._api,) if self._api is not None else self.server.address.apis
        replies: list[Reply] = []
        for api in apis:
            reply = await self._call("GET", "/v1/models", None, self._timeout_s, api)
            replies.append(reply)
            if reply.ok and models_of(reply.data) is not None:
                self._api = api
                return reply
            if not reply.ok and reply.status not in _ELSEWHERE:
                return reply
        return replies[0]

    def _no_listing(self, reply: Reply) -> BenchraceError:
        """Return the failure of a server that answers with an error, or with something else."""
        if isinstance(reply.data, dict) and reply.data.get("error"):
            return refusal(reply.status, reply.text)
        remedy = "Correct `base_url` in the table `openai` of agent.yaml."
        text = f"{self.server.label} does not list its models as OpenAI's API does"
        if reply.text.strip():
            text += f": {words(error_of(reply.text).message, 200)}"
        return BenchraceError(Category.UNREACHABLE, text, remedy, detail=reply.text[:500])

    async def _text(self, path: str, key: str) -> str | None:
        reply = await self.get(path)
        value = reply.data.get(key) if reply.ok and isinstance(reply.data, dict) else None
        return value[:200] if isinstance(value, str) else None

    async def _call(
        self, method: str, path: str, body: Any, timeout_s: float, api: str | None = None
    ) -> Reply:
        request = chat_api.ControlRequest(
            label=self.server.label,
            method=method,
            url=self.server.address.url(path, api or self._api),
            path=path,
            timeout_s=timeout_s,
            body=body,
            headers=self.headers(),
        )
        return await chat_api.control(request, self._context, REMEDIES)
