"""A configuration file as checked values; an error names the file, the line and the key."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from benchrace import structs
from benchrace.config.explain import Keys, explain, spelt
from benchrace.errors import FieldError, InvalidInput

MAX_BYTES = 1 << 20
T = TypeVar("T")


class BadDocument(InvalidInput):
    """A file that cannot be used; the message begins with `file:line:`."""

    def __init__(
        self, path: Path, line: int | None, field: FieldError, remedy: str | None = None
    ) -> None:
        super().__init__(field, remedy or f"Correct {path} and start again.")
        where = str(path) if line is None else f"{path}:{line}"
        self.message = f"{where}: {field}"
        self.args = (self.message,)
        self.line = line


class Document:
    """One file's content, with the line of each key."""

    def __init__(self, path: Path, data: Any, lines: Mapping[Keys, int]) -> None:
        self.path = path
        self.data = data
        self._lines = dict(lines)

    def decode(self, target: type[T], at: Keys = ()) -> T:
        """Convert what stands at `at`; raises BadDocument at the first thing that does not fit."""
        value = self.data
        for key in at:
            value = value[key]
        try:
            return structs.convert(value, target)
        except msgspec.ValidationError as error:
            keys, message = explain(error, target)
            raise self.bad((*at, *keys), message) from error

    def bad(self, keys: Keys, message: str) -> BadDocument:
        """Create the error for what stands at `keys`, or the nearest above it that has a line."""
        return BadDocument(self.path, self.line(keys), FieldError(spelt(keys), message))

    def line(self, keys: Keys) -> int | None:
        """Return the line of a key, or of the nearest above it."""
        for end in range(len(keys), -1, -1):
            if (line := self._lines.get(keys[:end])) is not None:
                return line
        return None

    def with_data(self, data: Any) -> "Document":
        """Return other data under the same name and lines."""
        return Document(self.path, data, self._lines)

    def moved(self, renames: Mapping[str, Keys]) -> "Document":
        """Return the document with older top-level keys where they belong now, lines included.

        A key that stands in both places is an error: which one was meant is unknown.
        """
        if not isinstance(self.data, dict):
            return self
        data, lines = dict(self.data), dict(self._lines)
        for old, keys in renames.items():
            if old not in data or keys == (old,):
                continue
            value = data.pop(old)
            place = data
            for key in keys[:-1]:
                inner = place.get(str(key))
                place[str(key)] = dict(inner) if isinstance(inner, dict) else {}
                place = place[str(key)]
            if keys[-1] in place:
                raise self.bad((old,), f"cannot be used with {spelt(keys)}, which replaces it")
            place[str(keys[-1])] = value
            if (line := self._lines.get((old,))) is not None:
                lines[keys] = line
        return Document(self.path, data, lines)


def open_document(path: Path) -> Document:
    """Read a file by its suffix: `.yaml`, `.yml`, `.toml` or `.json`. Blocks."""
    text = _text(path)
    match path.suffix.lower():
        case ".yaml" | ".yml":
            return Document(path, *_yaml(path, text))
        case ".toml":
            return Document(path, *_toml(path, text))
        case ".json":
            return Document(path, *_json(path, text))
        case other:
            message = f"a file ending in {other or 'nothing'} cannot be read"
            raise BadDocument(path, None, FieldError("", f"{message}: use .yaml, .toml or .json"))


def read(path: Path, target: type[T]) -> T:
    """Read a whole file as one value: `read(Path("race.toml"), RunSpec)`. Blocks."""
    return open_document(path).decode(target)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        field = FieldError("", "file not found")
        raise BadDocument(path, None, field, "Correct the path.") from error
    except OSError as error:
        message = f"cannot be read: {error.strerror or error}"
        raise BadDocument(path, None, FieldError("", message)) from error
    if len(content) > MAX_BYTES:
        raise BadDocument(path, None, FieldError("", f"is over the limit of {MAX_BYTES} bytes"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadDocument(path, line, FieldError("", "is not UTF-8")) from error


def _yaml(path: Path, text: str) -> tuple[Any, dict[Keys, int]]:
    # PyYAML takes longer to import than most commands run, and most files are not there.
    from benchrace.config.lines.yaml_nodes import read_yaml

    value = read_yaml(text)
    if value.error is not None:
        raise BadDocument(path, value.line, FieldError(spelt(value.keys), value.error))
    return ({} if value.data is None else value.data), value.lines


def _toml(path: Path, text: str) -> tuple[Any, dict[Keys, int]]:
    # As with YAML: most processes read no such file.
    import tomllib

    from benchrace.config.lines.toml_lines import toml_lines

    try:
        return tomllib.loads(text), toml_lines(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        message, _, place = str(error).partition(" (at line ")
        line = place.split(",")[0]
        shown = message[:1].lower() + message[1:] or "is nested too deeply"
        number = int(line) if line.isdigit() else None
        raise BadDocument(path, number, FieldError("", shown)) from error


def _json(path: Path, text: str) -> tuple[Any, dict[Keys, int]]:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        field = FieldError("", f"is not valid JSON: {error.msg}")
        raise BadDocument(path, error.lineno, field) from error
    except RecursionError as error:
        raise BadDocument(path, None, FieldError("", "is nested too deeply")) from error
    # JSON is YAML once tabs are gone, so the other reader finds lines and duplicate keys.
    from benchrace.config.lines.yaml_nodes import read_yaml

    value = read_yaml(text.replace("\t", " "))
    if value.error is not None:
        raise BadDocument(path, value.line, FieldError(spelt(value.keys), value.error))
    return data, value.lines
