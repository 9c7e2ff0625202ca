"""Keeping a server's certificate current: renewed if its CA is here, loaded when files change."""

import datetime
import logging
from collections.abc import Awaitable, Callable

import anyio
from anyio import to_thread

from benchrace.errors import BenchraceError
from benchrace.tls.server import ServerContext

log = logging.getLogger(__name__)

EVERY_S = 60.0
_WARN_EVERY = datetime.timedelta(days=1)

Now = Callable[[], datetime.datetime]


def utc_now() -> datetime.datetime:
    """Return the time of the wall clock."""
    return datetime.datetime.now(datetime.UTC)


async def renew(tls: ServerContext | None, changed: Callable[[], Awaitable[None]]) -> None:
    """Keep a server's certificate current until cancelled; without TLS there is nothing to do.

    The files are checked once a minute. `changed` is awaited after another certificate was loaded.
    """
    if tls is None:
        return
    renewal = Renewal(tls)
    is_due = False
    while True:
        is_due = await to_thread.run_sync(renewal.check) or is_due
        if is_due:
            try:
                await changed()
                is_due = False
            except BenchraceError as error:
                # A full disk must not end the server; it is tried again in a minute.
                log.warning("the new certificate is not announced on this machine yet: %s", error)
        await anyio.sleep(EVERY_S)


class Renewal:
    """Watches the files of a server's context. `check` blocks."""

    def __init__(self, tls: ServerContext, now: Now = utc_now) -> None:
        self._tls = tls
        self._now = now
        self._warned: datetime.datetime | None = None
        self._problem = ""

    def check(self) -> bool:
        """Renew and load what is due; return whether another certificate was loaded.

        What goes wrong is logged, and the certificate at hand is used further.
        """
        try:
            self._renew()
            loaded = self._tls.refresh()
        except BenchraceError as error:
            if error.message != self._problem:
                log.warning("the certificate is not updated: %s", error.message)
            self._problem = error.message
            return False
        self._problem = ""
        if loaded:
            log.info("loaded the certificate %s again", self._tls.files.certificate)
        return loaded

    def _renew(self) -> None:
        # Imported by the first check, after the start.
        from benchrace.tls import certificate
        from benchrace.tls.authority import CA_KEY, Authority

        path, now = self._tls.files.certificate, self._now()
        current = certificate.describe_file(path)
        if not current.in_last_third(now):
            return
        if (path.parent / CA_KEY).exists() and Authority(path.parent).renew(path, now):
            log.info("renewed the certificate %s", path)
            return
        days = current.days_left(now)
        is_due = self._warned is None or now - self._warned >= _WARN_EVERY
        if days < certificate.WARN_DAYS and is_due:
            self._warned = now
            log.warning("the certificate %s expires on %s", path, current.not_after.date())
