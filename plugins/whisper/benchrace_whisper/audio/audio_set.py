"""The audio of a lane: one file, a folder, or a manifest, with references where there are any."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchrace.plugin import FieldError, InvalidInput
from benchrace_whisper.audio.folders import SAMPLES, find, is_inside, is_sample

MAX_FILES = 10_000
_MAX_SUGGESTED = 200
_MAX_LISTED = 2_000
_MAX_MANIFEST = 32 * 1024 * 1024
_MAX_REFERENCE = 1024 * 1024
_MANIFESTS = (".jsonl", ".csv", ".tsv")
_SOUNDS = frozenset(
    f".{ending}"
    for ending in (
        *("aac", "aiff", "flac", "m4a", "mka", "mkv", "mov", "mp3"),
        *("mp4", "oga", "ogg", "opus", "wav", "webm", "wma"),
    )
)
# As NeMo, Hugging Face data sets and Common Voice name them.
_FILE_KEYS = ("audio", "file", "audio_filepath", "file_name", "path")
_TEXT_KEYS = ("text", "reference", "transcript", "transcription", "sentence")
_LANGUAGE_KEYS = ("language", "lang", "locale")


class Clip(NamedTuple):
    """A file to transcribe: `reference` is None without one, `language` as its manifest says."""

    name: str
    path: Path
    reference: str | None = None
    language: str | None = None


def find_clips(audio: str, reference: str, folders: Sequence[Path]) -> tuple[Clip, ...]:
    """Return the files that the parameters name; raises `validation` or `missing_asset`."""
    path = find(audio, folders)
    if path.is_dir():
        clips = tuple(_folder(path, audio, folders))
    elif path.suffix.lower() in _MANIFESTS:
        clips = tuple(_manifest(path, folders))
    else:
        return (Clip(path.name, path, reference.strip() or _beside(path, folders)),)
    if not clips:
        raise _bad(f"{audio!r:.200} has no audio files in it")
    if reference.strip():
        text = "a set of files takes its references from its manifest, or from .txt files"
        raise InvalidInput(FieldError("reference", text))
    return clips


def suggestions(folders: Sequence[Path]) -> tuple[str, ...]:
    """Return what a lane may name: the samples, and what lies directly in the folders; blocks.

    A folder is named if it has audio files. There may be more than are listed.
    """
    names: list[str] = []
    for folder in folders:
        try:
            paths = sorted(islice(folder.iterdir(), _MAX_LISTED))
            names += [path.name for path in paths if _nameable(path)]
        except OSError:
            # It is made by whoever has recordings.
            continue
    return (*SAMPLES, *dict.fromkeys(names))[:_MAX_SUGGESTED]


def _nameable(path: Path) -> bool:
    if path.suffix.lower() in _SOUNDS or path.suffix.lower() in _MANIFESTS:
        return True
    listed = islice(path.iterdir(), _MAX_LISTED) if path.is_dir() else ()
    return any(file.suffix.lower() in _SOUNDS for file in listed)


def _folder(folder: Path, audio: str, folders: Sequence[Path]) -> Iterator[Clip]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in _SOUNDS)
    if len(paths) > MAX_FILES:
        raise _bad(f"{audio!r:.200} has {len(paths)} files; the limit is {MAX_FILES}")
    for path in paths:
        # A link may lead out of the folder.
        if path.resolve().is_relative_to(folder) and path.is_file():
            yield Clip(path.name, path, _beside(path, folders))


def _beside(path: Path, folders: Sequence[Path]) -> str | None:
    """Return the text of the file of the same name that ends in .txt."""
    text = path.with_suffix(".txt")
    # A link may lead out of the folders, and a pipe has no end.
    if not text.is_file():
        return None
    if not is_inside(text, [path.parent] if is_sample(path) else folders):
        raise _bad(f"{text.name} is outside of the audio folders")
    try:
        with text.open("rb") as file:
            data = file.read(_MAX_REFERENCE + 1)
    except OSError:
        return None
    if len(data) > _MAX_REFERENCE:
        raise _bad(f"{text.name} is larger than 1 MiB")
    return data.decode("utf-8-sig", "replace").strip()


def _manifest(path: Path, folders: Sequence[Path]) -> Iterator[Clip]:
    with path.open("rb") as file:
        data = file.read(_MAX_MANIFEST + 1)
    if len(data) > _MAX_MANIFEST:
        raise _bad(f"{path.name} is larger than 32 MiB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _bad(f"{path.name} is not UTF-8") from None
    rows = _jsonl(text, path.name) if path.suffix.lower() == ".jsonl" else _table(text, path)
    for number, row in rows:
        if number > MAX_FILES + 1:
            raise _bad(f"{path.name} has more than {MAX_FILES} files")
        yield _clip(row, f"{path.name}, line {number}", path.parent, folders)


def _jsonl(text: str, name: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield number, msgspec.json.decode(line, type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise _bad(f"{name}, line {number}: {error}") from error


def _table(text: str, path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    tabs = path.suffix.lower() == ".tsv"
    # A tab-separated file has no quotes; a comma-separated one may.
    style: Any = {"delimiter": "\t", "quoting": csv.QUOTE_NONE} if tabs else {}
    try:
        reader = csv.DictReader(io.StringIO(text), **style)
        yield from ((reader.line_num, row) for row in reader)
    except csv.Error as error:
        raise _bad(f"{path.name}: {error}") from error


def _clip(row: Mapping[str, Any], where: str, base: Path, folders: Sequence[Path]) -> Clip:
    named = _first(row, _FILE_KEYS)
    if not named:
        raise _bad(f"{where} names no file: it needs one of {', '.join(_FILE_KEYS)}")
    path = find(named, folders, base=base)
    text = _first(row, _TEXT_KEYS)
    return Clip(path.name, path, _beside(path, folders) if text is None else text, _language(row))


def _language(row: Mapping[str, Any]) -> str | None:
    # A locale such as en-GB is the language and a country.
    name = (_first(row, _LANGUAGE_KEYS) or "").replace("_", "-").partition("-")[0]
    return name.strip().lower() or None


def _first(row: Mapping[str, Any], keys: Sequence[str]) -> str | None:
    return next((row[key] for key in keys if isinstance(row.get(key), str)), None)


def _bad(message: str) -> InvalidInput:
    return InvalidInput(FieldError("audio", message))
