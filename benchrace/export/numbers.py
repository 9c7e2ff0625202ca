"""Numbers as a reader wants them: four digits that mean something, and no more."""


def quantity(value: float | None) -> str:
    """Say four significant digits, or whole numbers in full from 1,000 on."""
    if value is None:
        return "-"
    if value != 0 and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.3e}"
    if abs(value) >= 1000 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.4g}"


def percent(share: float | None) -> str:
    """Say a share of 1 as a percentage."""
    return "-" if share is None else f"{share * 100:.1f} %"


def seconds(elapsed_ns: int) -> str:
    """Say a duration in the unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if abs(elapsed_ns) >= size:
            return f"{elapsed_ns / size:.4g} {unit}"
    return f"{elapsed_ns} ns"
