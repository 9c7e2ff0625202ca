"""A value as the answer of a route."""

from typing import Any

import msgspec
from quart import Response


def answer(value: Any, status: int = 200) -> Response:
    """Encode a value as the answer."""
    return Response(msgspec.json.encode(value), status=status, content_type="application/json")
