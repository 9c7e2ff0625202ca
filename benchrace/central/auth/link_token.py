"""The agent token: only its SHA-256 is kept, and it is compared in constant time."""

import hmac
import secrets
from pathlib import Path

import msgspec

from benchrace import permissions
from benchrace.api.session import MAX_TOKEN_CHARS
from benchrace.central.auth import token_file
from benchrace.errors import BenchraceError, Category
from benchrace.redaction import SECRETS
from benchrace.store import atomic
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.token import sha256_of


class LinkToken:
    """The tokens with which agents join: the fleet's, or one created for a single machine.

    Central knows no token any more once it was shown, so an agent that it starts gets its own;
    `issued` is the file of their digests by machine.
    """

    def __init__(self, digest: str, issued: Path | None = None) -> None:
        self._digest = digest
        self._path = issued
        self._issued = {} if issued is None else _read(issued)

    @classmethod
    def of(cls, token: str) -> "LinkToken":
        return cls(sha256_of(token))

    def accepts(self, shown: str | None) -> bool:
        """Check a token in constant time."""
        plausible = shown is not None and len(shown) <= MAX_TOKEN_CHARS
        digest = sha256_of(shown if plausible and shown else "")
        matches = [
            hmac.compare_digest(digest, stored) for stored in (self._digest, *self._issued.values())
        ]
        return any(matches) and plausible

    def make(self, machine_id: str) -> str:
        """Create a token for one machine's agent; it replaces an earlier one. Blocks."""
        if self._path is None:
            raise RuntimeError("this central keeps no agent tokens")
        token = secrets.token_urlsafe(token_file.TOKEN_BYTES)
        SECRETS.add(token)
        self._issued = self._issued | {machine_id: sha256_of(token)}
        permissions.make_folder(self._path.parent)
        atomic.write(self._path, msgspec.json.encode(self._issued))
        return token

    def forget(self, machine_id: str) -> None:
        """Revoke the token that was created for a machine. Blocks."""
        if self._path is None or machine_id not in self._issued:
            return
        self._issued = {name: digest for name, digest in self._issued.items() if name != machine_id}
        atomic.write(self._path, msgspec.json.encode(self._issued), mode=0o600)


class LinkCheck:
    """Checks the tokens of links, within the limit that all tokens share."""

    def __init__(self, token: LinkToken, attempts: Attempts) -> None:
        self._token = token
        self._attempts = attempts

    def check(self, shown: str | None, address: str, *, local: bool) -> None:
        """Raise `validation` for a wrong token, `busy` after too many of them.

        An agent on this machine is always admitted with the right one: others that guess here must
        not lock it out.
        """
        right = self._token.accepts(shown)
        wait_s = self._attempts.judge(address, shown or "", right=right, exempt=local)
        if wait_s:
            raise BenchraceError(
                Category.BUSY,
                "too many wrong tokens from the agent's address",
                f"Wait {int(wait_s) + 1} s: the agent retries automatically.",
            )
        if not right:
            raise BenchraceError(
                Category.VALIDATION,
                "wrong agent token",
                "Set `central_token` in agent.yaml, or BENCHRACE_TOKEN, to the agent token that "
                "central printed on its first start.",
            )


def load(path: Path, configured: str | None) -> tuple[LinkToken, str | None]:
    """Load the configured or stored token, or create one; a new one is returned to be shown once.

    `path` holds its hash in hex. Raises `system` where the file is damaged.
    """
    digest, token = token_file.load(path, configured)
    return LinkToken(digest, path.with_name("agents.json")), token


def _read(path: Path) -> dict[str, str]:
    try:
        digests = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise atomic.failure(path, error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(path) from error
    if not all(map(token_file.is_digest, digests.values())):
        raise _damaged(path)
    return digests


def _damaged(path: Path) -> BenchraceError:
    return BenchraceError(
        Category.SYSTEM,
        f"{path} is damaged",
        "Remove the file, then restart the agents that were started from the page.",
    )
