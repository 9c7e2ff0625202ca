"""A client for ComfyUI's HTTP routes."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, parse_json
from benchrace_comfyui.errors import LOG, node_reasons, refusal, rejected
from benchrace_comfyui.history import Finished, Image, finished
from benchrace_comfyui.values import mapping, sequence

if TYPE_CHECKING:
    import httpx

LIMIT_S = 10.0
_UPLOAD_S = 60.0
# An uncompressed image of 8192 x 8192 has 201 MB.
_MAX_BYTES = 256 << 20
_MAX_JSON = 64 << 20
_START = (
    "Start it (python main.py, in its folder), have the agent start it (comfyui.launch in "
    "agent.yaml), or correct its address: comfyui.base_url there, or COMFYUI_BASE_URL."
)
_RESTART = f"{LOG}, and restart it if it stays like this."


class Queued(NamedTuple):
    """A prompt in the queue, and the client that queued it."""

    prompt_id: str
    client_id: str = ""


class Queue(NamedTuple):
    """The prompts that run and that wait, the latter not in the order of their execution."""

    running: tuple[Queued, ...] = ()
    pending: tuple[Queued, ...] = ()

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(queued.prompt_id for queued in (*self.running, *self.pending))

    def only(self, wanted: Callable[[Queued], bool]) -> "Queue":
        """Return the queue without all others."""
        return Queue(tuple(filter(wanted, self.running)), tuple(filter(wanted, self.pending)))


class File(NamedTuple):
    """A file to upload, with the other fields of its form."""

    form: Mapping[str, str]
    name: str
    data: bytes

    @property
    def files(self) -> dict[str, tuple[str, bytes]]:
        """The part of the form that has it."""
        return {"image": (self.name, self.data)}


class NotRunning(BenchraceError):
    """The connection was refused: nothing listens there, so that nothing runs either."""


class Stats(msgspec.Struct, frozen=True):
    """The answer of /system_stats, with its parts as plain values."""

    system: dict[str, Any] = {}
    devices: tuple[dict[str, Any], ...] = ()


class ComfyClient:
    """A client of the ComfyUI at `base`, over `http`.

    Every method raises `unreachable`, `timeout_connect`, `timeout_first`, `ended_early`,
    `bad_output`, or the meaning of an error response.
    """

    def __init__(self, base: str, http: "httpx.AsyncClient") -> None:
        self.base = base
        self._http = http

    async def stats(self) -> Stats:
        """Return versions, start flags and devices."""
        answer = mapping(await self._json("GET", "/system_stats"))
        if "system" not in answer:
            raise self._foreign("/system_stats")
        devices = tuple(dict(mapping(device)) for device in sequence(answer.get("devices")))
        return Stats(system=dict(mapping(answer["system"])), devices=devices)

    async def object_info(self, node: str) -> Mapping[str, Any]:
        """Return the description of a node's class; empty if the server does not have it."""
        answer = mapping(await self._json("GET", f"/object_info/{quote(node, safe='')}"))
        return mapping(answer.get(node))

    async def queue(self, *, limit_s: float = LIMIT_S) -> Queue:
        """Return the prompts that run and that wait."""
        answer = mapping(await self._json("GET", "/queue", limit_s=limit_s))
        if "queue_running" not in answer:
            raise self._foreign("/queue")
        return Queue(_queued(answer.get("queue_running")), _queued(answer.get("queue_pending")))

    async def history(self, prompt_id: str, *, limit_s: float = LIMIT_S) -> Finished | None:
        """Return how a prompt ended; None while it waits or runs, and if it was lost."""
        answer = mapping(await self._json("GET", f"/history/{prompt_id}", limit_s=limit_s))
        entry = answer.get(prompt_id)
        return None if entry is None else finished(mapping(entry))

    async def post(
        self,
        graph: Mapping[str, Any],
        prompt_id: str,
        client_id: str,
        *,
        previews: bool = False,
    ) -> None:
        """Queue a graph under an ID of the client's own; raises `validation` if it is refused.

        A server accepts a graph of which an output is invalid, and runs the rest: that counts as
        refused, and the prompt has to be withdrawn. An error may also leave it in the queue.
        """
        body = {"prompt": graph, "prompt_id": prompt_id, "client_id": client_id}
        if previews:
            # Older versions ignore it: there, the server is started with --preview-method.
            body["extra_data"] = {"preview_method": "latent2rgb"}
        answer = mapping(await self._json("POST", "/prompt", body))
        answer_id = answer.get("prompt_id")
        if not isinstance(answer_id, str):
            raise self._foreign("/prompt")
        if answer_id != prompt_id:
            raise BenchraceError(
                Category.VALIDATION,
                "this ComfyUI does not take a prompt's ID from its client",
                "Update it: versions since July 2025 do.",
            )
        if reasons := node_reasons(answer.get("node_errors")):
            raise rejected(reasons)

    async def delete(self, prompt_id: str) -> None:
        """Take a waiting prompt off the queue; one that runs goes on."""
        await self._exchange("POST", "/queue", {"delete": [prompt_id]})

    async def interrupt(self, prompt_id: str) -> None:
        """Interrupt a prompt at its next step, if it is the one that runs."""
        await self._exchange("POST", "/interrupt", {"prompt_id": prompt_id})

    async def free(self) -> None:
        """Request to unload all models and to drop what is cached, once no prompt runs."""
        await self._exchange("POST", "/free", {"unload_models": True, "free_memory": True})

    async def upload(self, name: str, data: bytes, subfolder: str) -> None:
        """Add a file to the server's inputs; a name that it has already is overwritten."""
        form = {"subfolder": subfolder, "type": "input", "overwrite": "true"}
        file = File(form, name, data)
        answer = mapping(await self._json("POST", "/upload/image", file, limit_s=_UPLOAD_S))
        if answer.get("name") != name or answer.get("subfolder") != subfolder:
            raise self._foreign("/upload/image")

    async def view(self, image: Image, *, limit_s: float) -> tuple[str, bytes]:
        """Return the media type and the bytes of an image."""
        query = urlencode(
            {"filename": image.filename, "subfolder": image.subfolder, "type": image.type}
        )
        media_type, data = await self._exchange(
            "GET",
            f"/view?{query}",
            limit_s=limit_s,
            most=_MAX_BYTES,
            missing=BenchraceError(
                Category.BAD_OUTPUT,
                f"ComfyUI no longer has {image.filename}",
                "Let nothing delete its output folder while it measures.",
            ),
        )
        return media_type.partition(";")[0].strip() or "application/octet-stream", data

    async def _json(
        self, method: str, path: str, body: Any = None, *, limit_s: float = LIMIT_S
    ) -> Any:
        _, data = await self._exchange(method, path, body, limit_s=limit_s)
        try:
            return parse_json(data)
        except msgspec.MsgspecError as error:
            raise self._foreign(path) from error

    async def _exchange(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        limit_s: float = LIMIT_S,
        most: int = _MAX_JSON,
        missing: BenchraceError | None = None,
    ) -> tuple[str, bytes]:
        """Return the content type and the body; several of its answers have no body.

        Raises `missing` for a 404 where it is given.
        """
        import httpx

        try:
            with anyio.fail_after(limit_s):
                status, media_type, data = await self._read(method, path, body, limit_s, most)
        except httpx.ConnectTimeout as error:
            raise self._failure(
                Category.TIMEOUT_CONNECT, "does not answer in time", _START
            ) from error
        except (TimeoutError, httpx.TimeoutException) as error:
            text = f"did not answer {path.partition('?')[0]} within {limit_s:g} s"
            raise self._failure(Category.TIMEOUT_FIRST, text, _RESTART) from error
        except httpx.ConnectError as error:
            kind = NotRunning if _refused(error) else BenchraceError
            what = f"does not answer: {error}"
            raise self._failure(Category.UNREACHABLE, what, _START, kind) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            text = f"closed the connection: {str(error) or type(error).__name__}"
            raise self._failure(Category.ENDED_EARLY, text, _RESTART) from error
        if status == 404 and missing is not None:
            raise missing
        if not 200 <= status < 300:
            raise refusal(status, data[: 1 << 20])
        return media_type, data

    async def _read(
        self, method: str, path: str, body: Any, limit_s: float, most: int
    ) -> tuple[int, str, bytes]:
        is_file = isinstance(body, File)
        request = self._http.build_request(
            method,
            f"{self.base}{path}",
            json=None if is_file else body,
            data=body.form if is_file else None,
            files=body.files if is_file else None,
            timeout=limit_s,
        )
        answer = await self._http.send(request, stream=True)
        try:
            parts, size = [], 0
            async for part in answer.aiter_bytes():
                size += len(part)
                if size > most:
                    text = f"{self.base} answers more than {most >> 20} MiB to one request"
                    raise BenchraceError(Category.BAD_OUTPUT, text, "Choose a smaller size.")
                parts.append(part)
            return answer.status_code, answer.headers.get("Content-Type", ""), b"".join(parts)
        finally:
            await answer.aclose()

    def _foreign(self, path: str) -> BenchraceError:
        return BenchraceError(
            Category.BAD_OUTPUT,
            f"unexpected answer from {self.base}{path.partition('?')[0]}, unlike ComfyUI's",
            "Check that this is ComfyUI's address: comfyui.base_url in agent.yaml.",
        )

    def _failure(
        self,
        category: Category,
        what: str,
        remedy: str,
        kind: type[BenchraceError] = BenchraceError,
    ) -> BenchraceError:
        return kind(category, f"ComfyUI at {self.base} {what}", remedy)


def _refused(error: BaseException) -> bool:
    """Check whether a port refused the connection, by the causes of an error."""
    causes, seen = [error], set[int]()
    while causes:
        cause = causes.pop()
        if isinstance(cause, ConnectionRefusedError):
            return True
        # They may form a circle.
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        causes += [one for one in (cause.__cause__, cause.__context__) if one is not None]
        causes += cause.exceptions if isinstance(cause, BaseExceptionGroup) else ()
    return False


def _queued(entries: Any) -> tuple[Queued, ...]:
    """Read a list of `[number, id, graph, extra data, ...]`."""
    return tuple(
        Queued(str(row[1]), str(mapping(row[3]).get("client_id", "")) if len(row) > 3 else "")
        for row in map(sequence, sequence(entries))
        if len(row) > 1
    )
