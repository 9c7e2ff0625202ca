"""Log fields that an engine sent with an unexpected type: once each, never fatal."""

from collections import Counter
from collections.abc import Iterable, Mapping

from benchrace.plugin.context import Context


class Oddities:
    """The log of fields of an unexpected type; remembers which were logged."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def log(self, counts: Mapping[str, int] | Iterable[str], context: Context) -> None:
        """Log those that are new, with how often they came."""
        new = {name: n for name, n in Counter(counts).items() if name not in self._logged}
        if new:
            self._logged |= new.keys()
            listed = ", ".join(f"{name} ({n})" for name, n in sorted(new.items()))
            context.log(f"fields of an unexpected type were ignored: {listed}", "warning")
