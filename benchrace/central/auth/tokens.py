"""All tokens of a central: those of its first start or configuration, and those with a name."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from benchrace.api.session import MAX_TOKEN_CHARS, Right
from benchrace.api.tokens import TokenEntry, TokenOrigin, TokenRole
from benchrace.central.auth import first_tokens, token_file
from benchrace.central.auth.first_tokens import SERVICE_KEY, FirstToken, FirstTokens
from benchrace.central.auth.named_tokens import NamedToken, NamedTokens
from benchrace.central.settings import CentralSettings
from benchrace.config.central import Watching
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, NotFound
from benchrace.redaction import SECRETS
from benchrace.web.token import Tokens, sha256_of

NAMED = "tokens.json"
RIGHTS = {
    TokenRole.OPERATOR: Right.OPERATE,
    TokenRole.WATCHER: Right.WATCH,
    TokenRole.AGENT: Right.LINK,
}
_FIRST = "first-"


class CentralTokens:
    """The tokens that central accepts, and changes of them, which count at once.

    `new` has the tokens that this start generated, to be shown once. Creating, rotating and
    revoking block. A change ends sessions by itself; close the links of agents with
    `Fleet.close_links`.
    """

    def __init__(self, settings: CentralSettings, first: FirstTokens, named: NamedTokens) -> None:
        self.new = first.new
        self._settings = settings
        self._first = dict(first.tokens)
        self._named = named
        self._lent: frozenset[str] = frozenset()
        service = settings.service_token
        self._service = None if service is None else sha256_of(service)
        self._check_different()

    def entries(self) -> Iterator[tuple[str, Right]]:
        """Yield the digest of each valid token with its right."""
        yield from ((digest, Right.LINK) for digest in self._lent)
        for first in self._first.values():
            yield first.sha256, RIGHTS[first.role]
        for named in self._named.all:
            if self._accepts(named.role):
                yield named.sha256, RIGHTS[named.role]
        if self._service is not None:
            yield self._service, Right.SERVICE

    def agent_digest(self, shown: str | None) -> str | None:
        """Return the digest of an agent's token, None for a wrong one; all are compared."""
        if shown is None or len(shown) > MAX_TOKEN_CHARS:
            return None
        right = Tokens(entries=self._of_agents, on_use=self._named.note_use).right_of(shown)
        return None if right is None else sha256_of(shown)

    def is_agent(self, digest: str) -> bool:
        """Check whether a digest is of a token with which an agent may link now."""
        return any(digest == valid for valid, _ in self._of_agents())

    def own(self, digest: str) -> NamedToken | None:
        """Return the token with this digest if it belongs to one machine alone."""
        for token in self._named.all:
            if token.sha256 == digest and token.machine_id is not None:
                return token
        return None

    def first(self, right: Right) -> str | None:
        """Return the digest of the first token that gives people a right, None without one."""
        return next(
            (first.sha256 for first in self._first.values() if RIGHTS[first.role] is right), None
        )

    def list(self) -> tuple[TokenEntry, ...]:
        """List all tokens, without their secrets. Blocks."""
        first = (self._entry_of_first(token) for token in self._first.values())
        return (*first, *(self.entry(token) for token in self._named.all))

    def entry(self, token: NamedToken) -> TokenEntry:
        """Describe a token without its secret."""
        return TokenEntry(
            token_id=token.token_id,
            role=token.role,
            name=token.name,
            origin=TokenOrigin.NAMED,
            created_at=token.created_at,
            used_at=self._named.used_at(token.sha256),
            machine_id=token.machine_id,
            rotatable=True,
            revocable=True,
            note=None if self._accepts(token.role) else self._why_not(token.role),
        )

    def create(
        self, role: TokenRole, name: str, machine_id: str | None = None
    ) -> tuple[TokenEntry, str]:
        """Create a token, in place of an earlier one of the same machine; return it once.

        Raises `InvalidInput` where it could not be used, and what `NamedTokens.create` raises.
        """
        if machine_id is not None and role is not TokenRole.AGENT:
            raise InvalidInput(
                FieldError("machine_id", f"the token of a {role} belongs to no machine"),
                "Omit `machine_id`, or create an agent token.",
            )
        if not self._accepts(role):
            raise InvalidInput(FieldError("role", self._why_not(role)), self._how_to_accept(role))
        token, secret = self._named.create(role, name, machine_id)
        return self.entry(token), secret

    def make(self, machine_id: str) -> str:
        """Create a token for the agent of one machine; it replaces an earlier one. Blocks."""
        return self.create(TokenRole.AGENT, machine_id, machine_id)[1]

    def lend(self) -> str:
        """Create a token for agents that end with this central; it is stored nowhere."""
        token = secrets.token_urlsafe(token_file.TOKEN_BYTES)
        SECRETS.add(token)
        self._lent |= {sha256_of(token)}
        return token

    def end_loan(self, token: str) -> None:
        """Revoke a token that was lent."""
        self._lent -= {sha256_of(token)}

    def rotate(self, token_id: str) -> tuple[TokenEntry, str]:
        """Replace a token by a new one, and return it once; the old one is wrong from now on.

        Raises `NotFound`, and `busy` for a configured one.
        """
        first = self._find_first(token_id)
        if first is None:
            token, secret = self._named.rotate(token_id)
            return self.entry(token), secret
        if first.path is None:
            raise BenchraceError(
                Category.BUSY,
                f"this token is set {first.set_in}",
                "Change it there, and restart central.",
            )
        digest, secret = token_file.replace(first.path)
        self._first[first.role] = replaced = first._replace(sha256=digest)
        return self._entry_of_first(replaced), secret

    def revoke(self, token_id: str) -> None:
        """Remove a token; raises `NotFound`, and `busy` for the first one of its role."""
        first = self._find_first(token_id)
        if first is None:
            self._named.revoke(token_id)
            return
        raise BenchraceError(
            Category.BUSY,
            f"the first {first.role} token cannot be revoked",
            f"Change it where it is set ({first.set_in}), and restart central."
            if first.set_in
            else "Rotate it: the old token then stops working.",
        )

    def revoke_machine(self, machine_id: str) -> None:
        """Remove the token that belongs to a machine alone. Blocks."""
        self._named.revoke_machine(machine_id)

    def note_use(self, digest: str) -> None:
        """Note that a token was used just now."""
        self._named.note_use(digest)

    def save_uses(self) -> None:
        """Write when tokens were last used. Blocks."""
        self._named.save_uses(frozenset(token.sha256 for token in self._first.values()))

    def _of_agents(self) -> Iterator[tuple[str, Right]]:
        return ((digest, right) for digest, right in self.entries() if right is Right.LINK)

    def _accepts(self, role: TokenRole) -> bool:
        match role:
            case TokenRole.AGENT:
                return True
            case TokenRole.OPERATOR:
                return self._settings.asks
            case TokenRole.WATCHER:
                return self._settings.asks and self._settings.watch is not Watching.NOBODY

    def _why_not(self, role: TokenRole) -> str:
        if not self._settings.asks:
            return "this central does not require a token"
        return f"this central does not accept a {role} token"

    def _how_to_accept(self, role: TokenRole) -> str:
        if not self._settings.asks:
            return "Open its address: no login is needed. `--require-token` makes it require one."
        return f"Start central with `--watch token` to accept a {role} token."

    def _find_first(self, token_id: str) -> FirstToken | None:
        if not token_id.startswith(_FIRST):
            return None
        for token in self._first.values():
            if token_id == f"{_FIRST}{token.role}":
                return token
        raise NotFound(
            f"unknown token {token_id[:80]!r}", "`benchrace central token list` shows them all."
        )

    def _entry_of_first(self, token: FirstToken) -> TokenEntry:
        stored = token.path is not None
        return TokenEntry(
            token_id=f"{_FIRST}{token.role}",
            role=token.role,
            name="first start" if stored else "configuration",
            origin=TokenOrigin.FIRST_START if stored else TokenOrigin.CONFIGURATION,
            created_at=None if token.path is None else _changed_at(token.path),
            used_at=self._named.used_at(token.sha256),
            machine_id=None,
            rotatable=stored,
            revocable=False,
            note=f"set {token.set_in}" if token.set_in else "rotate it to make it invalid",
        )

    def _check_different(self) -> None:
        """Refuse one token for two things; the operator may control services anyway."""
        seen: dict[str, Right] = {}
        for digest, right in self.entries():
            other = seen.setdefault(digest, right)
            if other is not right and {other, right} != {Right.OPERATE, Right.SERVICE}:
                names = f"operator_token, watch_token, {SERVICE_KEY} and the agent token"
                raise first_tokens.same_tokens(names)


def _changed_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        # Someone has removed the file: the token is valid until central ends.
        return None


def load(settings: CentralSettings, folder: Path, wall_s: Callable[[], float]) -> CentralTokens:
    """Read all tokens, and create those that are missing.

    Raises `InvalidInput` for tokens that cannot do their work, `system` for a damaged file. Blocks.
    """
    first = first_tokens.load(settings, folder)
    return CentralTokens(settings, first, NamedTokens(folder / NAMED, wall_s))
