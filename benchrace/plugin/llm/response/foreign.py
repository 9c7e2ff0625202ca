"""Explain a response that is not the stream of an answer: an error, a web page, or plain text."""

import re
from typing import Protocol

from benchrace.errors import BenchraceError, Category
from benchrace.plugin.llm.response import error_body
from benchrace.plugin.llm.response.words import words

_PAGE = re.compile(r"(?i)<!doctype html|<html|<head|<body")
_TITLE = re.compile(r"(?is)<title[^>]*>(.*?)</title>")
_TAGS = re.compile(r"(?is)<(script|style)\b.*?(</\1\s*>|$)|<[^>]*>|<[^>]*$")
# The status of an error in a successful response.
SUCCESS = 200


class ErrorParser(Protocol):
    """The part of a protocol that interprets an engine's errors."""

    def refusal(self, status: int, text: str) -> BenchraceError: ...


def failure(parser: ErrorParser, text: str) -> BenchraceError:
    """Return the meaning of a body that should have been a stream; `text` may be truncated."""
    if error_body.parse(text) is not None:
        return parser.refusal(SUCCESS, text)
    if _PAGE.search(text[:1024]):
        return BenchraceError(
            Category.BAD_OUTPUT,
            f"the address answers with a web page: {page_words(text)}",
            "Correct the address: it is not the engine's own, or a proxy requires a login.",
            detail=text[:500],
        )
    if text.lstrip()[:1] in ("{", "["):
        return BenchraceError(
            Category.BAD_OUTPUT,
            f"the server answered in one piece instead of a stream: {words(text, 300)}",
            "Update the server, or connect to it without a proxy: it ignored `stream`.",
            detail=text[:500],
        )
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"the server answered with text instead of a stream: {words(text, 300)}",
        "Correct the address: it is not the engine's own, or it is behind a proxy.",
        detail=text[:500],
    )


def error_of(text: str) -> error_body.ErrorBody:
    """Return the error that a body reports: JSON, a web page, or plain text."""
    error = error_body.parse(text)
    if error is not None:
        return error
    page = _PAGE.search(text[:1024])
    return error_body.ErrorBody(message=page_words(text) if page else words(text))


def page_words(text: str) -> str:
    """Return the title of a web page, or else its text."""
    match = _TITLE.search(text)
    title = words(match.group(1), 200) if match else ""
    return title or words(_TAGS.sub(" ", text), 200) or "an empty page"
