"""The tokens of a new data folder, generated here so that each is shown once and never logged."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchrace.cli.connect.lease import unusable
from benchrace.cli.service.advertised_address import advertised_urls
from benchrace.store.journal import is_held

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings

AGENTS, OPERATOR, WATCH = "token", "operator_token", "watch_token"


class NewTokens:
    """The tokens that were generated just now: `new` has them by their names in documents."""

    def __init__(self, new: dict[str, str], settings: "CentralSettings") -> None:
        self.new = new
        self.shown = False
        self._settings = settings

    @property
    def url(self) -> str:
        """Where a central with these settings listens."""
        host = f"[{self._settings.host}]" if ":" in self._settings.host else self._settings.host
        scheme = "http" if self._settings.tls is None else "https"
        return f"{scheme}://{host}:{self._settings.port}"

    def lines(self, url: str) -> tuple[str, ...]:
        """Return how agents join and users log in, with the tokens that were generated just now."""
        self.shown = True
        first, *others = advertised_urls(url, self._settings.host, self._settings.hosts)
        lines = [self._agents(first)]
        if self._settings.asks:
            # The word `token:` lets readers of logs redact it.
            credential = (
                f"token: {self.new[OPERATOR]}" if OPERATOR in self.new else "operator token"
            )
            lines.append(f"users log in at {first} with the {credential}")
        if WATCH in self.new:
            lines.append(f"watchers log in with the token: {self.new[WATCH]}")
        if others:
            lines.append(f"if that address is unreachable, try: {', '.join(others)}")
        if self.new:
            lines.append("tokens are shown only once; only their hashes are stored")
        return tuple(lines)

    def _agents(self, url: str) -> str:
        if AGENTS not in self.new:
            how = f"with their existing token (benchrace agent start --central {url})"
            return f"agents join {how}, or by invitation: benchrace central invite"
        command = f"BENCHRACE_TOKEN={self.new[AGENTS]} benchrace agent start --central {url}"
        return f"agents join with: {command}"


@contextmanager
def new_tokens(settings: "CentralSettings") -> Iterator[NewTokens]:
    """Generate missing tokens; those that are never shown are deleted again."""
    from benchrace.central.auth import first_tokens

    if is_held(settings.data / "central.lock"):
        yield NewTokens({}, settings)
        return
    folder = settings.data / "central"
    files = (first_tokens.AGENT, first_tokens.OPERATOR, first_tokens.WATCH)
    new = [folder / name for name in files if not (folder / name).exists()]
    shown = NewTokens({}, settings)
    try:
        shown.new = _load(settings, folder)
        yield shown
    finally:
        for path in () if shown.shown else new:
            with suppress(OSError):
                path.unlink()


def _load(settings: "CentralSettings", folder: Path) -> dict[str, str]:
    from benchrace.api.tokens import TokenRole
    from benchrace.central.auth import first_tokens

    names = {TokenRole.AGENT: AGENTS, TokenRole.OPERATOR: OPERATOR, TokenRole.WATCHER: WATCH}
    try:
        new = first_tokens.load(settings, folder).new
    except OSError as error:
        raise unusable(settings.data, error) from error
    return {names[role]: token for role, token in new.items()}
