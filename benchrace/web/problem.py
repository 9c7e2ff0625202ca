"""Failures as answers: always JSON, always with what to do."""

import logging

import msgspec
from quart import Quart, Response
from werkzeug.exceptions import HTTPException

from benchrace.errors import BenchraceError, Category, Failure, NotFound

log = logging.getLogger(__name__)

_STATUS = {
    Category.VALIDATION: 422,
    Category.BUSY: 409,
    Category.CANCELLED: 409,
    Category.UNREACHABLE: 503,
    Category.DISK_FULL: 507,
}

_HINT = {
    400: "Correct the request.",
    404: "Look at /openapi.json for what there is.",
    405: "Look at /openapi.json for the method.",
    413: "Send less: a request may have 1 MiB.",
    408: "Send the request's body faster.",
}


class Problem(BenchraceError):
    """A failure whose HTTP status its category does not tell."""

    def __init__(self, status: int, category: Category, message: str, remedy: str) -> None:
        super().__init__(category, message, remedy)
        self.status = status


def status_of(error: BenchraceError) -> int:
    """Give the HTTP status of a failure."""
    match error:
        case Problem():
            return error.status
        case NotFound():
            return 404
        case _:
            return _STATUS.get(error.category, 500)


def body_of(failure: Failure) -> bytes:
    """Encode `{"error": {category, message, remedy, fields, detail}}`."""
    return msgspec.json.encode({"error": failure})


def install(app: Quart) -> None:
    """Make every failure of `app` an answer in JSON."""

    def known(error: BenchraceError) -> Response:
        return _answer(status_of(error), error.failure())

    def unknown(error: Exception) -> Response:
        log.error("a request failed", exc_info=error)
        return _answer(
            500,
            Failure(
                category=Category.SYSTEM,
                message=f"the server failed: {type(error).__name__}",
                remedy="Look at the server's log for the traceback, and report it.",
            ),
        )

    app.register_error_handler(BenchraceError, known)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(Exception, unknown)


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
