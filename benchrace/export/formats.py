"""The formats by name; each is a plain function from a document to bytes."""

from collections.abc import Callable

import msgspec

from benchrace.errors import FieldError, InvalidInput
from benchrace.export import card, markdown, page, parquet, pytest_benchmark, raw_csv, snippet
from benchrace.run.document import RunDocument


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """`suffix` is a file name's, with its dot."""

    name: str
    media_type: str
    suffix: str
    render: Callable[[RunDocument], bytes]


def whole(run: RunDocument) -> bytes:
    """Return the whole document as indented JSON."""
    return msgspec.json.format(msgspec.json.encode(run), indent=2) + b"\n"


FORMATS = {
    format_.name: format_
    for format_ in (
        Format(name="json", media_type="application/json", suffix=".json", render=whole),
        Format(name="csv", media_type="text/csv", suffix=".csv", render=raw_csv.render),
        Format(name="report", media_type="text/html", suffix=".html", render=page.render),
        Format(name="card", media_type="image/svg+xml", suffix=".svg", render=card.render),
        Format(name="markdown", media_type="text/markdown", suffix=".md", render=markdown.render),
        Format(name="snippet", media_type="text/markdown", suffix=".md", render=snippet.render),
        Format(
            name="pytest-benchmark",
            media_type="application/json",
            suffix=".json",
            render=pytest_benchmark.render,
        ),
        Format(
            name="parquet",
            media_type="application/vnd.apache.parquet",
            suffix=".parquet",
            render=parquet.render,
        ),
    )
}


# Endings of files that name a format as well.
ALIASES = {"html": "report", "md": "markdown", "svg": "card"}


def format_of(name: str) -> Format:
    """Find a format by name or alias; raises `InvalidInput`."""
    chosen = FORMATS.get(ALIASES.get(name, name))
    if chosen is None:
        names = ", ".join(FORMATS)
        raise InvalidInput(FieldError("format", f"unknown format {name[:64]!r} (known: {names})"))
    return chosen


def render(name: str, run: RunDocument) -> bytes:
    """Render in the format of that name; raises `InvalidInput` for an unknown one."""
    return format_of(name).render(run)
