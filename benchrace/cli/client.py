"""The command line's side of central's API: plain requests, and a run's log as it grows."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import msgspec

from benchrace.central.answers import CapabilityList, MachineAnswer, MachineList
from benchrace.cli.server_sent import Message, messages
from benchrace.errors import BenchraceError, Category, Failure
from benchrace.link.capabilities import Capabilities
from benchrace.run import document
from benchrace.run.document import RunDocument

_RETRY_S = (0.2, 0.5, 1, 2, 2, 2, 5, 5, 5, 5)


class Snapshot(NamedTuple):
    """The log was cut: what was read so far is void, start from `GET /api/runs/{id}`."""


class Lines(NamedTuple):
    """Event lines as they stand in the log, each with its newline."""

    data: bytes


class Client:
    """Speak to one central. Failures come as `BenchraceError`, as the server said them."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url = url.rstrip("/")
        headers = {"Accept-Encoding": "identity"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(base_url=self.url, headers=headers, timeout=30, trust_env=False)

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

    def machines(self) -> tuple[MachineAnswer, ...]:
        """GET the fleet."""
        return msgspec.convert(self.get("/api/machines"), MachineList).machines

    def capabilities(self, machine_id: str) -> Capabilities | None:
        """GET what a machine can do, None while its agent has not said."""
        known = msgspec.convert(self.get("/api/capabilities"), CapabilityList).machines
        return next((each for each in known if each.machine_id == machine_id), None)

    def document(self, run_id: str) -> RunDocument:
        """GET a run: its metadata, its lanes and what their rounds mean so far."""
        return document.decode(self._send("GET", f"/api/runs/{run_id}").content)

    def events(self, run_id: str) -> Iterator[Lines | Snapshot]:
        """Follow a run's log from its beginning to its end, over lost connections too."""
        last: str | None = None
        failures = 0
        while True:
            try:
                for message in self._stream(f"/api/runs/{run_id}/events", last):
                    failures = 0
                    last = message.id or last
                    if message.event == "end":
                        return
                    if message.event == "snapshot":
                        last = None
                        yield Snapshot()
                    elif message.data:
                        yield Lines(b"".join(line + b"\n" for line in message.data))
            except (httpx.TransportError, BenchraceError) as error:
                if isinstance(error, BenchraceError) and error.category is not Category.UNREACHABLE:
                    raise
                if failures >= len(_RETRY_S):
                    raise self._unreachable(error) from error
            time.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1

    def _stream(self, path: str, last: str | None) -> Iterator[Message]:
        headers = {"Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        with self._http.stream("GET", path, headers=headers) as answer:
            if answer.status_code >= 400:
                answer.read()
                raise _problem(answer)
            yield from messages(answer.iter_raw())

    def _call(self, method: str, path: str, **options: Any) -> Any:
        answer = self._send(method, path, **options)
        return msgspec.json.decode(answer.content) if answer.content else None

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if "content" in options else {}
        try:
            answer = self._http.request(method, path, headers=headers, **options)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if answer.status_code >= 400:
            raise _problem(answer)
        return answer

    def _unreachable(self, error: Exception) -> BenchraceError:
        return BenchraceError(
            Category.UNREACHABLE,
            f"no central answers at {self.url}: {error}",
            "Start one with `benchrace central`, or correct --central.",
        )


class _Problem(msgspec.Struct):
    error: Failure


def _problem(answer: httpx.Response) -> BenchraceError:
    """Read a refusal as the server said it; anything else by its status."""
    try:
        return BenchraceError.of(msgspec.json.decode(answer.content, type=_Problem).error)
    except msgspec.DecodeError:
        category = Category.UNREACHABLE if answer.status_code >= 500 else Category.SYSTEM
        return BenchraceError(category, f"{answer.request.url} answered {answer.status_code}")
