"""Run llama.cpp's programs for what they print: their version, and their devices."""

import re
import subprocess
from collections.abc import Sequence

import anyio

_LIMIT_S = 10.0
# Newer builds print a version of their own before the build.
_VERSIONS = (
    re.compile(r"version: \S+ \(build (\d+), commit ([^)]*)\)"),
    re.compile(r"version: (\d+)(?: \(([^)]*)\))?"),
)
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
    """Return the build that the output of --version names, as the server itself writes it."""
    for version in _VERSIONS:
        if (match := version.search(text)) is not None:
            return f"b{match[1]}-{match[2] or 'unknown'}"
    return None
