"""What others show of a link to a run: Open Graph tags for the head of its page.

There is no `og:image`: see docs/decisions/027-link-previews-without-an-image.md.
"""

from benchrace.export.drawing.markup import escaped
from benchrace.export.hardware import hardware_line
from benchrace.export.text import plain
from benchrace.export.title import title
from benchrace.formatting import plural
from benchrace.run.document import RunDocument

MAX_CHARS = 300


def tags(run: RunDocument) -> str:
    """Return the tags; all foreign text is escaped."""
    return "".join(
        f'<meta property="og:{name}" content="{escaped(_short(text))}">\n'
        for name, text in (
            ("type", "website"),
            ("site_name", "benchrace"),
            ("title", _title(run)),
            ("description", _description(run)),
        )
    )


def _title(run: RunDocument) -> str:
    if run.result is None or not run.state.final:
        return title(run)
    lead = ", ".join(filter(None, (run.result.headline, run.result.margin)))
    return f"{lead} · {title(run)}"


def _description(run: RunDocument) -> str:
    where = hardware_line(run)
    if run.result is None or not run.state.final:
        return f"{plural(len(run.lanes), 'lane')}, {run.state}. {where}"
    return f"{run.result.detail}. {run.result.confidence.text} {where}"


def _short(text: str) -> str:
    line = plain(text)
    return line if len(line) <= MAX_CHARS else f"{line[: MAX_CHARS - 1]}…"
