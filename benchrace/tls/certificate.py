"""What a certificate says: its names, its issuer, its expiry."""

import datetime
import ipaddress
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from benchrace.tls.pinning import sha256_of
from benchrace.tls.server import read, unusable

UTC = datetime.UTC
WARN_DAYS = 30


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """`names` are host names, addresses and URIs. Times are in UTC; `sha256` is the pin."""

    common_name: str
    names: tuple[str, ...]
    issuer: str
    not_before: datetime.datetime
    not_after: datetime.datetime
    sha256: str

    @property
    def dns_names(self) -> tuple[str, ...]:
        """The host names in lower case, without addresses."""
        names = (name for name in self.hosts if not _is_address(name))
        return tuple(name.lower() for name in names)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The host names and addresses, without URIs."""
        return tuple(name for name in self.names if not name.startswith(("urn:", "spiffe:")))

    def days_left(self, now: datetime.datetime) -> int:
        """Return the whole days until expiry, negative afterwards."""
        return (self.not_after - now).days

    def in_last_third(self, now: datetime.datetime) -> bool:
        """Check whether two thirds of its life are over, when it is time to renew it."""
        return self.not_after - now < (self.not_after - self.not_before) / 3


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def describe(certificate: x509.Certificate) -> Certificate:
    """Return what a certificate says."""
    from cryptography.hazmat.primitives.serialization import Encoding

    return Certificate(
        common_name=_common_name(certificate.subject),
        names=_names(certificate),
        issuer=_common_name(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=sha256_of(certificate.public_bytes(Encoding.DER)),
    )


def describe_der(data: bytes) -> Certificate:
    """Return what a certificate in DER says; raises ValueError."""
    return describe(x509.load_der_x509_certificate(data))


def load(path: Path) -> tuple[x509.Certificate, ...]:
    """Read the certificates of a PEM file, the first one first; raises BenchraceError."""
    try:
        certificates = x509.load_pem_x509_certificates(read(path).encode())
    except ValueError as error:
        raise unusable(path, "expected certificates in PEM") from error
    return tuple(certificates)


def describe_file(path: Path) -> Certificate:
    """Return what the first certificate of a PEM file says; raises BenchraceError."""
    return describe(load(path)[0])


def _common_name(name: x509.Name) -> str:
    attributes = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else name.rfc4514_string()


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    kinds = (x509.DNSName, x509.IPAddress, x509.UniformResourceIdentifier)
    return tuple(str(name.value) for name in extension.value if isinstance(name, kinds))
