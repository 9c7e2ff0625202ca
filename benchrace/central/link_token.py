"""The token that agents show: kept as its SHA-256 alone, compared in constant time."""

import hmac
import secrets
from pathlib import Path

import msgspec

from benchrace.central import secret
from benchrace.errors import BenchraceError, Category
from benchrace.store import atomic
from benchrace.web.token import LONGEST, sha256_of


class LinkToken:
    """What an agent must know to join: the fleet's token, or one made for it beside central.

    Central knows no token any more once it was shown, so an agent that it starts gets its own;
    `made` holds their digests by machine.
    """

    def __init__(self, digest: str, made: Path | None = None) -> None:
        self._digest = digest
        self._path = made
        self._made = {} if made is None else _read(made)

    @classmethod
    def of(cls, token: str) -> "LinkToken":
        return cls(sha256_of(token))

    def accepts(self, shown: str | None) -> bool:
        """Compare in a time that tells nothing of the tokens."""
        known = shown is not None and len(shown) <= LONGEST
        digest = sha256_of(shown if known and shown else "")
        found = [hmac.compare_digest(digest, each) for each in (self._digest, *self._made.values())]
        return any(found) and known

    def make(self, machine_id: str) -> str:
        """Make a token for one machine's agent, in place of one made before. Blocks."""
        if self._path is None:
            raise RuntimeError("this central keeps no agents' tokens")
        token = secrets.token_urlsafe(secret.TOKEN_BYTES)
        self._made = self._made | {machine_id: sha256_of(token)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(self._path, msgspec.json.encode(self._made), mode=0o600)
        return token


def load(path: Path, given: str | None) -> tuple[LinkToken, str | None]:
    """Take the given token, the stored one, or make one; the new one comes back to be shown once.

    `path` holds its hash in hex. Raises `system` where the file is damaged.
    """
    digest, made = secret.load(path, given)
    return LinkToken(digest, path.with_name("agents.json")), made


def _read(path: Path) -> dict[str, str]:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except msgspec.DecodeError as error:
        raise _damaged(path) from error
    if not all(map(secret.is_digest, found.values())):
        raise _damaged(path)
    return found


def _damaged(path: Path) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"{path} is damaged",
        "Remove the file, and start again the agents that were started from the page.",
    )
