"""A client for Ollama's control routes."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import anyio
import msgspec

from benchrace.plugin import (
    BenchraceError,
    Category,
    Meta,
    error_of,
    find_error,
    parse_json,
    to_struct,
    words,
)
from benchrace_ollama.errors import refusal

if TYPE_CHECKING:
    import httpx

T = TypeVar("T", bound=msgspec.Struct)
Count = Annotated[int, Meta(ge=0, le=1 << 53)]
_MAX_BYTES = 64 << 20
_LIMIT_S = 10.0


class Details(msgspec.Struct, frozen=True):
    """A summary of a model."""

    parent_model: str = ""
    format: str = ""
    family: str = ""
    parameter_size: str = ""
    quantization_level: str = ""


class Tag(msgspec.Struct, frozen=True):
    """A model on disk; `size` in bytes. With `remote_host` it runs on another machine."""

    name: str
    size: Count | None = None
    digest: str = ""
    details: Details = Details()
    capabilities: tuple[str, ...] | None = ()
    remote_host: str = ""


class Running(msgspec.Struct, frozen=True):
    """A model in memory; sizes in bytes as Ollama estimates them."""

    name: str
    digest: str = ""
    size: Count | None = None
    size_vram: Count = 0
    context_length: Count | None = None


class Shown(msgspec.Struct, frozen=True):
    """The answer of /api/show; arrays of `model_info` are null unless requested."""

    modelfile: str = ""
    parameters: str = ""
    template: str = ""
    system: str = ""
    details: Details = Details()
    model_info: dict[str, Any] = {}
    capabilities: tuple[str, ...] | None = ()


def lacks_arrays(shown: Shown) -> bool:
    """Check whether layers differ in their heads, which only the verbose answer describes."""
    key = f"{shown.model_info.get('general.architecture')}.attention.head_count_kv"
    return key in shown.model_info and shown.model_info[key] is None


class _Version(msgspec.Struct):
    version: Any


class _Models(msgspec.Struct):
    models: tuple[Tag, ...] | None = ()


class _Resident(msgspec.Struct):
    models: tuple[Running, ...] | None = ()


class Loading(msgspec.Struct):
    """The answer to an empty prompt; no known version has `load_duration`."""

    done_reason: str = ""
    load_duration: Count | None = None


class OllamaClient:
    """A client of the Ollama at `base`, over `http`.

    Every method raises `unreachable`, `timeout_connect`, `bad_output`, or the meaning of an error
    response. `odd` is called with the paths of fields of an unexpected type, which are skipped.
    """

    def __init__(
        self,
        base: str,
        http: "httpx.AsyncClient",
        odd: Callable[[Iterable[str]], None] = lambda paths: None,
    ) -> None:
        self.base = base
        self._http = http
        self._odd = odd

    async def version(self) -> str | None:
        """Return the version of the server, None if it reports none."""
        version = (await self._ask("GET", "/api/version", _Version)).version
        return version if isinstance(version, str) else None

    async def tags(self) -> tuple[Tag, ...]:
        """Return all models on disk."""
        return (await self._ask("GET", "/api/tags", _Models)).models or ()

    async def resident(self) -> tuple[Running, ...]:
        """Return all models in memory."""
        return (await self._ask("GET", "/api/ps", _Resident)).models or ()

    async def show(self, model: str, *, verbose: bool = False) -> Shown:
        """Return the description of a model; `verbose` includes arrays, which may be megabytes."""
        body = {"model": model, **({"verbose": True} if verbose else {})}
        return await self._ask("POST", "/api/show", Shown, body)

    async def shape(self, model: str) -> Shown | None:
        """Return a model with arrays if its layers differ; None if it has just been removed."""
        try:
            shown = await self.show(model)
            return await self.show(model, verbose=True) if lacks_arrays(shown) else shown
        except BenchraceError as error:
            if error.category is Category.MISSING_MODEL:
                return None
            raise

    async def unload(self, model: str) -> None:
        """Request to unload a model; answered before it has happened."""
        body = {"model": model, "keep_alive": 0, "stream": False}
        await self._ask("POST", "/api/generate", Loading, body)

    async def generate(self, body: dict[str, Any], limit_s: float) -> Loading:
        """Send an unmeasured request, and wait for its whole answer."""
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
            raise self._failure(Category.TIMEOUT_CONNECT, "does not answer in time") from error
        except (TimeoutError, httpx.TimeoutException) as error:
            raise self._failure(
                Category.TIMEOUT_FIRST, f"did not answer {path} within {limit_s:g} s"
            ) from error
        except httpx.RemoteProtocolError as error:
            # It accepted the request, so that only its response broke off.
            raise self._failure(
                Category.ENDED_EARLY, f"closed the connection while answering {path}: {error}"
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._failure(Category.UNREACHABLE, f"does not answer: {error}") from error
        if not 200 <= status < 300:
            raise refusal(status, data[:65_536].decode("utf-8", "replace"))
        return self._read(path, data, of)

    def _read(self, path: str, data: bytes, of: type[T]) -> T:
        odd: list[str] = []
        try:
            value = parse_json(data)
            if find_error(value) is not None:
                raise refusal(200, data[:65_536].decode("utf-8", "replace"))
            if isinstance(value, list):
                value = {"models": value}
            answer = to_struct(value, of, odd)
        except msgspec.MsgspecError as error:
            text = words(error_of(data[:4096].decode("utf-8", "replace")).message, 200)
            raise BenchraceError(
                Category.BAD_OUTPUT,
                f"unexpected answer from {self.base}{path}, unlike Ollama's ({error}): {text}",
                "Check that this is Ollama's address.",
            ) from error
        self._odd([f"{path} {name}" for name in odd])
        return answer

    async def _exchange(
        self, method: str, path: str, body: dict[str, Any] | None, limit_s: float
    ) -> tuple[int, bytes]:
        request = self._http.build_request(method, f"{self.base}{path}", json=body, timeout=limit_s)
        answer = await self._http.send(request, stream=True)
        try:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > _MAX_BYTES:
                    text = f"{self.base}{path} answers more than {_MAX_BYTES >> 20} MiB"
                    raise BenchraceError(Category.BAD_OUTPUT, text)
                parts.append(part)
            return answer.status_code, b"".join(parts)
        finally:
            await answer.aclose()

    def _failure(self, category: Category, what: str) -> BenchraceError:
        return BenchraceError(
            category,
            f"Ollama at {self.base} {what}",
            "Start it (ollama serve, or systemctl start ollama), or correct its address: "
            "ollama.base_url in agent.yaml, or OLLAMA_BASE_URL.",
        )
