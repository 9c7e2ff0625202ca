"""The tokens of a new data folder: made here, so that each is said once and in no log."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from benchrace.cli.lease import unusable
from benchrace.cli.reach import reached_at
from benchrace.store.journal import is_held

if TYPE_CHECKING:
    from benchrace.central.settings import CentralSettings

AGENTS, OPERATOR, WATCH = "token", "operator_token", "watch_token"


class Shown:
    """`made` has the tokens that were made just now, by the names they have in documents."""

    def __init__(self, made: dict[str, str], settings: "CentralSettings") -> None:
        self.made = made
        self.shown = False
        self._settings = settings

    def lines(self, url: str) -> tuple[str, ...]:
        """Say who joins and logs in with what; each token with it that was made just now."""
        self.shown = True
        first, *others = reached_at(url, self._settings.host, self._settings.hosts)
        said = [self._agents(first)]
        if self._settings.asks:
            # The word before it lets what reads logs blot it out.
            made = f"token: {self.made[OPERATOR]}" if OPERATOR in self.made else "operator's token"
            said.append(f"people log in at {first} with the {made}")
        if WATCH in self.made:
            said.append(f"who may only watch logs in with the token: {self.made[WATCH]}")
        if others:
            said.append(f"if that is not reached from there: {', '.join(others)}")
        if self.made:
            said.append("a token is shown only now; it is kept as a hash")
        return tuple(said)

    def _agents(self, url: str) -> str:
        if AGENTS not in self.made:
            return f"agents join with the token they know: benchrace agent --central {url}"
        told = f"BENCHRACE_TOKEN={self.made[AGENTS]} benchrace agent --central {url}"
        return f"agents join with: {told}"


@contextmanager
def shown_tokens(settings: "CentralSettings") -> Iterator[Shown]:
    """Make the tokens that are not there; those that were never shown are forgotten again."""
    from benchrace.central import gate

    if is_held(settings.data / "central.lock"):
        yield Shown({}, settings)
        return
    folder = settings.data / "central"
    files = ("token.sha256", gate.OPERATOR, gate.WATCH)
    new = [folder / name for name in files if not (folder / name).exists()]
    shown = Shown({}, settings)
    try:
        shown.made = _made(settings, folder)
        yield shown
    finally:
        for path in () if shown.shown else new:
            with suppress(OSError):
                path.unlink()


def _made(settings: "CentralSettings", folder: Path) -> dict[str, str]:
    from benchrace.central import gate, secret

    try:
        people = gate.load(settings, folder)
        _, agents = secret.load(folder / "token.sha256", settings.token)
    except OSError as error:
        raise unusable(settings.data, error) from error
    found = {
        AGENTS: agents,
        OPERATOR: people.made_operator if people else None,
        WATCH: people.made_watch if people else None,
    }
    return {name: token for name, token in found.items() if token is not None}
