"""The failure of a server that ended by itself."""

from benchrace.plugin import BenchraceError


class Crashed(BenchraceError):
    """A server ended by itself while it loaded, so that the next start has to wait."""
