"""The server's answers: a transcript with segments, or its text alone; models; errors."""

from collections.abc import Iterator
from typing import Any

import msgspec

from benchrace.plugin import BenchraceError, Category, parse_json
from benchrace_whisper.languages import code_of

_MAX_CHARS = 300


class Piece(msgspec.Struct, frozen=True):
    """A segment of an answer, times in s."""

    start: float
    end: float
    text: str


class Answer(msgspec.Struct, frozen=True):
    """A transcript; without segments it is one that spans the whole file."""

    pieces: tuple[Piece, ...]
    language: str | None
    timed: bool


def read_answer(data: bytes, audio_s: float) -> Answer:
    """Read a transcript; raises `bad_output` for anything else."""
    body = _object(data)
    text = body.get("text")
    if not isinstance(text, str):
        raise _bad("it has no text")
    segments = body.get("segments")
    pieces = tuple(_pieces(segments)) if isinstance(segments, list) else ()
    timed = bool(pieces)
    if not pieces and text.strip():
        pieces = (Piece(0.0, audio_s, text),)
    language = body.get("language")
    if not isinstance(language, str):
        return Answer(pieces, None, timed)
    return Answer(pieces, code_of(language) or language.strip().lower() or None, timed)


def read_models(data: bytes) -> tuple[str, ...]:
    """Return the names in a list of models; raises `bad_output` if it is none."""
    listed = _object(data).get("data")
    if not isinstance(listed, list):
        raise _bad("its list of models has no data")
    names = [item.get("id") for item in listed if isinstance(item, dict)]
    return tuple(name for name in names if isinstance(name, str) and name)


def refusal(status: int, data: bytes, model: str) -> BenchraceError:
    """Return the meaning of an error response."""
    words = _words(data) or "it gives no reason"
    low = words.lower()
    if status in (401, 403):
        return BenchraceError(
            Category.VALIDATION,
            f"the server refuses the key ({status}): {words}",
            "Set api_key_env in the table transcription-server of agent.yaml.",
        )
    if "model" in low and (status == 404 or "not files" in low or "does not exist" in low):
        text = f"the server has no model {model!r:.200}: {words}"
        return BenchraceError(Category.MISSING_MODEL, text)
    if status in (404, 405):
        return BenchraceError(
            Category.VALIDATION,
            f"the server has no /audio/transcriptions ({status})",
            "Correct its base_url, or start it with a speech model.",
        )
    if "out of memory" in low:
        return BenchraceError(Category.OUT_OF_MEMORY, f"the server ran out of memory: {words}")
    if status == 413:
        text = f"the server takes no file of this size: {words}"
        return BenchraceError(Category.VALIDATION, text, "Raise its limit, or split the audio.")
    if status in (400, 422):
        text = f"the server rejects the request ({status}): {words}"
        return BenchraceError(Category.VALIDATION, text, "Correct the parameter that it names.")
    if status == 429:
        return BenchraceError(Category.BUSY, f"the server is busy: {words}", "Try again later.")
    return BenchraceError(Category.STREAM_ERROR, f"the server answers {status}: {words}")


def _pieces(segments: list[Any]) -> Iterator[Piece]:
    for segment in segments:
        if not isinstance(segment, dict):
            raise _bad("a segment must be an object")
        start, end, text = segment.get("start"), segment.get("end"), segment.get("text")
        if not (
            isinstance(start, int | float)
            and isinstance(end, int | float)
            and isinstance(text, str)
        ):
            raise _bad("a segment lacks start, end or text")
        yield Piece(float(start), float(end), text)


def _words(data: bytes) -> str:
    try:
        body = parse_json(data)
    except (msgspec.DecodeError, ValueError):
        return " ".join(data.decode("utf-8", "replace").split())[:_MAX_CHARS]
    files = body
    for key in ("error", "message", "detail"):
        if isinstance(files, dict) and key in files:
            files = files[key]
    return " ".join(str(files).split())[:_MAX_CHARS]


def _object(data: bytes) -> dict[str, Any]:
    try:
        body = parse_json(data)
    except (msgspec.DecodeError, ValueError) as error:
        raise _bad(f"invalid JSON: {error}") from error
    if not isinstance(body, dict):
        raise _bad("expected an object")
    return body


def _bad(reason: str) -> BenchraceError:
    return BenchraceError(
        Category.BAD_OUTPUT,
        f"the server did not answer with a transcript: {reason}",
        "Check that base_url is a server with OpenAI's /v1/audio/transcriptions.",
    )
