"""Control requests to murmur, which are never measured."""

from typing import Any, TypeVar

import httpx
import msgspec

from benchrace.plugin import BenchraceError, Category, Context, parse_json, to_struct
from benchrace_murmur.errors import refusal

T = TypeVar("T", bound=msgspec.Struct)


class About(msgspec.Struct):
    """The answer of /about; `active` counts the requests that murmur is answering."""

    version: str | None = None
    models: tuple[str, ...] = ()
    active: int = 0


class Resident(msgspec.Struct):
    """The answer of /resident: the models in memory."""

    models: tuple[str, ...] = ()


class Done(msgspec.Struct):
    """The answer of /load and /unload."""

    ok: bool = True


class MurmurClient:
    """A client of the murmur at `base`, over the context's own HTTP client."""

    def __init__(self, base: str, context: Context) -> None:
        self.base = base.rstrip("/")
        self._context = context

    async def about(self) -> About:
        return await self._call("GET", "/about", About)

    async def resident(self) -> tuple[str, ...]:
        return (await self._call("GET", "/resident", Resident)).models

    async def load(self, model: str, limit_s: float) -> None:
        """Load a model; murmur answers once it is in memory."""
        await self._call("POST", "/load", Done, {"model": model}, limit_s)

    async def unload(self, model: str) -> None:
        """Request to unload a model; murmur answers at once."""
        await self._call("POST", "/unload", Done, {"model": model})

    async def _call(
        self, method: str, path: str, to: type[T], body: Any = None, limit_s: float = 10.0
    ) -> T:
        url = f"{self.base}{path}"
        try:
            answer = await self._context.http.request(method, url, json=body, timeout=limit_s)
        except httpx.TimeoutException as error:
            text = f"murmur did not answer {path} within {limit_s:g} s"
            raise BenchraceError(Category.TIMEOUT_FIRST, text, "Check murmur's log.") from error
        except httpx.HTTPError as error:
            remedy = "Start it (murmur serve), or correct murmur.base_url in agent.yaml."
            text = f"murmur at {self.base} does not answer: {error}"
            raise BenchraceError(Category.UNREACHABLE, text, remedy) from error
        if not answer.is_success:
            raise refusal(answer.status_code, answer.text)
        try:
            return to_struct(parse_json(answer.content), to, [])
        except msgspec.MsgspecError as error:
            text = f"unexpected answer to {path}, unlike murmur's: {error}"
            remedy = "Correct murmur.base_url in agent.yaml."
            raise BenchraceError(Category.BAD_OUTPUT, text, remedy) from error
