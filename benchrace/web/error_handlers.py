"""Every failure of an application as an answer in JSON."""

import logging
from typing import cast

from quart import Quart, Response
from werkzeug.exceptions import HTTPException

from benchrace.errors import BenchraceError, Category, Failure
from benchrace.web.asgi import types as asgi
from benchrace.web.asgi.types import App, Receive, Scope, Send
from benchrace.web.problem import Problem, body_of, status_of

log = logging.getLogger(__name__)

_HINT = {
    400: "Correct the request.",
    404: "See /openapi.json for the available paths.",
    405: "See /openapi.json for the allowed methods.",
    413: "Send at most 1 MiB in a request.",
    408: "Send the request body faster, or check the network.",
}


def install(app: Quart) -> None:
    """Answer every failure of `app` in JSON."""

    def on_known(error: BenchraceError) -> Response:
        answer = _answer(status_of(error), error.failure())
        if isinstance(error, Problem) and error.retry_after_s is not None:
            answer.headers["Retry-After"] = str(error.retry_after_s)
        return answer

    def on_unknown(error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return _answer(
            500,
            Failure(
                category=Category.SYSTEM,
                message=f"the server failed: {type(error).__name__}",
                remedy="See the server's log for the traceback, and report it.",
            ),
        )

    app.register_error_handler(BenchraceError, on_known)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, on_unknown)
    # Frameworks type their scopes in narrower words of their own.
    app.asgi_app = _without_sockets(cast(App, app.asgi_app))  # type: ignore[method-assign, assignment]


def _without_sockets(app: App) -> App:
    """Answer 404 to every WebSocket that comes as far as the framework, which serves none."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await app(scope, receive, send)
            return
        await receive()
        failure = Failure(
            category=Category.VALIDATION,
            message=f"no WebSocket at {scope['path'][:80]}",
            remedy=_HINT[404],
        )
        await asgi.answer(scope, send, 404, "application/json", body_of(failure))

    return routed


def of_http(error: HTTPException) -> Response:
    """Answer for a failure that the framework found."""
    code = error.code or 500
    message = error.description or error.name
    category = Category.SYSTEM if code >= 500 else Category.VALIDATION
    failure = Failure(
        category=category, message=message, remedy=_HINT.get(code, "Correct the request.")
    )
    return _answer(code, failure)


def _answer(status: int, failure: Failure) -> Response:
    return Response(body_of(failure), status=status, content_type="application/json")
