"""Raw rounds as CSV (RFC 4180), safe to open in a spreadsheet."""

import csv
import io

from benchrace.export.rows import COLUMNS, Cell, rows
from benchrace.run.document import RunDocument

# A spreadsheet takes text that begins so for a formula, and would run it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(run: RunDocument) -> bytes:
    """Give a header and one line a round and metric, in UTF-8."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in rows(run):
        writer.writerow([_guarded(cell) for cell in row])
    # Foreign text may hold lone surrogates, which UTF-8 cannot.
    return text.getvalue().encode(errors="replace")


def _guarded(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would compute."""
    match cell:
        case bool():
            return "true" if cell else "false"
        case str() if cell.lstrip(" \n").startswith(_FORMULA):
            return f"'{cell}"
        case _:
            return cell
