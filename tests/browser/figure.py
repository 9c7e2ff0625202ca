"""A figure as the page must write it: told apart from the page's own code on purpose."""

PREFIXES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))
EDGE = 0.9995  # 999.5 rounds to the next prefix


def three(value: float) -> str:
    if value >= 99.95 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 9.995 else f"{value:.2f}"


def rate(value: float, unit: str) -> str:
    """Give `61.9 Mprimes/s`."""
    for size, prefix in PREFIXES:
        if value >= size * EDGE:
            return f"{three(value / size)} {prefix}{unit}"
    return f"{three(value)} {unit}"


def milliseconds(value: float) -> str:
    """Give `2.41 ms`, for less than a minute."""
    if value < 1:
        return f"{three(value * 1000)} µs"
    return f"{three(value)} ms" if value < 1000 else f"{three(value / 1000)} s"
