"""Checks of `benchrace doctor`: certificates that expire soon, and on which side they are."""

from collections.abc import Iterator

from benchrace.cli.output.checks import Check
from benchrace.cli.service.settings import configured_central
from benchrace.cli.tls.listing import CertificateFile, certificate_files
from benchrace.config.paths import config_dir as config_folder
from benchrace.errors import BenchraceError
from benchrace.tls.certificate import WARN_DAYS, describe_der
from benchrace.tls.pinning import fetch_chain
from benchrace.tls.renewal import utc_now

_TIMEOUT_S = 3.0


def expiry_checks(config_dir: str | None) -> Iterator[Check]:
    """Check every certificate that this machine uses, and that of the central it joins."""
    folder = config_folder(config_dir) / "tls"
    for entry in (*certificate_files(folder, config_dir, utc_now()), *_remote(config_dir)):
        yield _check(entry)


def _check(entry: CertificateFile) -> Check:
    name = f"certificate of {entry.role}" if "certificate" not in entry.role else entry.role
    where = f": {entry.path}" if entry.path else ""
    if entry.certificate is None or entry.days_left is None:
        return Check(name=name, value=entry.problem or "unknown", remedy="Correct the file.")
    value = f"valid until {entry.certificate.not_after.date()}{where}"
    renew = "Renew it: `benchrace tls renew` where its CA is."
    if entry.days_left < 0:
        expired = f"expired on {entry.certificate.not_after.date()}{where}"
        return Check(name=name, value=expired, remedy=renew)
    if entry.days_left < WARN_DAYS:
        value += f" (only {entry.days_left} more days). {renew}"
    return Check(name=name, value=value)


def _remote(config_dir: str | None) -> Iterator[CertificateFile]:
    """Yield the certificate of the central that agent.yaml names, if it can be reached."""
    try:
        url = configured_central(config_dir)
        if url is None or not url.startswith("https:"):
            return
        certificate = describe_der(fetch_chain(url, _TIMEOUT_S)[0])
    except (BenchraceError, ValueError, IndexError):
        return
    days = certificate.days_left(utc_now())
    yield CertificateFile(role=f"central at {url}", certificate=certificate, days_left=days)
