"""Hostile names to use in place of ids, and values with them in every place."""

from collections.abc import Iterator
from typing import Any

NAMES = (
    "",
    ".",
    "..",
    "../x",
    "../../../../../../../../../../tmp/x",
    "/etc",
    "//etc",
    "/",
    "a/b",
    "a/../../b",
    "x/..",
    "a\\b",
    "..\\x",
    "C:\\Windows",
    "\\\\host\\share",
    "a:b",
    "CON ",
    "~",
    "~root",
    "-rf",
    ".hidden",
    " ",
    "a b",
    "a\0b",
    "\0",
    "a\nb",
    "j0123456789abcdef\n",
    "2026-11-24_101500_abcdef\n",
    "lane-0\n",
    "\x1b[31m",
    "%2e%2e%2fx",
    "..%2f",
    "a%00b",
    "\u2024\u2024/x",
    "\uff0e\uff0e\uff0fx",
    "\u0661-lane",
    "e\u0301",
    "\u202ex",
    "a" * 65,
    "a" * 5000,
    "../" * 500,
)
# The name of one file on every system that benchrace runs on, but of no job, run or artifact.
NOT_IDS = (
    "CON",
    "nul.",
    "aux.txt",
    "a..b",
    "a",
    "lane-0",
    "J0123456789ABCDEF",
    "2026-11-24_101500_ABCDEF",
)
ID_KEYS = frozenset(
    {"job_id", "run_id", "machine_id", "lane_id", "lane_ids", "sha256", "job", "resume", "backend"}
)
EXACT_KEYS = frozenset({"job_id", "run_id", "sha256", "job", "resume"})


def corrupted(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Yield JSON like `value` for each id in it and each hostile name, and where that is."""
    names = (*NAMES, *NOT_IDS) if key in EXACT_KEYS else NAMES
    match value:
        case str() if key in ID_KEYS:
            yield from ((f"{key}={name[:40]!r}", name) for name in names)
        case list() if key in ID_KEYS and value and isinstance(value[0], str):
            yield from ((f"{key}={name[:40]!r}", [name]) for name in names)
        case list():
            for number, part in enumerate(value):
                for where, bad in corrupted(part, key):
                    yield where, [*value[:number], bad, *value[number + 1 :]]
        case dict():
            if key in ID_KEYS:
                yield from ((f"{key}={name[:40]!r}", {name: {}}) for name in names)
            for name, part in value.items():
                for where, bad in corrupted(part, name):
                    yield f"{name}.{where}", value | {name: bad}
        case _:
            return
