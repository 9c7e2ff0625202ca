"""Send one control request to a server, which is never measured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.context import Context
from benchrace.plugin.lenient import parse_json
from benchrace.plugin.llm.chat_api.errors import redirected, refusal
from benchrace.plugin.llm.chat_api.remedies import Remedies

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 8 << 20
_TEXT_BYTES = 65_536


class Reply(msgspec.Struct, frozen=True):
    """A response; `data` is null if it is not JSON, `remedies` are those of its errors."""

    status: int
    text: str
    server: str
    remedies: Remedies
    data: Any = None
    location: str = ""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def failure(self) -> BenchraceError:
        """Return the meaning of an error response."""
        if 300 <= self.status < 400:
            return redirected(self.status, self.location, self.text, self.remedies)
        return refusal(self.status, self.text, self.remedies)


class ControlRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request, whose answer may take `timeout_s`; `label` names the server in errors."""

    label: str
    method: str
    url: str
    path: str
    timeout_s: float
    body: Any = None
    headers: Mapping[str, str] = {}


async def control(request: ControlRequest, context: Context, remedies: Remedies) -> Reply:
    """Send a request; raises `unreachable`, `timeout_connect` and others, but not for a status."""
    # The worker that describes plugins imports this module; it needs no HTTP client.
    import httpx

    label, path, timeout_s = request.label, request.path, request.timeout_s
    try:
        with anyio.fail_after(timeout_s):
            async with context.http.stream(
                request.method,
                request.url,
                headers=dict(request.headers),
                json=request.body,
                timeout=timeout_s,
            ) as response:
                data = await _capped(response)
    except httpx.ConnectTimeout as error:
        text = f"{label} did not accept a connection within {timeout_s:g} s"
        raise BenchraceError(Category.TIMEOUT_CONNECT, text) from error
    except (TimeoutError, httpx.TimeoutException) as error:
        text = f"{label} did not answer {path} within {timeout_s:g} s"
        remedy = "Check the engine's log: it accepted the connection and sent nothing."
        raise BenchraceError(Category.TIMEOUT_FIRST, text, remedy) from error
    except httpx.RemoteProtocolError as error:
        # It accepted the request, so that only its response broke off.
        text = f"{label} closed the connection while answering {path}: {error}"
        raise BenchraceError(Category.ENDED_EARLY, text) from error
    except (httpx.HTTPError, OSError) as error:
        text = f"{label} cannot be reached: {str(error) or type(error).__name__}"
        raise BenchraceError(Category.UNREACHABLE, text) from error
    return Reply(
        status=response.status_code,
        text=data[:_TEXT_BYTES].decode("utf-8", "replace"),
        server=response.headers.get("server", ""),
        data=_json(data),
        location=response.headers.get("location", ""),
        remedies=remedies,
    )


async def _capped(response: "httpx.Response") -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_BYTES:
            text = f"the answer of {response.url.path} is over the limit of {MAX_BYTES} bytes"
            raise BenchraceError(Category.BAD_OUTPUT, text)
        parts.append(part)
    return b"".join(parts)


def _json(data: bytes) -> Any:
    try:
        return parse_json(data)
    except msgspec.MsgspecError:
        return None
