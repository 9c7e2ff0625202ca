"""What clients are told when TLS refuses them, on either side."""

import anyio
import msgspec
import pytest
from anyio import to_thread
from websockets.asyncio.client import connect

from benchrace.cli.connect.http import Http, TransportError
from benchrace.tls.trust import Trust
from benchrace.web.remote.link_tls import LinkTls
from benchrace.web.serving import listen
from tests.tls.certificates import Certificates, Served, serving


async def ask(served: Served, trust: Trust, method: str = "GET") -> str:
    """Send a request, and return the answer or what failed, with the remedy."""

    def request() -> str:
        http = Http(served.url, {}, trust)
        try:
            content = b"x" * 200_000 if method == "POST" else None
            return http.request(method, "/", content=content).content.decode()
        except TransportError as error:
            return f"{error}. {error.remedy}"
        finally:
            http.close()

    return await to_thread.run_sync(request)


async def test_a_client_that_trusts_the_ca_is_served(certificates: Certificates) -> None:
    async with serving(certificates.server) as served:
        assert await ask(served, certificates.trust()) == "ok"
        assert served.certificate is None


async def test_an_unknown_ca_is_named_with_how_to_trust_it(certificates: Certificates) -> None:
    async with serving(certificates.server) as served:
        words = await ask(served, Trust())
    assert f"127.0.0.1:{served.port} is not trusted: 'own CA' issued it" in words
    assert "--ca FILE, BENCHRACE_CA, or `central_ca` in agent.yaml" in words


async def test_another_name_is_answered_with_the_names_there_are(
    certificates: Certificates,
) -> None:
    async with serving(certificates.wrong_name) as served:
        words = await ask(served, certificates.trust())
    assert f"the certificate of 127.0.0.1:{served.port} is for bench.example" in words


async def test_an_expired_certificate_says_when(certificates: Certificates) -> None:
    async with serving(certificates.expired_server) as served:
        words = await ask(served, certificates.trust())
    assert f"the certificate of 127.0.0.1:{served.port} expired on 20" in words
    assert "benchrace tls renew" in words


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_client_without_a_certificate_learns_that_it_needs_one(
    certificates: Certificates, method: str
) -> None:
    async with serving(certificates.demanding) as served:
        words = await ask(served, certificates.trust(), method)
        assert f"127.0.0.1:{served.port} requires a client certificate" in words
        assert "`client_cert` and `client_key` in agent.yaml" in words
        assert served.certificate is None


async def test_client_certificates_are_told_apart(certificates: Certificates) -> None:
    async with serving(certificates.demanding) as served:
        assert await ask(served, certificates.trust(certificates.agent)) == "ok"
        assert served.certificate is not None
        foreign = await ask(served, certificates.trust(certificates.foreign))
        assert "it is not of a CA that this server accepts" in foreign
        assert str(certificates.foreign.certificate) in foreign
        assert "it has expired" in await ask(served, certificates.trust(certificates.expired))
        server = certificates.server
        trust = Trust(ca=certificates.ca, certificate=server.certificate, key=server.key)
        # A server certificate does not identify a client, even if the same CA issued it.
        assert "refused the client certificate" in await ask(served, trust)


async def test_https_to_a_server_without_tls_is_named() -> None:
    with listen("127.0.0.1", 0).sock as plain:
        plain.setblocking(True)

        def speak() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        def request() -> str:
            http = Http(f"https://127.0.0.1:{plain.getsockname()[1]}", {})
            with pytest.raises(TransportError) as caught:
                http.request("GET", "/")
            return str(caught.value)

        async with anyio.create_task_group() as group:
            group.start_soon(to_thread.run_sync, speak)
            assert "uses http, not https" in await to_thread.run_sync(request)


async def test_the_link_says_what_the_agent_lacks(certificates: Certificates) -> None:
    async def link(served: Served, trust: Trust) -> str:
        tls = LinkTls(served.url, trust, certificates.ca.parent / "central.json")
        context = await to_thread.run_sync(tls.context)
        try:
            address = served.url.replace("https", "wss")
            async with connect(address, ssl=context, proxy=None) as socket:
                return str(await socket.recv())
        except Exception as error:  # noqa: BLE001 - whatever it is, it must be explained
            return str(await to_thread.run_sync(tls.explain, error))

    async with serving(certificates.demanding) as served:
        assert await link(served, certificates.trust(certificates.agent)) == "ok"
        lacking = await link(served, certificates.trust())
        assert lacking.startswith("refused: ")
        assert "requires a client certificate. Have one issued" in lacking
        assert "it has expired" in await link(served, certificates.trust(certificates.expired))
        assert "'own CA' issued it" in await link(served, Trust())


async def test_a_server_of_this_machine_is_trusted_by_its_record(
    certificates: Certificates,
) -> None:
    async with serving(certificates.wrong_name) as served:
        record = {"url": served.url, "certificate": served.context.certificate}
        folder = certificates.ca.parent
        (folder / "central.json").write_bytes(msgspec.json.encode(record))
        context = await to_thread.run_sync(
            LinkTls(served.url, Trust(), folder / "central.json").context
        )
        address = served.url.replace("https", "wss")
        async with connect(address, ssl=context, proxy=None) as socket:
            assert await socket.recv() == "ok"
        (folder / "central.json").unlink()
