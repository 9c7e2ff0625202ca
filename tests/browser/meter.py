"""What a tab's requests take on the wire, as the browser's own network layer counts it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import anyio
from playwright.async_api import Page

from benchrace.testing.limits import HANG_S


@dataclass
class Request:
    """One request; `size` has the answer's head and its encoded body, so far."""

    path: str = ""
    size: int = 0
    status: int | None = None
    encoding: str = ""
    type: str = ""


class Meter:
    """Counts from `on` until the tab closes; begin before the first page is opened."""

    def __init__(self) -> None:
        self.requests: dict[str, Request] = {}
        self._changed = anyio.Event()

    @classmethod
    async def on(cls, page: Page) -> Self:
        """Attach to a tab."""
        meter = cls()
        cdp = await page.context.new_cdp_session(page)
        cdp.on("Network.requestWillBeSent", meter._sent)
        cdp.on("Network.responseReceivedExtraInfo", meter._answered)
        cdp.on("Network.responseReceived", meter._head)
        cdp.on("Network.dataReceived", meter._data)
        cdp.on("Network.loadingFinished", meter._finished)
        await cdp.send("Network.enable")
        return meter

    @property
    def total(self) -> int:
        """All bytes so far."""
        return sum(request.size for request in self.requests.values())

    def of(self, path: str) -> list[Request]:
        """Return the requests of one path, without their query, in the order of their sending."""
        return [one for one in self.requests.values() if urlsplit(one.path).path == path]

    async def sent(self, path: str, count: int) -> None:
        """Wait until so many requests of a path were sent."""
        await self._until(lambda: len(self.of(path)) >= count)

    async def answers(self, path: str) -> list[Request]:
        """Return the requests of a path once the answers to all of them are known.

        The browser tells of a request, of its answer, and of both as they were on the wire from
        processes of its own, in any order.
        """
        await self._until(lambda: all(request.status for request in self.of(path)))
        return self.of(path)

    async def _until(self, done: Callable[[], bool]) -> None:
        with anyio.fail_after(HANG_S):
            while not done():
                self._changed = anyio.Event()
                await self._changed.wait()

    def _request(self, event: dict[str, Any]) -> Request:
        self._changed.set()
        return self.requests.setdefault(event["requestId"], Request())

    def table(self) -> str:
        """Format the requests, one a line, for who wants to know why a page is heavy."""
        lines = (
            f"{one.size:9,} {one.status} {one.encoding or '-':5} {one.path}"
            for one in self.requests.values()
        )
        return "\n".join(lines)

    def _sent(self, event: dict[str, Any]) -> None:
        parts = urlsplit(event["request"]["url"])
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._request(event).path = path

    def _answered(self, event: dict[str, Any]) -> None:
        request = self._request(event)
        headers = {name.lower(): value for name, value in event["headers"].items()}
        request.status = event["statusCode"]
        request.encoding = headers.get("content-encoding", "")
        request.type = headers.get("content-type", "")

    def _head(self, event: dict[str, Any]) -> None:
        self._request(event).size = int(event["response"]["encodedDataLength"])

    def _data(self, event: dict[str, Any]) -> None:
        self._request(event).size += int(event["encodedDataLength"])

    def _finished(self, event: dict[str, Any]) -> None:
        self._request(event).size = int(event["encodedDataLength"])
