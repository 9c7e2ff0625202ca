"""The agents' token of a new data folder: made here, so that it is said once and in no log."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchrace.central import link_token
from benchrace.cli.lease import unusable
from benchrace.store.journal import is_held


class Token:
    """`made` is null where the data folder has one already, or where one was given."""

    def __init__(self, made: str | None) -> None:
        self.made = made
        self.shown = False

    def joining(self, url: str) -> tuple[str, ...]:
        """Say how another machine joins; the token with it, where it was made just now."""
        self.shown = True
        if self.made is None:
            return (f"agents join with the token they know: benchrace agent --central {url}",)
        return (
            f"agents join with: BENCHRACE_TOKEN={self.made} benchrace agent --central {url}",
            "the token is shown only now; it is kept as a hash",
        )


@contextmanager
def shown_token(data: Path, given: str | None) -> Iterator[Token]:
    """Make a token where none is there; one that was never shown is forgotten again."""
    path = data / "central" / "token.sha256"
    if given or is_held(data / "central.lock"):
        yield Token(None)
        return
    try:
        _, made = link_token.load(path, None)
    except OSError as error:
        raise unusable(data, error) from error
    token = Token(made)
    try:
        yield token
    finally:
        if made is not None and not token.shown:
            path.unlink(missing_ok=True)
