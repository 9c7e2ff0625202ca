"""A small CA of one's own: a folder with its certificate, its key, and what it issued."""

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from benchrace import permissions
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.store import atomic
from benchrace.tls import certificate as certificates
from benchrace.tls import issuing
from benchrace.tls.identity import MACHINE, OPERATOR
from benchrace.tls.issuing import Issuer, Usage
from benchrace.tls.server import ServerTls, read, unusable

CA, CA_KEY = "ca.pem", "ca-key.pem"


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """The files of a certificate and its key, and those of the CA beside them."""

    certificate: Path
    key: Path
    ca: Path


class Authority:
    """The CA in a folder. Every method blocks."""

    def __init__(self, folder: Path) -> None:
        """Load the CA; raises `validation` for a folder without one."""
        self.folder = folder
        if not (folder / CA_KEY).exists():
            raise BenchraceError(
                Category.VALIDATION,
                f"no certificate authority (CA) in {folder}",
                "Create one with `benchrace tls init`, or choose its folder with --dir.",
            )
        certificate = certificates.load(folder / CA)[0]
        self._issuer = Issuer(certificate, _load_key(folder / CA_KEY))

    @classmethod
    def create(cls, folder: Path, name: str, now: datetime.datetime) -> "Authority":
        """Create the CA of a folder; raises `validation` where it has one."""
        _refuse_existing(folder / CA, folder / CA_KEY)
        _make_folder(folder)
        issuer = issuing.make_authority(name, now)
        atomic.write(folder / CA_KEY, issuing.key_pem(issuer.key))
        atomic.write(folder / CA, issuing.pem(issuer.certificate))
        return cls(folder)

    @staticmethod
    def files_in(folder: Path) -> ServerTls:
        """Return the files of central's certificate in a CA's folder."""
        return ServerTls(certificate=folder / "central.pem", key=folder / "central-key.pem")

    @property
    def central(self) -> ServerTls:
        """The files of central's certificate."""
        return self.files_in(self.folder)

    def issue_central(self, hosts: Sequence[str], now: datetime.datetime) -> ServerTls:
        """Issue central's certificate for host names and addresses; never overwrite one."""
        files = self.central
        names = [issuing.host_name(host) for host in hosts]
        self._issue(files.certificate, files.key, hosts[0], names, Usage.SERVER, now)
        return files

    def issue_agent(self, machine_id: str, now: datetime.datetime) -> Issued:
        """Issue the client certificate of a machine's agent, in a folder of its own."""
        return self._issue_client("agent", machine_id, MACHINE, now)

    def issue_operator(self, name: str, now: datetime.datetime) -> Issued:
        """Issue the client certificate of a person, in a folder of its own."""
        return self._issue_client("operator", name, OPERATOR, now)

    def refuse_operator(self, name: str) -> None:
        """Raise `validation` where a person has a certificate."""
        _refuse_existing(self.folder / "operators" / name)

    def pkcs12(self, issued: Issued, name: str, password: str) -> bytes:
        """Return a certificate with its key and CA as PKCS#12, which browsers import."""
        from cryptography.hazmat.primitives.serialization import pkcs12

        return pkcs12.serialize_key_and_certificates(
            name.encode(),
            _load_key(issued.key),
            certificates.load(issued.certificate)[0],
            [self._issuer.certificate],
            serialization.BestAvailableEncryption(password.encode()),
        )

    def issued_files(self) -> Iterator[Path]:
        """Yield the certificates that this folder has, central's first."""
        if self.central.certificate.exists():
            yield self.central.certificate
        for kind in ("agent", "operator"):
            yield from sorted(self.folder.glob(f"{kind}s/*/{kind}.pem"))

    def renew(self, path: Path, now: datetime.datetime) -> bool:
        """Issue a certificate again, with the same names and key; false for another CA's.

        Only its file is replaced, so that certificate and key fit at every moment.
        """
        old = certificates.load(path)[0]
        if not self._issuer.has_issued(old):
            return False
        atomic.write(path, self._with_chain(self._issuer.issue_again(old, now)))
        return True

    def _issue_client(self, kind: str, name: str, prefix: str, now: datetime.datetime) -> Issued:
        folder = self.folder / f"{kind}s" / name
        issued = Issued(
            certificate=folder / f"{kind}.pem",
            key=folder / f"{kind}-key.pem",
            ca=folder / CA,
        )
        names = [x509.UniformResourceIdentifier(prefix + name)]
        self._issue(issued.certificate, issued.key, name, names, Usage.CLIENT, now)
        atomic.write(issued.ca, issuing.pem(self._issuer.certificate))
        return issued

    def _issue(
        self,
        path: Path,
        key_path: Path,
        common_name: str,
        names: Sequence[x509.GeneralName],
        usage: Usage,
        now: datetime.datetime,
    ) -> None:
        _refuse_existing(path, key_path)
        key = issuing.make_key()
        signed = self._issuer.issue(common_name, names, usage, key.public_key(), now)
        _make_folder(path.parent)
        atomic.write(key_path, issuing.key_pem(key))
        atomic.write(path, self._with_chain(signed))

    def _with_chain(self, signed: x509.Certificate) -> bytes:
        """Return a certificate with the CA's below it: clients can then pin the CA."""
        return issuing.pem(signed) + issuing.pem(self._issuer.certificate)


def _load_key(path: Path) -> issuing.PrivateKey:
    try:
        key = serialization.load_pem_private_key(read(path).encode(), None)
    except (TypeError, ValueError) as error:
        raise unusable(path, "expected a private key in PEM without a password") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise unusable(path, "expected a key that `benchrace tls` created")
    return key


def _make_folder(folder: Path) -> None:
    try:
        permissions.make_folder(folder)
    except OSError as error:
        raise atomic.failure(folder, error) from error


def _refuse_existing(*paths: Path) -> None:
    for path in paths:
        if path.exists():
            raise InvalidInput(
                FieldError("", f"{path} already exists"),
                "For a new term: `benchrace tls renew`. For other names, remove that certificate "
                "and its key first. Another folder: --dir.",
            )
