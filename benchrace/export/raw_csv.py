"""Raw rounds as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io
import re

from benchrace.export.rows import COLUMNS, Cell, rows
from benchrace.run.document import RunDocument

# A spreadsheet takes text that begins so for a formula, and would run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# Line ends and tabs may stay; a terminal would obey the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def render(run: RunDocument) -> bytes:
    """Render a header and one line per round and metric, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(run):
        writer.writerow([_guarded(cell) for cell in row])
    # Foreign text may hold lone surrogates, which UTF-8 cannot.
    return text.getvalue().encode(errors="replace")


def _guarded(cell: Cell) -> Cell:
    """Prefix an apostrophe to text that a spreadsheet would compute."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case str():
            text = _CONTROL.sub("", cell)
            return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text
        case _:
            return cell
