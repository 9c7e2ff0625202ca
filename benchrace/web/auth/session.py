"""Login sessions: a random id in the cookie, its SHA-256 on the disk."""

import logging
import secrets
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec

from benchrace import structs
from benchrace.api.session import Right
from benchrace.errors import BenchraceError
from benchrace.store import atomic
from benchrace.web.token import Tokens, sha256_of

log = logging.getLogger(__name__)

LIFE_S = 7 * 86400.0
MAX_SESSIONS = 500
_ID_BYTES = 32
_COOKIE_BYTES = 4


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """`token_sha256` is of the token that was shown; `expires_at` is in wall seconds.

    `watch` limits it to watching, whatever the token allows.
    """

    token_sha256: str
    expires_at: float
    watch: bool = False


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """`cookie` differs from server to server: a host's cookies go to all of its ports."""

    cookie: str
    sessions: dict[str, Session] = {}


class Sessions:
    """Sessions that outlive the server; one ends with its time, its logout or its token.

    Every method may block: call `open`, `begin` and `end` in a thread.
    """

    def __init__(self, path: Path, tokens: Tokens, wall_s: Callable[[], float]) -> None:
        self._path = path
        self._tokens = tokens
        self._wall_s = wall_s
        self._stored = _read(path)
        self.cookie = f"benchrace_{self._stored.cookie}"
        self._changing = threading.Lock()

    def open(self, token: str) -> tuple[str, Session]:
        """Begin a session for a holder of `token`; only the hash of its id is kept."""
        return self.begin(sha256_of(token))

    def begin(self, token_sha256: str, *, watch: bool = False) -> tuple[str, Session]:
        """Begin a session that lasts as long as the token with this digest.

        `watch` limits it to watching.
        """
        session_id = secrets.token_urlsafe(_ID_BYTES)
        session = Session(
            token_sha256=token_sha256, expires_at=self._wall_s() + LIFE_S, watch=watch
        )
        with self._changing:
            living = sorted(self._living().items(), key=lambda item: item[1].expires_at)
            self._save(dict(living[-(MAX_SESSIONS - 1) :]) | {sha256_of(session_id): session})
        return session_id, session

    def find(self, session_id: str) -> tuple[Right, Session] | None:
        """Return what a session allows; None if it is over, unknown, or of an old token."""
        session = self._stored.sessions.get(sha256_of(session_id))
        if session is None or session.expires_at <= self._wall_s():
            return None
        right = self._tokens.right_of_digest(session.token_sha256)
        if right is None:
            return None
        return (Right.WATCH if session.watch else right), session

    def end(self, session_id: str) -> None:
        """Log out; one that is unknown is over already."""
        digest = sha256_of(session_id)
        with self._changing:
            if digest in self._stored.sessions:
                self._save(
                    {key: session for key, session in self._living().items() if key != digest}
                )

    def _living(self) -> dict[str, Session]:
        now_s = self._wall_s()
        return {
            key: session
            for key, session in self._stored.sessions.items()
            if session.expires_at > now_s
        }

    def _save(self, sessions: dict[str, Session]) -> None:
        self._stored = _Stored(cookie=self._stored.cookie, sessions=sessions)
        try:
            atomic.write_private(self._path, msgspec.json.encode(self._stored))
        except BenchraceError as error:
            # It holds as long as this server lives.
            log.warning("sessions will be lost at the next restart: %s", error)


def _read(path: Path) -> _Stored:
    """Read the stored sessions; a damaged file makes people log in again."""
    try:
        return structs.decode(path.read_bytes(), _Stored)
    except FileNotFoundError:
        pass
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read, so users must log in again: %s", path, error)
    return _Stored(cookie=secrets.token_hex(_COOKIE_BYTES))
