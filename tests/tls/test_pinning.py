"""A server's CA is recognised by its SHA-256, and then nothing else is trusted."""

import hashlib
import ssl
from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from benchrace.cli.connect.http import Http, TransportError
from benchrace.errors import BenchraceError
from benchrace.tls.pinning import fetch_chain, fetch_pinned, pin_of, sha256_of
from benchrace.tls.trust import Trust
from tests.tls.certificates import Certificates, serving


async def test_the_pin_of_a_server_is_that_of_its_ca(certificates: Certificates) -> None:
    ca = certificates.ca.read_text()
    pin = pin_of(certificates.demanding)
    assert pin is not None
    assert pin == hashlib.sha256(ssl.PEM_cert_to_DER_cert(ca)).hexdigest()
    # The chain is readable without a client certificate.
    async with serving(certificates.demanding) as served:
        chain = await to_thread.run_sync(fetch_chain, served.url)
        assert sha256_of(chain[-1]) == pin
        assert len(chain) == 2
        fetched = await to_thread.run_sync(fetch_pinned, served.url, f"SHA256:{pin.upper()}")
        assert ssl.PEM_cert_to_DER_cert(fetched) == ssl.PEM_cert_to_DER_cert(ca)


async def test_only_the_pinned_ca_is_trusted_and_its_names_count(
    certificates: Certificates,
) -> None:
    def request(url: str, trust: Trust) -> bytes:
        http = Http(url, {}, trust)
        try:
            return http.request("GET", "/").content
        finally:
            http.close()

    async with serving(certificates.server) as served:
        pin = pin_of(certificates.server)
        assert pin is not None
        pinned = await to_thread.run_sync(fetch_pinned, served.url, pin)
        assert await to_thread.run_sync(request, served.url, Trust(only=pinned)) == b"ok"
        other = (certificates.other.folder / "ca.pem").read_text()
        with pytest.raises(TransportError, match="is not the expected one"):
            await to_thread.run_sync(request, served.url, Trust(only=other))
    async with serving(certificates.wrong_name) as served:
        with pytest.raises(TransportError, match=r"is for bench\.example"):
            await to_thread.run_sync(request, served.url, Trust(only=pinned))


def test_a_file_without_its_ca_has_no_pin(certificates: Certificates, tmp_path: Path) -> None:
    own, end, _ = certificates.server.certificate.read_text().partition("-----END CERTIFICATE-----")
    alone = tmp_path / "alone.pem"
    alone.write_text(f"{own}{end}\n")
    assert pin_of(msgspec.structs.replace(certificates.server, certificate=alone)) is None


async def test_another_pin_is_refused(certificates: Certificates) -> None:
    async with serving(certificates.server) as served:
        with pytest.raises(BenchraceError, match="does not have the certificate") as caught:
            await to_thread.run_sync(fetch_pinned, served.url, "0" * 64)
    assert "Do not send it a token" in caught.value.remedy


def test_no_server_is_one_line() -> None:
    with pytest.raises(BenchraceError, match="no TLS server answers"):
        fetch_chain("https://127.0.0.1:1")
    with pytest.raises(ValueError, match="expected https"):
        fetch_chain("http://127.0.0.1:1")
