"""What the routes of central work on."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from quart import Response

from benchrace.central.central import Central
from benchrace.store.index import Index
from benchrace.web.access import Access
from benchrace.web.login_code import LoginCodes
from benchrace.web.shutdown import Shutdown
from benchrace.web.sse import Viewers


@dataclass(frozen=True)
class Site:
    """`access` is None where people are asked for no token."""

    central: Central
    index: Index
    shutdown: Shutdown
    viewers: Viewers
    access: Access | None = None
    codes: LoginCodes = field(default_factory=LoginCodes)


def answer(value: Any, status: int = 200) -> Response:
    """Encode a value as the answer."""
    return Response(msgspec.json.encode(value), status=status, content_type="application/json")
