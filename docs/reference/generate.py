"""Write the reference pages from the code: `python -m docs.reference.generate`."""

import sys
from collections.abc import Callable
from pathlib import Path

from docs.generator import cli, configuration, events, files, hooks, http_api, metrics

HERE = Path(__file__).resolve().parent
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.render,
    "configuration.md": configuration.render,
    "events.md": events.render,
    "files.md": files.render,
    "hooks.md": hooks.render,
    "http-api.md": http_api.render,
    "metrics.md": metrics.render,
}


def main() -> None:
    """Write every page that has changed, and say which."""
    for name, render in PAGES.items():
        path, text = HERE / name, render()
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(HERE.parents[1])}\n")


if __name__ == "__main__":
    main()
