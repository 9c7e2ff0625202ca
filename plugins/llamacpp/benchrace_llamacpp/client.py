"""Control requests to llama-server, which are never measured."""

from typing import Any

from benchrace.plugin import BenchraceError, Context, chat_api
from benchrace_llamacpp.errors import REMEDIES

_TIMEOUT_S = 10.0
_LABEL = "llama-server"
_LOADING = 503


class ServerClient:
    """A client of the server at `url`, over the context's own HTTP client."""

    def __init__(self, url: str, context: Context) -> None:
        self.url = url
        self._context = context

    async def get(self, path: str, timeout_s: float = _TIMEOUT_S) -> chat_api.Reply:
        """Send a GET; raises `unreachable` and others, but not for a status."""
        return await self._call("GET", path, None, timeout_s)

    async def post(self, path: str, body: Any, timeout_s: float | None = None) -> chat_api.Reply:
        """Send a POST; raises as `get`."""
        return await self._call("POST", path, body, timeout_s or _TIMEOUT_S)

    async def healthy(self, limit_s: float) -> bool:
        """Check whether it has its model; raises as `get`."""
        return (await self.get("/health", limit_s)).ok

    async def loading(self) -> bool | None:
        """Check whether it loads: false once it has its model, None if it does not answer yet."""
        try:
            reply = await self.get("/health")
        except BenchraceError:
            return None
        if reply.ok:
            return False
        return True if reply.status == _LOADING else None

    async def props(self) -> chat_api.Props | None:
        """Return its settings; None if it does not report them."""
        reply = await self.get("/props")
        return chat_api.props_of(reply.data) if reply.ok else None

    async def slots(self) -> tuple[chat_api.Slot, ...] | None:
        """Return its slots; None if it does not report them."""
        reply = await self.get("/slots")
        return chat_api.slots_of(reply.data) if reply.ok else None

    async def meta(self) -> tuple[str, chat_api.ModelMeta]:
        """Return the name of its model and what it reports about the file."""
        reply = await self.get("/v1/models")
        if not reply.ok:
            raise reply.failure()
        entries = reply.data.get("data") if isinstance(reply.data, dict) else None
        entry = entries[0] if isinstance(entries, list) and entries else {}
        fields = entry if isinstance(entry, dict) else {}
        meta = chat_api.as_struct(fields.get("meta") or {}, chat_api.ModelMeta)
        return str(fields.get("id") or ""), meta or chat_api.ModelMeta()

    async def tokenizer(self) -> str | None:
        """Return a digest of the tokens of one text; None if it does not report them."""
        reply = await self.post("/tokenize", {"content": chat_api.TOKENIZED_TEXT})
        return chat_api.tokens_digest(reply.data) if reply.ok else None

    async def _call(self, method: str, path: str, body: Any, timeout_s: float) -> chat_api.Reply:
        request = chat_api.ControlRequest(
            label=_LABEL,
            method=method,
            url=f"{self.url}{path}",
            path=path,
            timeout_s=timeout_s,
            body=body,
        )
        return await chat_api.control(request, self._context, REMEDIES)
