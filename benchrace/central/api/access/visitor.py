"""The visitor of a route: the request, what it may do, and how it is refused."""

from typing import cast

import anyio
from quart import request

from benchrace.api.session import Right
from benchrace.errors import Category
from benchrace.web.asgi.types import Scope, peer
from benchrace.web.auth.access import Refusal, right_of, too_many, watching
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.problem import Problem

# A wrong token or code is answered this late.
WRONG_S = 0.5


def scope() -> Scope:
    """Return the ASGI scope of the request."""
    return cast(Scope, request.scope)


def check_operator() -> None:
    """Raise 403 for a watcher, who may read everything else."""
    if right_of(scope()) is not Right.OPERATE:
        raise problem(watching())


def check_attempts(attempts: Attempts) -> None:
    """Raise 429 where too many wrong tokens or codes came from the visitor's address."""
    if wait_s := attempts.wait_s(peer(scope())):
        raise problem(too_many(wait_s))


async def count_wrong(attempts: Attempts, shown: str) -> None:
    """Count a wrong token or code of the visitor, who waits for the answer."""
    attempts.wrong(peer(scope()), shown)
    await anyio.sleep(WRONG_S)


def problem(refusal: Refusal) -> Problem:
    """Return a refusal as an error of a route."""
    return Problem(refusal.status, Category.VALIDATION, refusal.message, refusal.remedy)
