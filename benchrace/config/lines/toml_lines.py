"""The lines of a TOML file's keys, for its error messages; the values come from `tomllib`."""

import re

from benchrace.config.explain import Keys

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"))*)\s*=""")


def toml_lines(text: str) -> dict[Keys, int]:
    """Map each key's path to its line, from 1; inline tables count as their key's line."""
    lines: dict[Keys, int] = {}
    counts: dict[Keys, int] = {}
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _inside(_parts(header[2]), counts)
            if header[1] == "[[":
                index = counts.get(table, -1) + 1
                counts[table] = index
                lines.setdefault(table, number)
                table = (*table, index)
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _inside(parts: tuple[str, ...], counts: dict[Keys, int]) -> Keys:
    """Read `lanes.params` after `[[lanes]]` as inside the latest lane."""
    keys: Keys = ()
    for position, part in enumerate(parts):
        keys = (*keys, part)
        if keys in counts and position < len(parts) - 1:
            keys = (*keys, counts[keys])
    return keys
