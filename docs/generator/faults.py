"""The page of faults: what benchrace does about each, and which tests show it."""

from pathlib import Path

import msgspec

from docs.generator.markdown import page, table

ROWS = Path(__file__).with_name("faults.toml")

HEAD = """\
What can go wrong, what benchrace does then, and how that is tested. [What delivery
promises](../explanation/delivery.md) explains the first two tables, and [Recover and
reindex](../how-to/recover-and-reindex.md) says what you can do yourself."""


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`tests` name a file and a function each; `untested` says what is not tested, and why."""

    fault: str
    behaviour: str
    tests: tuple[str, ...] = ()
    untested: str = ""


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str
    fault: tuple[Fault, ...]


class _Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    section: tuple[Section, ...]


def sections() -> tuple[Section, ...]:
    """Return all faults, by topic."""
    return msgspec.toml.decode(ROWS.read_bytes(), type=_Rows).section


def render() -> str:
    """Render the page."""
    parts = []
    for section in sections():
        parts += [
            f"## {section.title}",
            table(("fault", "what happens", "tests"), map(_row, section.fault)),
        ]
    return page("Faults", HEAD, *parts)


def _row(fault: Fault) -> tuple[str, str, str]:
    shown = [f"`{test}`" for test in fault.tests]
    if fault.untested:
        shown.append(f"Not tested: {fault.untested}")
    return fault.fault, fault.behaviour, "<br>".join(shown)
