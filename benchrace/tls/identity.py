"""The names in a client's certificate: which machine or operator it was issued to."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from benchrace.errors import BenchraceError, Category

MACHINE = "urn:benchrace:machine:"
OPERATOR = "urn:benchrace:operator:"
_ANY = "urn:benchrace:"

# A verified certificate as `ssl.SSLSocket.getpeercert` returns it.
PeerCertificate = Mapping[str, Any]


class LinkSecurity(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a link is encrypted; `certificate_expires_at` is in wall seconds.

    It is null where central requires no certificate. `local` says that the agent dialled from
    central's computer itself, and not through a proxy there.
    """

    tls: bool = False
    local: bool = False
    certificate_expires_at: float | None = None


def security(
    certificate: PeerCertificate | None, *, tls: bool, local: bool = False
) -> LinkSecurity:
    """Return the security of a link, with the certificate that its client presented."""
    # Commands that link to nothing need no TLS.
    from ssl import cert_time_to_seconds

    expiry = None if certificate is None else certificate.get("notAfter")
    expires_at = None if expiry is None else float(cert_time_to_seconds(expiry))
    return LinkSecurity(tls=tls, local=local, certificate_expires_at=expires_at)


def machines(certificate: PeerCertificate) -> tuple[str, ...]:
    """Return the machine IDs that a certificate is for.

    They are the URIs `urn:benchrace:machine:ID` among its alternative names. Where it has no URI
    of benchrace, as from the CA of an organisation, its common name counts.
    """
    alternative: Sequence[tuple[str, str]] = certificate.get("subjectAltName", ())
    ours = [value for kind, value in alternative if kind == "URI" and value.startswith(_ANY)]
    if ours:
        return tuple(uri.removeprefix(MACHINE) for uri in ours if uri.startswith(MACHINE))
    return tuple(
        value
        for attributes in certificate.get("subject", ())
        for kind, value in attributes
        if kind == "commonName"
    )


def check_machine(certificate: PeerCertificate | None, machine_id: str) -> None:
    """Raise `validation` where a certificate is for another machine; None is for any."""
    if certificate is None or machine_id in (names := machines(certificate)):
        return
    whose = ", ".join(names)[:200] or "no machine"
    raise BenchraceError(
        Category.VALIDATION,
        f"the client certificate is for {whose}, and the agent is {machine_id}",
        f"Give the agent its own certificate: `benchrace tls agent {machine_id}` on central.",
    )
