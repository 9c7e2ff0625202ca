"""Why a connection with TLS failed, in words, with what to do about it."""

import socket
import ssl
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from benchrace.errors import BenchraceError
from benchrace.tls.pinning import fetch_chain
from benchrace.tls.trust import Trust

if TYPE_CHECKING:
    from benchrace.tls.certificate import Certificate

_TIMEOUT_S = 5.0
# Codes of OpenSSL (X509_V_ERR_*).
_NOT_YET, _EXPIRED = 9, 10
_WRONG_NAMES = frozenset((62, 64))
_NOT_TLS = frozenset(("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG"))
_MAX_NAMES = 12

_TRUST = (
    "Copy the CA's certificate (ca.pem) from central's machine, and name it with --ca FILE, "
    "BENCHRACE_CA, or `central_ca` in agent.yaml."
)
_PRESENT = (
    "Have one issued on central's machine (`benchrace tls agent ID` or `benchrace tls operator "
    "NAME`), and name it with --client-cert and --client-key, BENCHRACE_CLIENT_CERT and "
    "BENCHRACE_CLIENT_KEY, or `client_cert` and `client_key` in agent.yaml."
)


class Explanation(NamedTuple):
    """What failed, and what to do."""

    message: str
    remedy: str


def explain(error: BaseException, host: str, port: int, trust: Trust) -> Explanation | None:
    """Explain the failure of a connection to a server with TLS, None for one that is not TLS's.

    Blocks, for 10 s at most: the server may be asked once more, for what the error does not say.
    """
    cause = _ssl_error(error) or _reported_late(host, port, trust)
    if cause is None:
        return None
    where = f"{host}:{port}"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _unverified(cause, host, port, trust)
    reason = cause.reason or ""
    if reason in _NOT_TLS:
        return Explanation(
            f"{where} uses http, not https",
            "Use http:// in the address, or start central with --tls-cert and --tls-key.",
        )
    if "ALERT" in reason:
        return _refused(reason, where, trust)
    words = reason.lower().replace("_", " ") or str(cause)
    return Explanation(f"no TLS connection to {where}: {words}", "Check the log of that server.")


def _ssl_error(error: BaseException) -> ssl.SSLError | None:
    for link in _chain(error):
        if isinstance(link, ssl.SSLError) and not isinstance(link, ssl.SSLEOFError):
            return link
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    following: BaseException | None = error
    for _ in range(8):
        if following is None:
            return
        yield following
        following = following.__cause__ or following.__context__


def _reported_late(host: str, port: int, trust: Trust) -> ssl.SSLError | None:
    """Connect and read: a server refuses a client's certificate only after the handshake."""
    request = f"GET /health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    try:
        with (
            socket.create_connection((host, port), _TIMEOUT_S) as plain,
            trust.context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            secure.sendall(request.encode("ascii", "replace"))
            secure.recv(1)
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        return None
    except ssl.SSLError as error:
        return error
    except (OSError, BenchraceError):
        return None
    return None


def _unverified(
    error: ssl.SSLCertVerificationError, host: str, port: int, trust: Trust
) -> Explanation:
    sent = _sent(host, port)
    whose = f"the certificate of {host}:{port}"
    code = error.verify_code
    if code in _WRONG_NAMES:
        names = "other names" if sent is None else ", ".join(sent.hosts[:_MAX_NAMES])
        return Explanation(
            f"{whose} is for {names}",
            "Use one of these names in the address, or issue a certificate that has "
            f"{host}: `benchrace tls init --name {host}`.",
        )
    if code == _EXPIRED:
        when = "" if sent is None else f" on {sent.not_after.date()}"
        remedy = "Renew it on that machine (`benchrace tls renew`), and check this one's clock."
        return Explanation(f"{whose} expired{when}", remedy)
    if code == _NOT_YET:
        when = "later" if sent is None else str(sent.not_before)
        return Explanation(f"{whose} is valid from {when}", "Check the clocks of both machines.")
    if trust.only is not None:
        return Explanation(
            f"{whose} is not the expected one",
            "Check the address. If that server has a new CA, join it again with a new invitation; "
            "if it is on this machine, restart it.",
        )
    issuer = "" if sent is None else f": {sent.issuer[:100]!r} issued it"
    return Explanation(f"{whose} is not trusted{issuer}", _TRUST)


def _refused(reason: str, where: str, trust: Trust) -> Explanation:
    """Explain an alert of the server, which is about the client's certificate."""
    if trust.certificate is None:
        if "HANDSHAKE_FAILURE" in reason or "CERTIFICATE_REQUIRED" in reason:
            return Explanation(f"{where} requires a client certificate", _PRESENT)
        words = reason.lower().replace("_", " ")
        return Explanation(f"{where} refused the TLS connection: {words}", _PRESENT)
    why = "it is not of a CA that this server accepts"
    if "EXPIRED" in reason:
        why = "it has expired"
    elif "REVOKED" in reason:
        why = "it was revoked"
    return Explanation(
        f"{where} refused the client certificate {trust.certificate}: {why}", _PRESENT
    )


def _sent(host: str, port: int) -> "Certificate | None":
    from benchrace.tls.certificate import describe_der

    bracketed = f"[{host}]" if ":" in host else host
    try:
        return describe_der(fetch_chain(f"https://{bracketed}:{port}")[0])
    except (BenchraceError, ValueError, IndexError):
        return None
