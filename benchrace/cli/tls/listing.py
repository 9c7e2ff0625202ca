"""The certificates that this machine's configuration uses, and those that its CA has issued."""

import datetime
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchrace.cli.service.settings import agent_file, central_config
from benchrace.errors import BenchraceError
from benchrace.tls.authority import CA, Authority
from benchrace.tls.certificate import Certificate, describe_file


class CertificateFile(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate file; `certificate` is null where it cannot be read, and `problem` says why."""

    role: str
    path: Path | None = None
    certificate: Certificate | None = None
    days_left: int | None = None
    problem: str | None = None


def certificate_files(
    folder: Path, config_dir: str | None, now: datetime.datetime
) -> Iterator[CertificateFile]:
    """Yield the certificates of a CA's folder, then those of the configuration files.

    A configuration file that is wrong is left out: `benchrace doctor` checks it.
    """
    seen = set()
    for role, path in (*_of_folder(folder), *_of_configuration(config_dir)):
        if path not in seen:
            seen.add(path)
            yield _read(role, path, now)


def _read(role: str, path: Path, now: datetime.datetime) -> CertificateFile:
    try:
        certificate = describe_file(path)
    except BenchraceError as error:
        return CertificateFile(role=role, path=path, problem=error.message)
    return CertificateFile(
        role=role, path=path, certificate=certificate, days_left=certificate.days_left(now)
    )


def _of_folder(folder: Path) -> Iterator[tuple[str, Path]]:
    try:
        authority = Authority(folder)
    except BenchraceError:
        return
    yield "CA", folder / CA
    for path in authority.issued_files():
        is_central = path.parent == folder
        yield "central" if is_central else f"{path.stem} {path.parent.name}", path


def _of_configuration(config_dir: str | None) -> Iterator[tuple[str, Path]]:
    try:
        central = central_config(config_dir)
    except BenchraceError:
        central = None
    try:
        agent = agent_file(config_dir).config
    except BenchraceError:
        agent = None
    named = [
        ("central", central and central.tls_cert),
        ("CA of clients of central", central and central.tls_client_ca),
        ("client certificate of this machine", agent and agent.client_cert),
        ("CA of central", agent and agent.central_ca),
        ("agent of this machine", agent and agent.tls_cert),
        ("CA of clients of this agent", agent and agent.tls_client_ca),
    ]
    yield from ((role, Path(text)) for role, text in named if text)
