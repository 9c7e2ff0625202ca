"""The command line's side of central's API."""

from collections.abc import Iterator
from typing import Any, TypeVar

import httpx
import msgspec

from benchrace.central.answers import CapabilityList, MachineAnswer, MachineList
from benchrace.cli.server_sent import Message, messages
from benchrace.errors import BenchraceError, Category, Failure, FieldError, InvalidInput
from benchrace.link.capabilities import Capabilities
from benchrace.run import document
from benchrace.run.document import RunDocument
from benchrace.run.states import RunState

T = TypeVar("T")
# A submitted run is checked on its machines before the answer comes.
_TIMEOUT = httpx.Timeout(30, read=120)
_NO_CENTRAL = "Start one with `benchrace central`, or correct --central."


class Queued(msgspec.Struct, frozen=True):
    """Where a run stands; `queue_position` is null for one that does not wait for others."""

    state: RunState
    queue_position: int | None = None


class Client:
    """Speak to one central. Failures come as `BenchraceError`, as the server said them."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._http = httpx.Client(
                base_url=self.url, headers=headers, timeout=_TIMEOUT, trust_env=False
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            what = f"{url[:200]!r} is no address: {error}"
            raise InvalidInput(FieldError("--central", what)) from error

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        """GET and decode JSON."""
        return self._call("GET", path, params={k: v for k, v in params.items() if v is not None})

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """POST JSON and decode the JSON answer."""
        return self._call("POST", path, content=msgspec.json.encode(body), params=params)

    def delete(self, path: str) -> Any:
        """DELETE and decode the JSON answer."""
        return self._call("DELETE", path)

    def fleet(self) -> MachineList:
        """GET the fleet, with the agents that are refused."""
        return self._as(MachineList, self.get("/api/machines"))

    def machines(self) -> tuple[MachineAnswer, ...]:
        """GET the machines of the fleet."""
        return self.fleet().machines

    def capabilities(self, machine_id: str) -> Capabilities | None:
        """GET what a machine can do, None while its agent has not said."""
        known = self._as(CapabilityList, self.get("/api/capabilities")).machines
        return next((each for each in known if each.machine_id == machine_id), None)

    def data(self, path: str) -> bytes:
        """GET a file as it is."""
        return self._send("GET", path).content

    def document(self, run_id: str) -> RunDocument:
        """GET a run: its metadata, its lanes and what their rounds mean so far."""
        return document.decode(self._send("GET", f"/api/runs/{run_id}").content)

    def queue(self, run_id: str) -> Queued:
        """GET whether a run has begun, and its place among those that wait."""
        return self._as(Queued, self.get(f"/api/runs/{run_id}"))

    def stream(self, path: str, last: str | None) -> Iterator[Message]:
        """Read server-sent events until the connection ends; raises `httpx.TransportError`."""
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        with self._http.stream("GET", path, headers=headers) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _problem(answer)
            if answer.status_code == 204:
                # Who comes back with all of a log that is closed is told no more.
                yield Message("end", None, ())
            yield from messages(answer.iter_raw())

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._send(method, path, **options)
        try:
            return msgspec.json.decode(answer.content) if answer.content else None
        except msgspec.DecodeError as error:
            raise self._stranger(error) from error

    def _as(self, kind: type[T], value: Any) -> T:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self._stranger(error) from error

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if "content" in options else {}
        try:
            answer = self._http.request(method, path, headers=headers, **options)
        except httpx.TransportError as error:
            raise self.unreachable(error) from error
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer

    def _stranger(self, error: Exception) -> BenchraceError:
        return BenchraceError(
            Category.SYSTEM,
            f"what answers at {self.url} does not speak as a central does: {error}",
            "Correct --central, or let both have the same version of benchrace.",
        )

    def unreachable(self, error: Exception) -> BenchraceError:
        """Say that central does not answer."""
        return BenchraceError(
            Category.UNREACHABLE,
            f"no central answers at {self.url}: {error}",
            _NO_CENTRAL,
        )


class _Problem(msgspec.Struct):
    error: Failure


def _problem(answer: httpx.Response) -> BenchraceError:
    """Read a refusal as the server said it; anything else by its status."""
    try:
        return BenchraceError.of(msgspec.json.decode(answer.content, type=_Problem).error)
    except msgspec.DecodeError:
        asked = answer.request.url
        if answer.status_code >= 500:
            return BenchraceError(Category.UNREACHABLE, f"{asked} answered {answer.status_code}")
        where = f"{asked.scheme}://{asked.netloc.decode('ascii', 'replace')}"
        return BenchraceError(
            Category.SYSTEM,
            f"no central answers at {where}: {asked.path} answered {answer.status_code}",
            _NO_CENTRAL,
        )
