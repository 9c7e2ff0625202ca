"""Whom a client trusts, and the certificate that it presents."""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchrace.tls.server import load_authorities, load_pair

if TYPE_CHECKING:
    from benchrace.config.agent import AgentFile
    from benchrace.config.joined import Joined

CA, CERTIFICATE, KEY = "BENCHRACE_CA", "BENCHRACE_CLIENT_CERT", "BENCHRACE_CLIENT_KEY"


class Trust(msgspec.Struct, frozen=True, kw_only=True):
    """`ca` is a PEM file that is trusted beside the system's CAs.

    `certificate` and `key` are presented to servers that require one; without `key`, the key is
    in the file of the certificate. `only` is one certificate in PEM: nothing else is trusted. It
    may be a CA's or the server's own. With `any_name` the server's name does not matter, because
    `only` is its own certificate.
    """

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    only: str | None = None
    any_name: bool = False

    def pinned(self, certificate: str | None) -> "Trust":
        """Return the trust in one server by its own certificate, or this one for None."""
        if certificate is None:
            return self
        return msgspec.structs.replace(self, only=certificate, any_name=True)

    def context(self) -> ssl.SSLContext:
        """Return a TLS context. Blocks; raises BenchraceError for files that cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.only is not None:
            context.check_hostname = not self.any_name
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            context.load_verify_locations(cadata=self.only)
        else:
            import certifi

            # The system's certificate authorities, and certifi's where it has none.
            context.load_default_certs()
            context.load_verify_locations(certifi.where())
            if self.ca is not None:
                load_authorities(context, self.ca)
        if self.certificate is not None:
            load_pair(context, self.certificate, self.key)
        return context


def joined_trust(joined: "Joined") -> Trust:
    """Return the trust that joining a central stored."""
    stored = {CA: joined.ca, CERTIFICATE: joined.client_cert, KEY: joined.client_key}
    return trust_of(stored, Trust(only=joined.certificate))


def configured_trust(file: "AgentFile", url: str | None) -> Trust:
    """Return the trust in the server at `url` that `agent.yaml` sets, over what joining it stored.

    The CA that an invitation named is the only one that is trusted for its central.
    """
    trust, joined, config = Trust(), file.joined, file.config
    if joined is not None and url is not None and joined.central == url.rstrip("/"):
        trust = joined_trust(joined)
    named = {CA: config.central_ca, CERTIFICATE: config.client_cert, KEY: config.client_key}
    return trust_of(named, trust)


def trust_of(environ: Mapping[str, str | None], otherwise: Trust) -> Trust:
    """Return the trust that environment variables set, each over that of `otherwise`."""
    certificate = _path(environ, CERTIFICATE)
    # A key belongs to its certificate: one of another source would not fit.
    key = _path(environ, KEY) if certificate is not None else otherwise.key
    return msgspec.structs.replace(
        otherwise,
        ca=_path(environ, CA) or otherwise.ca,
        certificate=certificate or otherwise.certificate,
        key=key,
    )


def _path(environ: Mapping[str, str | None], name: str) -> Path | None:
    text = (environ.get(name) or "").strip()
    return Path(text).expanduser().absolute() if text else None
