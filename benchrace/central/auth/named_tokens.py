"""Tokens that were created by name, in one file: of each only its SHA-256."""

import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from benchrace import structs
from benchrace.api.tokens import TokenRole
from benchrace.central.auth import token_file
from benchrace.errors import BenchraceError, Category, NotFound
from benchrace.ids import Sha256
from benchrace.redaction import SECRETS
from benchrace.store import atomic
from benchrace.web.token import sha256_of

T = TypeVar("T")
MAX_TOKENS = 200
# Tokens of agents that an older central started, by machine.
OLDER = "agents.json"
_ID_BYTES = 4


class NamedToken(msgspec.Struct, frozen=True, kw_only=True):
    """`machine_id` is the only machine that may link with it, None for any."""

    token_id: str
    role: TokenRole
    name: str
    sha256: Sha256
    created_at: float
    machine_id: str | None = None


class _Stored(msgspec.Struct, frozen=True, kw_only=True):
    """`used_at` has the last use of any token, those of the first start too, by digest."""

    tokens: tuple[NamedToken, ...] = ()
    used_at: dict[str, float] = {}


class NamedTokens:
    """The tokens of `path`; each change is written whole before it counts.

    Every method that changes something blocks: call it in a thread.
    """

    def __init__(self, path: Path, wall_s: Callable[[], float]) -> None:
        self._path = path
        self._wall_s = wall_s
        self._changing = threading.Lock()
        self._stored = _read(path)
        self._used_at = dict(self._stored.used_at)
        self._take_over_older()

    @property
    def all(self) -> tuple[NamedToken, ...]:
        """The tokens, the oldest first."""
        return self._stored.tokens

    def get(self, token_id: str) -> NamedToken:
        """Return a token; raises `NotFound`."""
        for token in self.all:
            if token.token_id == token_id:
                return token
        raise NotFound(
            f"unknown token {token_id[:80]!r}", "`benchrace central token list` shows them all."
        )

    def create(
        self, role: TokenRole, name: str, machine_id: str | None = None
    ) -> tuple[NamedToken, str]:
        """Create a token, in place of an earlier one of the same machine; return it once.

        Raises `busy` at the limit, and `disk_full` or `system` where it cannot be stored.
        """
        with self._changing:
            remaining = tuple(
                token for token in self.all if machine_id is None or token.machine_id != machine_id
            )
            if len(remaining) >= MAX_TOKENS:
                raise BenchraceError(
                    Category.BUSY,
                    f"there are {MAX_TOKENS} tokens, which is the limit",
                    "Revoke some that nobody uses: `benchrace central token list`.",
                )
            secret = _secret()
            token = NamedToken(
                token_id=secrets.token_hex(_ID_BYTES),
                role=role,
                name=name,
                sha256=sha256_of(secret),
                created_at=self._wall_s(),
                machine_id=machine_id,
            )
            self._save((*remaining, token))
            return token, secret

    def rotate(self, token_id: str) -> tuple[NamedToken, str]:
        """Replace a token's secret, and return the new one once; raises `NotFound`."""
        with self._changing:
            secret = _secret()
            old = self.get(token_id)
            token = msgspec.structs.replace(
                old, sha256=sha256_of(secret), created_at=self._wall_s()
            )
            self._save(tuple(token if other is old else other for other in self.all))
            return token, secret

    def revoke(self, token_id: str) -> NamedToken:
        """Remove a token; raises `NotFound`."""
        with self._changing:
            revoked = self.get(token_id)
            self._save(tuple(token for token in self.all if token is not revoked))
            return revoked

    def revoke_machine(self, machine_id: str) -> None:
        """Remove the token of a machine, where it has one."""
        with self._changing:
            remaining = tuple(token for token in self.all if token.machine_id != machine_id)
            if remaining != self.all:
                self._save(remaining)

    def note_use(self, digest: str) -> None:
        """Note that a token was used just now; `save_uses` writes it."""
        self._used_at[digest] = self._wall_s()

    def used_at(self, digest: str) -> float | None:
        """Return when a token was last used, in wall seconds."""
        return self._used_at.get(digest)

    def save_uses(self, others: frozenset[str]) -> None:
        """Write when tokens were last used, those of `others` too, where that has changed."""
        with self._changing:
            valid = others | {token.sha256 for token in self.all}
            # A copy is stored, and never put in its place: the loop notes uses meanwhile.
            used_at = {key: at for key, at in self._used_at.copy().items() if key in valid}
            if used_at != self._stored.used_at:
                self._save(self.all, used_at)

    def _save(
        self, tokens: tuple[NamedToken, ...], used_at: dict[str, float] | None = None
    ) -> None:
        stored = _Stored(
            tokens=tokens, used_at=self._stored.used_at if used_at is None else used_at
        )
        atomic.write_private(self._path, msgspec.json.format(msgspec.json.encode(stored)) + b"\n")
        self._stored = stored

    def _take_over_older(self) -> None:
        """Move the tokens of agents that an older central started into this file."""
        older = self._path.with_name(OLDER)
        digests = _decoded(older, dict[str, Sha256])
        if digests is None:
            return
        had = {token.machine_id for token in self.all}
        taken = [
            NamedToken(
                token_id=secrets.token_hex(_ID_BYTES),
                role=TokenRole.AGENT,
                name=machine_id,
                sha256=digest,
                created_at=older.stat().st_mtime,
                machine_id=machine_id,
            )
            for machine_id, digest in digests.items()
            if machine_id not in had
        ]
        self._save((*self.all, *taken))
        older.unlink(missing_ok=True)


def _secret() -> str:
    secret = secrets.token_urlsafe(token_file.TOKEN_BYTES)
    SECRETS.add(secret)
    return secret


def _read(path: Path) -> _Stored:
    return _decoded(path, _Stored) or _Stored()


def _decoded(path: Path, kind: type[T]) -> T | None:
    """Read a file of tokens, None where there is none; raises `system` where it is damaged."""
    try:
        return structs.decode(path.read_bytes(), kind)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise atomic.failure(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BenchraceError(
            Category.SYSTEM,
            f"{path} is damaged",
            "Restore it from a backup; or remove it, create tokens again, and let machines join "
            "again with `benchrace central invite`.",
        ) from error
