"""Paths of central's page and of its login."""

import re

LOGIN = frozenset({"/api/session", "/api/login", "/api/logout"})
PAGES = (
    "/",
    "/inference",
    "/compute",
    "/image",
    "/whisper",
    "/runs",
    "/fleet",
    "/admin",
    "/machines/<name>",
    "/runs/<name>",
    "/runs/<name>/replay",
    "/compare",
)
_CARD = re.compile(r"/api/runs/[^/]+/card\.svg")
_PAGE = re.compile("|".join(path.replace("<name>", "[^/]+") for path in PAGES))


def is_page(path: str) -> bool:
    """Check whether a path is an address of the page, which is the same file for all of them."""
    return _PAGE.fullmatch(path) is not None


def is_card(path: str) -> bool:
    """Check whether a path is the card of a run."""
    return _CARD.fullmatch(path) is not None
