"""What a person asks for, from a specification file or from options."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from benchrace.cli import prompt_file
from benchrace.config.document import read
from benchrace.errors import FieldError, InvalidInput
from benchrace.run.spec import LaneSpec, RunSpec

MOST_ROUNDS = 100_000
_OWN = {"machine": "machine_id", "backend": "backend", "label": "label"}


def read_spec(path: Path) -> RunSpec:
    """Read a TOML, YAML or JSON file; an error names file, line and key."""
    return read(path, RunSpec)


def params(options: Sequence[str]) -> dict[str, Any]:
    """Read `-p KEY=VALUE` options; values stay text, central reads them by the schema.

    `@file` stands for what is in it.
    """
    pairs = [_pair(option, "-p") for option in options]
    return {key: prompt_file.value(said, f"-p {key}") for key, said in pairs}


def lane(option: str) -> LaneSpec:
    """Read `KEY=VALUE,KEY=VALUE`; a comma after a backslash belongs to the value."""
    own: dict[str, str] = {}
    rest: dict[str, Any] = {}
    for part in _split(option):
        key, value = _pair(part, "--lane")
        if key in _OWN:
            own[_OWN[key]] = value
        else:
            rest[key] = prompt_file.value(value, f"--lane {key}")
    return LaneSpec(**own, params=rest)


def rounds(text: str) -> int | Literal["auto"]:
    """Read a number of rounds, or `auto`."""
    if text == "auto":
        return "auto"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_ROUNDS:
        return int(text)
    raise InvalidInput(
        FieldError("--rounds", f"expected 1 to {MOST_ROUNDS}, or auto; got {text!r}")
    )


def _split(option: str) -> list[str]:
    parts = [""]
    escaped = False
    for character in option:
        if character == "," and not escaped:
            parts.append("")
        elif character != "\\" or escaped:
            parts[-1] += character
        escaped = character == "\\" and not escaped
    return parts


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InvalidInput(FieldError(option, f"expected KEY=VALUE, got {text!r}"))
    return key.strip(), value.strip()
