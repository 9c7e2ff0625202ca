"""Content codings: which one a client prefers, and which content is worth compressing."""

from collections.abc import Sequence

from benchrace.web.asgi.types import Scope

GZIP = "gzip"
BROTLI = "br"
# A shorter body fits into one packet with its headers.
MIN_BYTES = 1024
_TYPES = frozenset(
    {
        "application/json",
        "application/x-ndjson",
        "image/svg+xml",
        "text/css",
        "text/csv",
        "text/html",
        "text/javascript",
        "text/markdown",
        "text/plain",
    }
)


def is_compressible(content_type: str) -> bool:
    """Check whether content of this type is text; gzip would delay events, so streams are not."""
    return content_type.partition(";")[0].strip().lower() in _TYPES


def choose(scope: Scope, offered: Sequence[str]) -> str | None:
    """Return the coding of `offered` that a request prefers; of equals the first, None for none.

    A range refers to plain bytes, so a request with one gets no coding.
    """
    if not offered or values(scope, b"range"):
        return None
    weights = _weights(",".join(values(scope, b"accept-encoding")))
    plain = weights.get("identity", 0.0)
    best = max(offered, key=lambda coding: _weight(weights, coding))
    weight = _weight(weights, best)
    return best if weight > 0 and weight >= plain else None


def values(scope: Scope, name: bytes) -> list[str]:
    """Return all values of a request's header."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _weight(weights: dict[str, float], coding: str) -> float:
    return weights.get(coding, weights.get("*", 0.0))


def _weights(accept: str) -> dict[str, float]:
    weights = {}
    for part in accept.split(","):
        name, _, parameter = part.partition(";")
        weights[name.strip().lower()] = _quality(parameter)
    return weights


def _quality(parameter: str) -> float:
    """Read `q=0.5`; 1 without one, 0 for one that cannot be read."""
    name, _, text = parameter.partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        quality = float(text)
    except ValueError:
        return 0.0
    return quality if 0.0 <= quality <= 1.0 else 0.0
