"""Pins: the SHA-256 of a server's CA, by which a client recognises it without a file."""

import hashlib
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

from benchrace.errors import BenchraceError, Category
from benchrace.tls.server import ServerTls

_TIMEOUT_S = 10.0


def sha256_of(certificate: bytes) -> str:
    """Return the pin of a certificate in DER: its SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def pin_of(files: ServerTls) -> str | None:
    """Return the pin for an invitation: of the CA that the server sends. Blocks.

    None where it sends no CA that signed itself: an intermediate one would change. The file of
    `benchrace tls init` has the CA.
    """
    from benchrace.tls.certificate import describe, load

    last = load(files.certificate)[-1]
    return describe(last).sha256 if last.issuer == last.subject else None


def fetch_chain(url: str, timeout_s: float = _TIMEOUT_S) -> tuple[bytes, ...]:
    """Fetch the certificates in DER that a server sends, its own first, and trust none of them.

    Nothing is sent to it. Blocks; raises `unreachable` where no TLS server answers at `url`, and
    ValueError for an address that is none.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise ValueError("expected https://HOST:PORT")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    address = (parts.hostname, parts.port or 443)
    try:
        with (
            socket.create_connection(address, timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secure,
        ):
            return _sent_by(secure)
    except OSError as error:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no TLS server answers at {url[:200]}: {error}",
            "Correct the address, or start central with --tls-cert and --tls-key.",
        ) from error


def fetch_pinned(url: str, pin: str) -> str:
    """Fetch the certificate with this pin from a server, in PEM, for `Trust(only=...)`.

    Blocks; raises what `fetch_chain` raises, and `validation` where the server sends another one.
    """
    wanted = pin.strip().lower().removeprefix("sha256:").replace(":", "")
    for certificate in fetch_chain(url):
        if sha256_of(certificate) == wanted:
            return ssl.DER_cert_to_PEM_cert(certificate)
    raise BenchraceError(
        Category.VALIDATION,
        f"the server at {url[:200]} does not have the certificate that was expected ({pin[:80]})",
        "Do not send it a token. Ask for a new invitation, and check the address.",
    )


def _sent_by(secure: ssl.SSLSocket) -> tuple[bytes, ...]:
    # Public from Python 3.13 on.
    if (public := getattr(secure, "get_unverified_chain", None)) is not None:
        return tuple(public())
    inner: Any = getattr(secure, "_sslobj")  # noqa: B009
    pem = (certificate.public_bytes() for certificate in inner.get_unverified_chain())
    return tuple(ssl.PEM_cert_to_DER_cert(text) for text in pem)
