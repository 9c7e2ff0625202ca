"""A server's certificate is renewed before it expires, and loaded without a restart."""

import datetime
import logging
import shutil
import ssl
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from benchrace.errors import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from benchrace.tls import renewal as renewals
from benchrace.tls.authority import CA_KEY, Authority
from benchrace.tls.certificate import describe_der, describe_file
from benchrace.tls.pinning import fetch_chain, sha256_of
from benchrace.tls.renewal import Renewal
from benchrace.tls.server import ServerContext, ServerTls
from tests.tls.certificates import NOW, Certificates, serving

DAY = datetime.timedelta(days=1)


@pytest.fixture
def files(tmp_path: Path, certificates: Certificates) -> ServerTls:
    """Return a copy of the CA and its server that a test may change."""
    folder = tmp_path / "tls"
    shutil.copytree(certificates.authority.folder, folder)
    return Authority(folder).central


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime.datetime:
        return self.now


async def test_the_last_third_renews_and_new_connections_get_it(files: ServerTls) -> None:
    before = describe_file(files.certificate)
    key = files.key.read_bytes()
    clock = Clock()
    async with serving(files) as served:
        renewal = Renewal(served.context, clock)
        clock.now = NOW + 260 * DAY
        assert not renewal.check()
        clock.now = NOW + 270 * DAY
        assert renewal.check()
        assert not renewal.check()
        sent = describe_der((await to_thread.run_sync(fetch_chain, served.url))[0])
    assert sent.not_after - before.not_after == 270 * DAY
    assert (sent.names, sent.issuer) == (before.names, "own CA")
    assert files.key.read_bytes() == key
    assert files.certificate.stat().st_mode & 0o777 == 0o600


def test_files_that_others_replace_are_loaded(files: ServerTls, certificates: Certificates) -> None:
    context = ServerContext(files)
    renewal = Renewal(context, Clock())
    assert not renewal.check()
    shutil.copy(certificates.wrong_name.key, files.key)
    assert not renewal.check()  # A key without its certificate: the old pair goes on.
    shutil.copy(certificates.wrong_name.certificate, files.certificate)
    first = context.current
    assert renewal.check()
    assert context.current is not first
    assert sha256_of(ssl.PEM_cert_to_DER_cert(context.certificate)) == (
        describe_file(certificates.wrong_name.certificate).sha256
    )


def test_without_the_cas_key_the_log_warns_once_a_day(
    files: ServerTls, caplog: pytest.LogCaptureFixture
) -> None:
    (files.certificate.parent / CA_KEY).unlink()
    clock = Clock()
    renewal = Renewal(ServerContext(files), clock)
    with caplog.at_level(logging.WARNING):
        clock.now = NOW + 300 * DAY
        assert not renewal.check()
        assert not caplog.records
        clock.now = NOW + 380 * DAY
        renewal.check()
        renewal.check()
        assert len(caplog.records) == 1
        assert "expires on" in caplog.text
        clock.now += 2 * DAY
        renewal.check()
        assert len(caplog.records) == 2


def test_unusable_files_are_named(files: ServerTls, certificates: Certificates) -> None:
    shutil.copy(certificates.agent.key, files.key)
    with pytest.raises(BenchraceError, match=r"central-key\.pem: it is not the key of"):
        ServerContext(files)
    files.key.write_text("no key")
    with pytest.raises(BenchraceError, match="expected a certificate and its key"):
        ServerContext(files)
    files.key.unlink()
    with pytest.raises(BenchraceError, match=r"central-key\.pem: No such file"):
        ServerContext(files)


async def test_a_disk_that_refuses_the_record_ends_nothing(
    files: ServerTls, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewals, "EVERY_S", 0.0)
    monkeypatch.setattr(renewals.Renewal, "check", lambda _: not calls)
    calls: list[bool] = []
    written = anyio.Event()

    async def changed() -> None:
        calls.append(True)
        if len(calls) == 1:
            raise BenchraceError(Category.DISK_FULL, "no space left")
        written.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(renewals.renew, ServerContext(files), changed)
        with anyio.fail_after(HANG_S):
            await written.wait()
        tasks.cancel_scope.cancel()
    assert len(calls) == 2
