"""Write the reference and the page's types from the code: `python -m docs.reference.generate`."""

import sys
from collections.abc import Callable
from pathlib import Path

from docs.generator import (
    cli,
    configuration,
    events,
    faults,
    files,
    hooks,
    http_api,
    metrics,
    prometheus,
    typescript,
)

HERE = Path(__file__).resolve().parent
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli.render,
    "configuration.md": configuration.render,
    "events.md": events.render,
    "faults.md": faults.render,
    "files.md": files.render,
    "hooks.md": hooks.render,
    "http-api.md": http_api.render,
    "metrics.md": metrics.render,
    "prometheus.md": prometheus.render,
}
TYPES = "ui/src/lib/api/generated"


def generated() -> dict[Path, str]:
    """Return the text of each generated file."""
    pages = {HERE / name: render() for name, render in PAGES.items()}
    types = {HERE.parents[1] / TYPES / name: text for name, text in typescript.render().items()}
    return {**pages, **types}


def main() -> None:
    """Write every file that has changed, delete modules that are left over, and list them."""
    written = generated()
    for path, text in written.items():
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            sys.stdout.write(f"wrote {path.relative_to(HERE.parents[1])}\n")
    for path in sorted(set((HERE.parents[1] / TYPES).glob("*.ts")) - set(written)):
        path.unlink()
        sys.stdout.write(f"deleted {path.relative_to(HERE.parents[1])}\n")


if __name__ == "__main__":
    main()
