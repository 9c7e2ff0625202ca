"""Building and signing X.509 certificates with elliptic-curve keys (P-256)."""

import datetime
import ipaddress
from collections.abc import Sequence
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_DAYS = 3650
# Browsers refuse longer ones.
LEAF_DAYS = 397
# Clocks of other machines may be late.
_BACKDATED = datetime.timedelta(hours=1)

PublicKey = ec.EllipticCurvePublicKey
PrivateKey = ec.EllipticCurvePrivateKey


class Usage(Enum):
    """The side of a connection that a certificate is for."""

    SERVER = ExtendedKeyUsageOID.SERVER_AUTH
    CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


class Issuer:
    """A CA's certificate and key, which sign other certificates."""

    def __init__(self, certificate: x509.Certificate, key: PrivateKey) -> None:
        self.certificate = certificate
        self.key = key

    def issue(
        self,
        common_name: str,
        names: Sequence[x509.GeneralName],
        usage: Usage,
        public_key: PublicKey,
        now: datetime.datetime,
    ) -> x509.Certificate:
        """Sign a certificate for 397 days, and for no longer than the CA's own."""
        begin = now - _BACKDATED
        end = min(begin + datetime.timedelta(days=LEAF_DAYS), self.certificate.not_valid_after_utc)
        authority = self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(authority.value)
        builder = (
            _builder(common_name, self.certificate.subject, public_key, begin, end)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage.value]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(identifier, critical=False)
        )
        return builder.sign(self.key, hashes.SHA256())

    def issue_again(
        self, certificate: x509.Certificate, now: datetime.datetime
    ) -> x509.Certificate:
        """Sign a certificate of this CA again, with the same names and key, for a new term."""
        find = certificate.extensions.get_extension_for_class
        usages = list(find(x509.ExtendedKeyUsage).value)
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise TypeError("expected a key of this CA's own kind")
        return self.issue(
            str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value),
            list(find(x509.SubjectAlternativeName).value),
            next(usage for usage in Usage if usage.value in usages),
            key,
            now,
        )

    def has_issued(self, certificate: x509.Certificate) -> bool:
        """Check whether this CA signed a certificate."""
        try:
            certificate.verify_directly_issued_by(self.certificate)
        except Exception:  # noqa: BLE001 - it raises what differs from algorithm to algorithm
            return False
        return True


def make_authority(common_name: str, now: datetime.datetime) -> Issuer:
    """Return a new CA with a certificate that it signed itself, for ten years."""
    key = make_key()
    begin = now - _BACKDATED
    end = begin + datetime.timedelta(days=CA_DAYS)
    name = _name(common_name)
    builder = (
        _builder(common_name, name, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(ca=True), critical=True)
    )
    return Issuer(builder.sign(key, hashes.SHA256()), key)


def make_key() -> PrivateKey:
    """Return a new private key."""
    return ec.generate_private_key(ec.SECP256R1())


def host_name(text: str) -> x509.GeneralName:
    """Return a host name or an address as a certificate has it."""
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate in PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key: PrivateKey) -> bytes:
    """Return a private key in PEM, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _builder(
    common_name: str,
    issuer: x509.Name,
    public_key: PublicKey,
    begin: datetime.datetime,
    end: datetime.datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    # The standard limits a common name to 64 characters; the alternative names have it whole.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _key_usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
