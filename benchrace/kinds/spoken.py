"""A span of time as people say it."""


def spoken(ns: float) -> str:
    """Say a span in the unit that suits it, to three digits where it is short."""
    seconds = ns / 1e9
    if seconds >= 10:
        return f"{seconds:.1f} s"
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{ns / 1e6:.3g} ms" if ns >= 1e5 else f"{ns / 1e3:.3g} µs"
