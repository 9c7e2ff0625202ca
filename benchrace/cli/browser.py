"""Opening the page: only where there is one, and a person with a display to see it."""

import os
import sys
from collections.abc import Mapping
from importlib import util

PAGE = "benchrace_ui"


def show(url: str) -> bool:
    """Open `url` in the person's browser where that makes sense; tell whether it was asked to."""
    if not (sys.stdout.isatty() and has_page() and has_display(os.environ, sys.platform)):
        return False
    import webbrowser

    return webbrowser.open(url)


def has_page() -> bool:
    """Tell whether the page's distribution is installed."""
    return util.find_spec(PAGE) is not None


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Tell whether a window would open in front of the person who typed."""
    if "SSH_CONNECTION" in environ or "SSH_TTY" in environ:
        return False
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
