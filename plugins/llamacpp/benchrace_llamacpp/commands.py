"""Run llama.cpp's programs for what they print: their version, and their devices."""

import re
import subprocess
from collections.abc import Sequence

import anyio

_LIMIT_S = 10.0
# Newer builds print a version of their own before the build.
_VERSIONS = (
    re.compile(r"version: \S+ \(build (\d+), commit ([^)]*)\)"),
    re.compile(r"version: (\d+)(?![\w.-])(?: \(([^)]*)\))?"),
)
_UNKNOWN = "unknown"
_BUILD = re.compile(r"b(?P<number>\d+)-(?P<commit>.+)")
# Of one commit, programs print as many digits as git found necessary.
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_MAX_BYTES = 65_536


async def output(words: Sequence[str]) -> str:
    """Return what a short command prints on both streams, "" if it fails or takes too long."""
    try:
        with anyio.fail_after(_LIMIT_S):
            done = await anyio.run_process(
                list(words),
                stdin=subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                check=False,
                start_new_session=True,
            )
    except (OSError, TimeoutError):
        return ""
    return done.stdout[:_MAX_BYTES].decode("utf-8", "replace")


async def build_of(program: str) -> str | None:
    """Return the build of llama-server, None if it does not tell."""
    return build_in(await output([program, "--version"]))


def build_in(text: str) -> str | None:
    """Return the build that the output of --version names, as the server itself writes it.

    None where it names neither a number nor a commit: all such builds would be alike.
    """
    for version in _VERSIONS:
        if (match := version.search(text)) is not None:
            number, commit = int(match[1]), match[2] or _UNKNOWN
            return f"b{number}-{commit}" if number or commit != _UNKNOWN else None
    return None


def differ(one: str | None, other: str | None) -> bool:
    """Check whether two builds are different: by their commits, else by their numbers.

    A clone without its history counts other numbers for the same commit.
    """
    first, second = _BUILD.fullmatch(one or ""), _BUILD.fullmatch(other or "")
    if first is None or second is None:
        return one is not None and other is not None and one != other
    commits = first["commit"], second["commit"]
    if all(map(_COMMIT.fullmatch, commits)):
        return not (commits[0].startswith(commits[1]) or commits[1].startswith(commits[0]))
    numbers = int(first["number"]), int(second["number"])
    return all(numbers) and numbers[0] != numbers[1]
