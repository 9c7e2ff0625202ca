"""Values from files: `prompt=@file` is what is in it, `prompts=@folder/*.txt` a list of texts,
`prompt=@-` what comes on standard input.
"""

import sys
from pathlib import Path

from benchrace.errors import FieldError, InvalidInput

MOST_BYTES = 1 << 20
MOST_FILES = 256
_REMEDY = "Give a text file in UTF-8, or write @@ where a value begins with an @ of its own."


def value(said: str, option: str) -> str | list[str]:
    """Read what `@` points at; `@@` stands for one @. Raises `InvalidInput`.

    The last line's end is left out: editors put it there, and it would be a token.
    """
    if not said.startswith("@"):
        return said
    if said.startswith("@@"):
        return said[1:]
    if said == "@-":
        return _decoded(sys.stdin.buffer.read(MOST_BYTES + 1), "standard input", option)
    path = Path(said[1:])
    if not any(each in path.name for each in "*?["):
        return _text(path, option)
    found = sorted(each for each in path.parent.glob(path.name) if each.is_file())
    if not 0 < len(found) <= MOST_FILES:
        raise _bad(option, f"{path} stands for {len(found)} files; from 1 to {MOST_FILES} are")
    return [_text(each, option) for each in found]


def _text(path: Path, option: str) -> str:
    try:
        with path.open("rb") as file:
            held = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _bad(option, f"{path}: {error.strerror or error}") from error
    return _decoded(held, str(path), option)


def _decoded(held: bytes, source: str, option: str) -> str:
    if len(held) > MOST_BYTES:
        raise _bad(option, f"{source} is larger than {MOST_BYTES} bytes")
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(option, f"{source} is no text in UTF-8: byte {error.start}") from error
    return text.replace("\r\n", "\n").removesuffix("\n")


def _bad(option: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError(option, message), _REMEDY)
