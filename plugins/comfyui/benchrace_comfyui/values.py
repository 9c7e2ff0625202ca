"""JSON as it comes, read without a failure where it has another shape."""

from collections.abc import Mapping, Sequence
from typing import Any


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, empty for anything else."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return a JSON array, empty for anything else."""
    return value if isinstance(value, list | tuple) else ()
