"""Several names in one sentence."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Join names: `A`, `A and B`, `A, B and C`; those with commas of their own by semicolons."""
    if len(names) > 2 and any("," in name for name in names):
        return "; ".join(names)
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
