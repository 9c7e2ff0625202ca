"""Control calls to one server: what it is, what it has, whether it is busy. Never measured."""

import hashlib
import os
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, Context
from benchrace_openai.answer import Listed, Models, Props, Slot, Told, as_struct, engine_of
from benchrace_openai.refusals import refusal
from benchrace_openai.settings import Engine, Server

if TYPE_CHECKING:
    import httpx

MOST = 8 << 20
PROBE = "Zwölf Boxkämpfer jagen 1234567890 quick brown foxes;\n\tif (x != 0) { 日本語 мир 🙂 }"
_TIMEOUT_S = 10.0


class Reply(msgspec.Struct, frozen=True):
    """An answer: `data` is null where it is no JSON."""

    status: int
    text: str
    server: str
    data: Any = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a server turned out to be."""

    engine: Engine
    version: str | None
    models: tuple[Listed, ...]
    props: Props | None = None

    @property
    def router(self) -> bool:
        return self.props is not None and self.props.router

    def model(self, name: str) -> Listed | None:
        """Find a model by one of its names; with no name, the only one that there is."""
        if not name:
            return self.models[0] if len(self.models) == 1 else None
        return next((each for each in self.models if each.called(name)), None)


class Calls:
    """Speaks to `server` over the context's own client; an answer may take `timeout_s`."""

    def __init__(self, server: Server, context: Context, *, timeout_s: float = _TIMEOUT_S) -> None:
        self.server = server
        self._context = context
        self._timeout_s = timeout_s

    def headers(self) -> dict[str, str]:
        """Give the headers that say who asks."""
        key = self.server.key(os.environ)
        return {} if key is None else {"authorization": f"Bearer {key}"}

    async def get(self, path: str) -> Reply:
        """Ask; raises `unreachable` and `timeout_connect`, never for a status."""
        return await self._call("GET", path, None, self._timeout_s)

    async def post(self, path: str, body: Any, timeout_s: float | None = None) -> Reply:
        """Tell; raises as `get`."""
        return await self._call("POST", path, body, timeout_s or self._timeout_s)

    async def loading(self) -> bool:
        """Tell whether it says that it is loading its model."""
        return (await self.get("/v1/models")).status == 503

    async def answers(self) -> bool:
        """Tell whether it answers and has its model."""
        try:
            return (await self.get("/v1/models")).ok
        except BenchraceError:
            return False

    async def busy(self) -> bool | None:
        """Tell whether a slot works; None where this server does not tell."""
        slots = await self.slots()
        return None if slots is None else any(each.is_processing for each in slots)

    async def slots(self) -> tuple[Slot, ...] | None:
        """List its slots; None where this server does not tell."""
        reply = await self.get("/slots")
        told = as_struct({"slots": reply.data}, _Slots) if reply.ok else None
        return None if told is None else told.slots

    async def find(self) -> Found:
        """Ask what it is and has; raises what its errors mean."""
        listed = await self.get("/v1/models")
        if not listed.ok:
            raise refusal(listed.status, listed.text)
        models = as_struct(listed.data, Models)
        if models is None:
            remedy = "Correct `base_url` in the table `openai` of agent.yaml."
            text = f"{self.server.label} does not list its models as OpenAI's API does"
            raise BenchraceError(Category.UNREACHABLE, text, remedy, detail=listed.text[:500])
        told = Told(models=models, server_header=listed.server)
        asked = self.server.engine
        if asked in (Engine.AUTO, Engine.LLAMA_SERVER):
            told = msgspec.structs.replace(told, props=await self._struct("/props", Props))
        engine = engine_of(told) if asked is Engine.AUTO else asked
        if asked is Engine.AUTO and engine is Engine.GENERIC:
            told = await self._more(told)
            engine = engine_of(told)
        return Found(
            engine=engine,
            version=await self._version(engine, told),
            models=models.data,
            props=told.props,
        )

    async def tokenizer(self, model: str, engine: Engine) -> str | None:
        """Tell tokenizers apart by what they make of one text; None where a server has no such
        call.
        """
        if engine not in (Engine.LLAMA_SERVER, Engine.VLLM):
            return None
        text = "content" if engine is Engine.LLAMA_SERVER else "prompt"
        reply = await self.post("/tokenize", {"model": model, text: PROBE})
        made = as_struct(reply.data, _Tokens) if reply.ok else None
        if made is None or not made.tokens:
            return None
        return hashlib.sha256(msgspec.json.encode(made.tokens)).hexdigest()

    async def _more(self, told: Told) -> Told:
        lmstudio = await self._struct("/api/v0/models", Models)
        return msgspec.structs.replace(
            told,
            version=await self._text("/version", "version"),
            sglang_version=await self._text("/get_server_info", "version"),
            lmstudio=lmstudio is not None,
        )

    async def _version(self, engine: Engine, told: Told) -> str | None:
        match engine:
            case Engine.LLAMA_SERVER:
                return None if told.props is None else told.props.build_info
            case Engine.VLLM:
                return told.version or await self._text("/version", "version")
            case Engine.SGLANG:
                return told.sglang_version or await self._text("/get_server_info", "version")
            case _:
                return None

    async def _struct(self, path: str, to: type[msgspec.Struct]) -> Any:
        reply = await self.get(path)
        return as_struct(reply.data, to) if reply.ok else None

    async def _text(self, path: str, key: str) -> str | None:
        reply = await self.get(path)
        value = reply.data.get(key) if reply.ok and isinstance(reply.data, dict) else None
        return value[:200] if isinstance(value, str) else None

    async def _call(self, method: str, path: str, body: Any, timeout_s: float) -> Reply:
        # The worker that describes plugins imports this; it needs no client.
        import httpx

        where = self.server.label
        try:
            with anyio.fail_after(timeout_s):
                async with self._context.http.stream(
                    method,
                    self.server.root + path,
                    headers=self.headers(),
                    json=body,
                    timeout=timeout_s,
                ) as response:
                    data = await _capped(response)
        except httpx.ConnectTimeout as error:
            text = f"{where} takes no connection within {timeout_s:g} s"
            raise BenchraceError(Category.TIMEOUT_CONNECT, text) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            text = f"{where} does not answer {path} within {timeout_s:g} s"
            remedy = "Look at the engine's log: it took the connection and says nothing."
            raise BenchraceError(Category.TIMEOUT_FIRST, text, remedy) from error
        except (httpx.HTTPError, OSError) as error:
            text = f"{where} cannot be reached: {str(error) or type(error).__name__}"
            raise BenchraceError(Category.UNREACHABLE, text) from error
        return Reply(
            status=response.status_code,
            text=data[:65_536].decode("utf-8", "replace"),
            server=response.headers.get("server", ""),
            data=_json(data),
        )


class _Tokens(msgspec.Struct, frozen=True):
    tokens: tuple[int, ...]


class _Slots(msgspec.Struct, frozen=True):
    slots: tuple[Slot, ...]


async def _capped(response: "httpx.Response") -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MOST:
            text = f"the answer of {response.url.path} is over the limit of {MOST} bytes"
            raise BenchraceError(Category.BAD_OUTPUT, text)
        parts.append(part)
    return b"".join(parts)


def _json(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
