"""Values from files: `prompt=@file` is what is in it, `prompts=@folder/*.txt` a list of texts,
`prompt=@-` what comes on standard input.
"""

import sys
from pathlib import Path

from benchrace.errors import FieldError, InvalidInput

MAX_BYTES = 1 << 20
MAX_FILES = 256
_REMEDY = "Use a UTF-8 text file, or write @@ for a value that starts with @."


def value(text: str, option: str) -> str | list[str]:
    """Read what `@` points at; `@@` stands for one @. Raises `InvalidInput`.

    The last line's end is left out: editors put it there, and it would be a token.
    """
    if not text.startswith("@"):
        return text
    if text.startswith("@@"):
        return text[1:]
    if text == "@-":
        return _decoded(sys.stdin.buffer.read(MAX_BYTES + 1), "standard input", option)
    path = Path(text[1:])
    if not any(character in path.name for character in "*?["):
        return _text(path, option)
    paths = sorted(character for character in path.parent.glob(path.name) if character.is_file())
    if not 0 < len(paths) <= MAX_FILES:
        raise _bad(option, f"{path} matches {len(paths)} files; expected 1 to {MAX_FILES}")
    return [_text(character, option) for character in paths]


def _text(path: Path, option: str) -> str:
    try:
        with path.open("rb") as file:
            held = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise _bad(option, f"{path}: {error.strerror or error}") from error
    return _decoded(held, str(path), option)


def _decoded(held: bytes, source: str, option: str) -> str:
    if len(held) > MAX_BYTES:
        raise _bad(option, f"{source} is larger than {MAX_BYTES} bytes")
    try:
        text = held.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(option, f"{source} is not UTF-8 text: byte {error.start}") from error
    return text.replace("\r\n", "\n").removesuffix("\n")


def _bad(option: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError(option, message), _REMEDY)
