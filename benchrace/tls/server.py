"""A server's certificate as a TLS context, loaded again when its files change."""

import hashlib
import ssl
from pathlib import Path

import msgspec

from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.tls.alerts import AlertingContext

_PEM_END = "-----END CERTIFICATE-----"


class ServerTls(msgspec.Struct, frozen=True, kw_only=True):
    """The PEM files of a server: its certificate with what leads to its CA, and its key.

    With `client_ca` every client must present a certificate of that CA.
    """

    certificate: Path
    key: Path
    client_ca: Path | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that are read."""
        named = (self.certificate, self.key, self.client_ca)
        return tuple(path for path in named if path is not None)


def server_tls(certificate: str | None, key: str | None, client_ca: str | None) -> ServerTls | None:
    """Return the files of options or of a configuration file; raises InvalidInput for half a pair.

    None where no TLS is configured.
    """
    if certificate is None or key is None:
        if certificate or key or client_ca:
            missing = "--tls-key" if certificate else "--tls-cert"
            raise InvalidInput(
                FieldError(missing, "a certificate and its key are both required for TLS"),
                "Give both --tls-cert and --tls-key, or neither.",
            )
        return None
    return ServerTls(
        certificate=_absolute(certificate),
        key=_absolute(key),
        client_ca=_absolute(client_ca) if client_ca else None,
    )


class ServerContext:
    """The current context of a server; connections that are open keep theirs."""

    def __init__(self, files: ServerTls) -> None:
        """Load the files. Blocks; raises BenchraceError for one that cannot be used."""
        self.files = files
        self._digest = _digest(files)
        self.current = _load(files)

    @property
    def certificate(self) -> str:
        """The server's own certificate in PEM, without those of its CAs. Blocks."""
        first, _, _ = read(self.files.certificate).partition(_PEM_END)
        return f"{first[first.find('-----BEGIN') :]}{_PEM_END}\n"

    def refresh(self) -> bool:
        """Load files that have changed, and return whether they had. Blocks.

        Raises BenchraceError where they cannot be used; the context then stays as it was.
        """
        digest = _digest(self.files)
        if digest == self._digest:
            return False
        self.current = _load(self.files)
        self._digest = digest
        return True


def read(path: Path) -> str:
    """Read a PEM file; raises BenchraceError with its path."""
    try:
        # Comments between the certificates may be in any encoding.
        return path.read_bytes().decode("ascii", "ignore")
    except OSError as error:
        raise unusable(path, error.strerror or str(error)) from error


def unusable(path: Path, why: str) -> BenchraceError:
    """Return the error of a certificate or key file."""
    return BenchraceError(
        Category.VALIDATION,
        f"cannot use {path}: {why}",
        "Correct the path or the file; `benchrace tls init` creates certificates.",
    )


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path | None) -> None:
    """Load a certificate and its key; raises BenchraceError with the file that is at fault.

    Without `key`, the key is in the file of the certificate.
    """
    read(certificate)
    if key is not None:
        read(key)

    def refuse_password() -> str:
        raise unusable(key or certificate, "the key is encrypted; store it without a password")

    try:
        context.load_cert_chain(certificate, key, refuse_password)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            message = f"it is not the key of {certificate}"
            raise unusable(key or certificate, message) from error
        where = f"{certificate} and {key}" if key else str(certificate)
        raise BenchraceError(
            Category.VALIDATION,
            f"cannot use {where}: expected a certificate and its key, both in PEM",
            "Correct the files; `benchrace tls init` creates certificates.",
        ) from error


def load_authorities(context: ssl.SSLContext, path: Path) -> None:
    """Trust the CA certificates of a PEM file; raises BenchraceError."""
    try:
        context.load_verify_locations(cadata=read(path))
    except (ssl.SSLError, ValueError) as error:
        raise unusable(path, "expected CA certificates in PEM") from error


def _load(files: ServerTls) -> ssl.SSLContext:
    context = AlertingContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # HTTP/2 would put any number of requests on one connection, which is what limits count.
    context.set_alpn_protocols(["http/1.1"])
    load_pair(context, files.certificate, files.key)
    if files.client_ca is not None:
        load_authorities(context, files.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _absolute(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _digest(files: ServerTls) -> bytes:
    return hashlib.sha256("\n".join(read(path) for path in files.paths).encode()).digest()
