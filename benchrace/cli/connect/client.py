"""The command line's side of central's API."""

import os
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec

from benchrace import structs
from benchrace.api.errors import ProblemAnswer
from benchrace.api.machines import (
    CapabilitiesAnswer,
    CapabilityList,
    MachineAnswer,
    MachineList,
)
from benchrace.cli.connect.http import NO_TRUST, Http, Response, TransportError
from benchrace.cli.connect.sse import Message, messages
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.redaction import without_user
from benchrace.run import document
from benchrace.run.document import RunDocument
from benchrace.run.states import RunState
from benchrace.tls.trust import Trust, configured_trust, trust_of

T = TypeVar("T")
_NO_CENTRAL = "Start one with `benchrace central`, or correct --central."


class QueueStatus(msgspec.Struct, frozen=True):
    """A run's place in the queue; `queue_position` is null for one that does not wait."""

    state: RunState
    queue_position: int | None = None


class Client:
    """A client of one central. Failures are raised as `BenchraceError`, as the server sent them.

    `url` is for display: it lacks the user and password of the address. `certificate` is the
    server's own, in PEM, for one whose record has it; otherwise `trust`, or without it `--ca`, the
    environment, `agent.yaml` and what joining stored say whom to trust. `limit_s` limits each wait
    for the server, in seconds, where the usual limits are too long.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        certificate: str | None = None,
        trust: Trust | None = None,
        limit_s: float | None = None,
    ) -> None:
        self.url = without_user(url.rstrip("/"))
        headers = {"Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._http = Http(url.rstrip("/"), headers, trust or _trust(url, certificate), limit_s)
        except ValueError as error:
            what = f"invalid address {url[:200]!r}: {error}"
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

    def patch(self, path: str, body: Any) -> Any:
        """PATCH JSON and decode the JSON answer."""
        return self._call("PATCH", path, content=msgspec.json.encode(body))

    def put(self, path: str, body: Any) -> Any:
        """PUT JSON and decode the JSON answer."""
        return self._call("PUT", path, content=msgspec.json.encode(body))

    def delete(self, path: str) -> Any:
        """DELETE and decode the JSON answer."""
        return self._call("DELETE", path)

    def fleet(self) -> MachineList:
        """GET the fleet, with the agents that are refused."""
        return self.convert(self.get("/api/machines"), MachineList)

    def machines(self) -> tuple[MachineAnswer, ...]:
        """GET the machines of the fleet."""
        return self.fleet().machines

    def capabilities(self, machine_id: str) -> CapabilitiesAnswer | None:
        """GET the capabilities of a machine, None until its agent has reported them."""
        machines = self.convert(self.get("/api/capabilities"), CapabilityList).machines
        return next((machine for machine in machines if machine.machine_id == machine_id), None)

    def data(self, path: str) -> bytes:
        """GET a file as it is."""
        return self._send("GET", path).content

    def document(self, run_id: str) -> RunDocument:
        """GET a run: its metadata, its lanes and what their rounds mean so far."""
        return document.decode(self._send("GET", f"/api/runs/{run_id}").content)

    def queue(self, run_id: str) -> QueueStatus:
        """GET a run's state and its place in the queue."""
        return self.convert(self.get(f"/api/runs/{run_id}"), QueueStatus)

    def stream(self, path: str, last: str | None) -> Iterator[Message]:
        """Read server-sent events until the connection ends; raises `TransportError`."""
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        with self._http.stream(path, headers) as answer:
            if answer.head.status >= 300:
                raise _problem(answer.head._replace(content=b"".join(answer.chunks)))
            if answer.head.status == 204:
                # The client already has all of a closed log: nothing follows.
                yield Message("end", None, ())
            yield from messages(answer.chunks)

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._send(method, path, **options)
        try:
            return msgspec.json.decode(answer.content) if answer.content else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._not_central(error) from error

    def convert(self, value: Any, kind: type[T]) -> T:
        """Convert an answer; raises `system` where it is not a central's."""
        try:
            return structs.convert(value, kind)
        except msgspec.ValidationError as error:
            raise self._not_central(error) from error

    def _send(self, method: str, path: str, **options: Any) -> Response:
        try:
            answer = self._http.request(method, path, **options)
        except TransportError as error:
            raise self.unreachable(error) from error
        if answer.status >= 300:
            raise _problem(answer)
        return answer

    def _not_central(self, error: Exception) -> BenchraceError:
        return BenchraceError(
            Category.SYSTEM,
            f"the server at {self.url} is not a benchrace central: {error}",
            "Correct --central, or use the same version of benchrace on both sides.",
        )

    def unreachable(self, error: Exception) -> BenchraceError:
        """Return the error of a central that does not answer."""
        remedy = error.remedy if isinstance(error, TransportError) else None
        message = f"no central answers at {self.url}: {error}" if remedy is None else str(error)
        return BenchraceError(Category.UNREACHABLE, message, remedy or _NO_CENTRAL)


def _trust(url: str, certificate: str | None = None) -> Trust:
    """Return whom to trust; a plain HTTP server needs no certificate, and reads no file."""
    if not url.lower().startswith("https:"):
        return NO_TRUST
    from benchrace.cli.service.settings import agent_file

    configured = configured_trust(agent_file(None), url)
    return trust_of(os.environ, configured).pinned(certificate)


def _problem(answer: Response) -> BenchraceError:
    """Return the error that the server sent, or describe the answer by its status."""
    if answer.status < 400:
        return _redirected(answer)
    try:
        return BenchraceError.of(structs.decode(answer.content, ProblemAnswer).error)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        if answer.status >= 500:
            what = f"{answer.origin}{answer.path} answered {answer.status}"
            return BenchraceError(Category.UNREACHABLE, what)
        return BenchraceError(
            Category.SYSTEM,
            f"no central answers at {answer.origin}: {answer.path} answered {answer.status}",
            _NO_CENTRAL,
        )


def _redirected(answer: Response) -> BenchraceError:
    """Refuse a redirect: the token is for the server that was named, and for no other."""
    target = answer.location[:200]
    return BenchraceError(
        Category.SYSTEM,
        f"{answer.origin} redirects {answer.path} to {target!r} "
        f"({answer.status}); redirects are not followed",
        "Use central's own address with --central; a proxy in front of it must forward requests.",
    )
