"""Another site that has its visitors' browser ask central: it gets the page's shell alone."""

from collections.abc import AsyncIterator

import anyio
import pytest
from playwright.async_api import Browser

from tests.browser.fleet import Fleet

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PAGE = b"<!doctype html><title>Foreign</title><a href='%s/runs'>to the runs</a>"
COSTLY = (
    "/api/service/agent/status",
    "/api/services",
    "/api/runs",
    "/api/logs/central",
    "/metrics",
    "/openapi.json",
)
ASK = """async ([url, how]) => {
    if (how === "fetch") await fetch(url, { mode: "no-cors" }).catch(() => null);
    else await new Promise((over) => {
        const made = document.createElement(how);
        made.onload = made.onerror = over;
        made.src = url;
        document.body.append(made);
    });
}"""


@pytest.fixture
async def foreign(fleet: Fleet) -> AsyncIterator[str]:
    """Serve a page of another site, on a name and a port that are not central's."""

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            body = PAGE % fleet.url.encode()
            head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n"
            await stream.send(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        yield f"http://localhost:{port}"
        tasks.cancel_scope.cancel()
    await listener.aclose()


async def test_another_site_has_nothing_read(browser: Browser, fleet: Fleet, foreign: str) -> None:
    page = await browser.new_page()
    urls: dict[str, str] = {}
    answers: dict[str, int] = {}
    # What a browser keeps from the page it does not show as an answer either, but here.
    wire = await page.context.new_cdp_session(page)
    wire.on(
        "Network.requestWillBeSent", lambda e: urls.update({e["requestId"]: e["request"]["url"]})
    )
    wire.on(
        "Network.responseReceivedExtraInfo",
        lambda e: answers.update({e["requestId"]: e["statusCode"]}),
    )
    await wire.send("Network.enable")
    await page.goto(foreign)
    for path in COSTLY:
        for how in ("fetch", "img", "script", "iframe"):
            await page.evaluate(ASK, [f"{fleet.url}{path}?{how}", how])
    by_name = {urls[url]: status for url, status in answers.items() if url in urls}
    statuses = [status for url, status in by_name.items() if url.startswith(fleet.url)]
    assert statuses == [403] * len(COSTLY) * 4
    # A link to a page is a link.
    await page.get_by_role("link", name="to the runs").click()
    await page.get_by_role("heading", name="Runs", exact=True).wait_for()
    assert page.url == f"{fleet.url}/runs"
    await page.close()
