"""TLS of a link: whom the side that dials trusts, and why no connection came about."""

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from benchrace.errors import with_remedy
from benchrace.tls.local import certificate_of
from benchrace.tls.trust import Trust


class LinkTls:
    """TLS with the server at a base URL. Every method blocks.

    Files are read for each connection, so that a new certificate needs no restart. `record` is
    the record of a central on this machine, whose certificate is trusted.
    """

    def __init__(self, url: str, trust: Trust, record: Path | None = None) -> None:
        self._url = url
        self._record = record
        self._configured = trust

    def context(self) -> ssl.SSLContext | None:
        """Return the context of a new connection, None for plain HTTP; raises BenchraceError."""
        if urlsplit(self._url).scheme != "https":
            return None
        return self._trust().context()

    def explain(self, error: Exception) -> str | None:
        """Return why a connection failed, with what to do; None where the cause is not TLS."""
        parts = urlsplit(self._url)
        if parts.scheme != "https" or parts.hostname is None:
            return None
        from benchrace.tls.failure import explain

        explained = explain(error, parts.hostname, parts.port or 443, self._trust())
        return None if explained is None else f"refused: {with_remedy(*explained)}"

    def _trust(self) -> Trust:
        if self._record is None:
            return self._configured
        return self._configured.pinned(certificate_of(self._record, self._url))
