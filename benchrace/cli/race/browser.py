"""Open the page in a browser, where it is installed and there is a display."""

import os
import sys
from collections.abc import Mapping
from importlib import util

PAGE = "benchrace_ui"


def show(url: str) -> bool:
    """Open `url` in the user's browser where possible; return whether a browser was started."""
    if not (sys.stdout.isatty() and has_page() and has_display(os.environ, sys.platform)):
        return False
    import webbrowser

    return webbrowser.open(url)


def has_page() -> bool:
    """Return whether the page's distribution is installed."""
    return util.find_spec(PAGE) is not None


def has_display(environ: Mapping[str, str], platform: str) -> bool:
    """Return whether a window would open on the user's own screen."""
    if "SSH_CONNECTION" in environ or "SSH_TTY" in environ:
        return False
    return platform == "darwin" or bool(environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"))
