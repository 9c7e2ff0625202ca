"""Run specifications from a file or from options."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import Any, Literal

from benchrace.cli.race.spec import prompt_file
from benchrace.config.document import read
from benchrace.errors import FieldError, InvalidInput
from benchrace.run.spec import LaneSpec, RunSpec

MAX_ROUNDS = 100_000
# Keys of a lane that name several machines.
_MACHINES = ("clients", "workers")
_OWN = {"machine": "machine_id", "backend": "backend", "label": "label"}


def read_spec(path: Path) -> RunSpec:
    """Read a TOML, YAML or JSON file; an error names file, line and key."""
    return read(path, RunSpec)


def params(options: Sequence[str]) -> dict[str, Any]:
    """Read `-p KEY=VALUE` options; values stay text, central reads them by the schema.

    `@file` stands for what is in it.
    """
    params: dict[str, Any] = {}
    for option in options:
        key, value = _pair(option, "-p")
        _refuse_twice(key, params, f"-p {option}")
        params[key] = prompt_file.value(value, f"-p {key}")
    return params


def lane(option: str) -> LaneSpec:
    """Read `KEY=VALUE,KEY=VALUE`; a comma after a backslash belongs to the value.

    Several machines are written `workers=one+two`.
    """
    own: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    for part in _split(option):
        key, value = _pair(part, "--lane")
        _refuse_twice(key, {*rest, *own, *(name for name in _OWN if _OWN[name] in own)}, "--lane")
        if key in _OWN:
            own[_OWN[key]] = value
        elif key in _MACHINES:
            own[key] = _machines(key, value)
        else:
            rest[key] = prompt_file.value(value, f"--lane {key}")
    return LaneSpec(**own, params=rest)


def rounds(text: str) -> int | Literal["auto"]:
    """Read a number of rounds, or `auto`."""
    if text == "auto":
        return "auto"
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_ROUNDS:
        return int(text)
    raise InvalidInput(FieldError("--rounds", f"expected 1 to {MAX_ROUNDS}, or auto; got {text!r}"))


def _machines(key: str, value: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in value.split("+"))
    if not all(names):
        text = f"invalid list of machines {value!r} (e.g. {key}=mac1+mac2)"
        raise InvalidInput(FieldError(f"--lane {key}", text))
    return names


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


def _refuse_twice(key: str, seen: Container[str], option: str) -> None:
    if key in seen:
        raise InvalidInput(
            FieldError(option, f"duplicate key {key}"),
            "Give it once; use a second --lane for another lane.",
        )


def _pair(text: str, option: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        example = "machine=mac1,model=NAME" if option == "--lane" else "max_tokens=256"
        raise InvalidInput(
            FieldError(option, f"expected KEY=VALUE, got {text!r} (e.g. {example})"),
            r"Write a comma that belongs to a value as \,." if option == "--lane" else None,
        )
    return key.strip(), value.strip()
