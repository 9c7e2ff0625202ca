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
    """Give the page."""
    tags: list[type[msgspec.Struct]] = list(get_args(Known))
    payloads = {_tag(each): structs.field_type(each, "payload") for each in tags}
    shared = _shared(payloads.values())
    return page(
        "Events",
        HEAD.format(
            limit=MAX_LINE_BYTES // 1024,
            version=f"{PROTOCOL_MAJOR}.{PROTOCOL_MINOR}",
            terminal=", ".join(f"`{each}`" for each in sorted(TERMINAL_TYPES)),
        ),
        structs.section(Envelope, 2, "The envelope"),
        "## The tags",
        *(structs.section(payload, 3, f"`{tag}`") for tag, payload in payloads.items()),
        "## What payloads hold",
        *(structs.section(each) for each in shared),
        "## Categories of failure",
        "One list for events, answers and messages; each has a remedy for those who read it.",
        table(("category", "remedy"), ((f"`{each}`", REMEDY[each]) for each in Category)),
    )


def _tag(event: type[msgspec.Struct]) -> str:
    return str(event.__struct_config__.tag)


def _shared(payloads: Iterable[type[msgspec.Struct]]) -> list[type[msgspec.Struct]]:
    own = list(payloads)
    found = dict.fromkeys(deep for each in own for deep in structs.inner(each))
    return [each for each in found if each not in own]
