"""The page over HTTPS in a real browser: who is refused, who is let in, and what a cookie says."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Error, expect

from tests.browser.fleet import Fleet
from tests.browser.tab import open_tab
from tests.tls.certificates import Certificates, serving
from tests.tls.conftest import certificates

__all__ = ["certificates"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

OPERATOR = "the-operators-token"
# With TLS 1.3 the server refuses after the browser's handshake: the browser sees the reason, or
# that the connection is closed already.
REFUSED = "ERR_(BAD_SSL_CLIENT_AUTH_CERT|SOCKET_NOT_CONNECTED|CONNECTION_(RESET|CLOSED))"


class Secured(Fleet):
    """A fleet whose central has a certificate, and asks people for a token."""

    def __init__(self, folder: Path, certificates: Certificates) -> None:
        config = folder / "config"
        config.mkdir()
        files = certificates.server
        (config / "central.yaml").write_text(
            f"tls_cert: {files.certificate}\ntls_key: {files.key}\n"
            f"require_token: true\noperator_token: {OPERATOR}\n"
        )
        super().__init__(folder)
        self.env = {"BENCHRACE_CONFIG_DIR": str(config), "BENCHRACE_CA": str(certificates.ca)}
        self.http.headers["Authorization"] = f"Bearer {OPERATOR}"


@pytest.fixture(scope="module")
async def fleet(
    chromium: str, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> AsyncIterator[Fleet]:
    started = Secured(tmp_path_factory.mktemp("secured"), certificates)
    try:
        await started.start_central()
        yield started
    finally:
        await started.close()


async def test_a_browser_that_does_not_trust_the_ca_opens_nothing(
    browser: Browser, fleet: Fleet
) -> None:
    tab = await open_tab(browser, fleet.url)
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        await tab.page.goto(fleet.url)
    await tab.page.context.close()


async def test_the_page_works_over_https_and_its_cookie_is_secure(
    browser: Browser, fleet: Fleet
) -> None:
    tab = await open_tab(browser, fleet.url, ignore_https_errors=True)
    await tab.page.goto(fleet.url)
    await tab.page.get_by_label("Token").fill(OPERATOR)
    await tab.page.get_by_role("button", name="Log in", exact=True).click()
    await expect(tab.page.get_by_role("button", name="Log out")).to_be_visible()
    cookies = await tab.page.context.cookies()
    assert [(cookie["secure"], cookie["httpOnly"]) for cookie in cookies] == [(True, True)]
    await tab.page.context.close()


async def test_a_server_that_requires_certificates_lets_only_their_owners_in(
    browser: Browser, certificates: Certificates
) -> None:
    async with serving(certificates.demanding) as served:
        without = await open_tab(browser, served.url, ignore_https_errors=True)
        with pytest.raises(Error, match=REFUSED):
            await without.page.goto(served.url)
        await without.page.context.close()
        parts = urlsplit(served.url)
        presented = {
            "origin": f"{parts.scheme}://{parts.netloc}",
            "certPath": str(certificates.agent.certificate),
            "keyPath": str(certificates.agent.key),
        }
        owner = await open_tab(
            browser, served.url, ignore_https_errors=True, client_certificates=[presented]
        )
        answer = await owner.page.goto(served.url)
        assert answer is not None
        assert await answer.text() == "ok"
        assert served.certificate is not None
        await owner.page.context.close()


async def test_plain_http_in_a_browser_says_what_to_type(browser: Browser, fleet: Fleet) -> None:
    tab = await open_tab(browser, fleet.url)
    await tab.page.goto(fleet.url.replace("https", "http"))
    await expect(tab.page.get_by_text("Use https:// in its address.")).to_be_visible()
    await tab.page.context.close()
