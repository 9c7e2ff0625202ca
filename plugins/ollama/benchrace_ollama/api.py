"""Control calls to Ollama: what it has, what is resident, what a model is."""

from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category
from benchrace_ollama.refusal import refusal

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
_MOST = 64 << 20
_LIMIT_S = 10.0


class Details(msgspec.Struct, frozen=True):
    """A model in short."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""


class Tag(msgspec.Struct, frozen=True):
    """A model that is on disk; `size` in bytes. With `remote_host` it is another machine's."""

    name: str
    size: int | None = None
    digest: str = ""
    details: Details = Details()
    capabilities: tuple[str, ...] | None = ()
    remote_host: str = ""


class Running(msgspec.Struct, frozen=True):
    """A model that is resident; sizes in bytes as Ollama estimates them. `context_length` is
    what it runs with.
    """

    name: str
    digest: str = ""
    size: int | None = None
    size_vram: int = 0
    context_length: int | None = None


class Shown(msgspec.Struct, frozen=True):
    """What /api/show says; arrays of `model_info` are null unless asked for."""

    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    details: Details = Details()
    model_info: dict[str, Any] = {}
    capabilities: tuple[str, ...] | None = ()


def unread(shown: Shown) -> bool:
    """Whether layers differ in their heads, and only the long answer tells how."""
    key = f"{shown.model_info.get('general.architecture')}.attention.head_count_kv"
    return key in shown.model_info and shown.model_info[key] is None


class _Version(msgspec.Struct):
    version: str


class _Models(msgspec.Struct):
    models: tuple[Tag, ...] | None = ()


class _Resident(msgspec.Struct):
    models: tuple[Running, ...] | None = ()


class Loading(msgspec.Struct):
    """The answer to an empty prompt. `load_duration` is there in no version that was seen."""

    done_reason: str = ""
    load_duration: int | None = None


class Api:
    """Ollama at `base`, asked over `http`. Every method raises `unreachable`,
    `timeout_connect`, `bad_output`, or what the refusal means.
    """

    def __init__(self, base: str, http: "httpx.AsyncClient") -> None:
        self.base = base
        self._http = http

    async def version(self) -> str:
        """The version of the server."""
        return (await self._ask("GET", "/api/version", _Version)).version

    async def tags(self) -> tuple[Tag, ...]:
        """All models on disk."""
        return (await self._ask("GET", "/api/tags", _Models)).models or ()

    async def resident(self) -> tuple[Running, ...]:
        """All models in memory."""
        return (await self._ask("GET", "/api/ps", _Resident)).models or ()

    async def show(self, model: str, *, verbose: bool = False) -> Shown:
        """What a model is. `verbose` gives the arrays, which may be megabytes."""
        body = {"model": model, **({"verbose": True} if verbose else {})}
        return await self._ask("POST", "/api/show", Shown, body)

    async def shape(self, model: str) -> Shown | None:
        """What a model is, with arrays where its layers differ; None where it has just gone."""
        try:
            shown = await self.show(model)
            return await self.show(model, verbose=True) if unread(shown) else shown
        except BenchraceError as error:
            if error.category is Category.MISSING_MODEL:
                return None
            raise

    async def unload(self, model: str) -> None:
        """Ask to unload a model; answered before it has happened."""
        body = {"model": model, "keep_alive": 0, "stream": False}
        await self._ask("POST", "/api/generate", Loading, body)

    async def generate(self, body: dict[str, Any], limit_s: float) -> Loading:
        """Send a request that is not measured, and wait for its whole answer."""
        body = {**body, "stream": False}
        return await self._ask("POST", "/api/generate", Loading, body, limit_s=limit_s)

    async def _ask(
        self,
        method: str,
        path: str,
        of: type[T],
        body: dict[str, Any] | None = None,
        *,
        limit_s: float = _LIMIT_S,
    ) -> T:
        import httpx

        try:
            with anyio.fail_after(limit_s):
                status, data = await self._exchange(method, path, body, limit_s)
        except (httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise self._away(Category.TIMEOUT_CONNECT, "does not answer in time") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise self._away(
                Category.TIMEOUT_FIRST, f"did not answer {path} within {limit_s:g} s"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._away(Category.UNREACHABLE, f"does not answer: {error}") from error
        if not 200 <= status < 300:
            raise refusal(status, data[:65_536].decode("utf-8", "replace"))
        try:
            return msgspec.json.decode(data, type=of)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"{self.base}{path} answers what Ollama does not ({error}): {data[:100]!r}",
                "Check that this is Ollama's address.",
            ) from error

    async def _exchange(
        self, method: str, path: str, body: dict[str, Any] | None, limit_s: float
    ) -> tuple[int, bytes]:
        request = self._http.build_request(method, f"{self.base}{path}", json=body, timeout=limit_s)
        answer = await self._http.send(request, stream=True)
        try:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > _MOST:
                    text = f"{self.base}{path} answers more than {_MOST >> 20} MiB"
                    raise BenchraceError(Category.BAD_OUTPUT, text)
                parts.append(part)
            return answer.status_code, b"".join(parts)
        finally:
            await answer.aclose()

    def _away(self, category: Category, what: str) -> BenchraceError:
        return BenchraceError(
            category,
            f"Ollama at {self.base} {what}",
            "Start it (ollama serve, or systemctl start ollama), or correct its address: "
            "ollama.base_url in agent.yaml, or OLLAMA_BASE_URL.",
        )
