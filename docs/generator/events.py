"""The page of events: the envelope, each tag, and what its payload holds."""

from collections.abc import Iterable
from typing import get_args

import msgspec

from benchrace.errors import REMEDY, Category
from benchrace.events import MAX_LINE_BYTES, PROTOCOL_MAJOR, PROTOCOL_MINOR, TERMINAL_TYPES
from benchrace.events.envelope import Envelope, Known
from docs.generator import structs
from docs.generator.markdown import page, table

HEAD = """\
Everything that happens in a run is an event: one JSON object on one line, at most {limit} KiB, in
the run's `events.ndjson`. This is protocol {version}. Only another major version is refused; a
tag that a reader does not know is kept and passed on as it is.

An event is the envelope below, `type`, which is its tag, and `payload`. The streams `work` (the
worker) and `agent` belong to a job, `central` to the run. One stream has one writer, and its
`seq` has no gaps, so a line that comes twice is known by `job_id`, `stream` and `seq` and
dropped.

The last event of a job is one of {terminal}, and nothing of that job's work follows it."""


def render() -> str:
    """Render the page."""
    tags: list[type[msgspec.Struct]] = list(get_args(Known))
    payloads = {_tag(tag): structs.field_type(tag, "payload") for tag in tags}
    shared = _shared(payloads.values())
    return page(
        "Events",
        HEAD.format(
            limit=MAX_LINE_BYTES // 1024,
            version=f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}",
            terminal=", ".join(f"`{item}`" for item in sorted(TERMINAL_TYPES)),
        ),
        structs.section(Envelope, 2, "The envelope"),
        "## The tags",
        *(structs.section(payload, 3, f"`{tag}`") for tag, payload in payloads.items()),
        "## What payloads hold",
        *(structs.section(item) for item in shared),
        "## Categories of failure",
        "The same list applies to events, answers and messages; each category has a remedy.",
        table(("category", "remedy"), ((f"`{item}`", REMEDY[item]) for item in Category)),
    )


def _tag(event: type[msgspec.Struct]) -> str:
    return str(event.__struct_config__.tag)


def _shared(payloads: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    own = list(payloads)
    structs_ = dict.fromkeys(deep for struct in own for deep in structs.inner(struct))
    return [struct for struct in structs_ if struct not in own]
