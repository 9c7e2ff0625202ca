"""Remove folders and credentials of a machine from texts that a result publishes."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

HIDDEN = "(value)"
# Their values name no path, account or host but this one, and tell what was measured.
_HARMLESS = frozenset(
    [
        "--async-offload",
        "--cache-lru",
        "--cache-ram",
        "--cuda-device",
        "--default-device",
        "--directml",
        "--fast",
        "--listen",
        "--port",
        "--preview-method",
        "--preview-size",
        "--reserve-vram",
        "--verbose",
    ]
)
_SECRET = re.compile(r"(?:^|_)(?:api_?key|token|password|secret|credential)s?$", re.IGNORECASE)
# A whole value: within a prompt, a slash is a slash.
_PATH = re.compile(r"(?:file:|~|[A-Za-z]:)?[/\\]")
_USER = re.compile(r"(?<=://)[^/\s@]+@")
# Between quotes, names of folders have spaces, too.
_QUOTED = re.compile(
    r"(?P<quote>[\"'])(?:file:|~|[A-Za-z]:)?[/\\][^\"'\n]*[/\\](?=[^\"'/\\\n]+(?P=quote))"
)
_URL = re.compile(r"\bfile:/{1,3}(?:[\w.+@~:%-]+[/\\]+)*", re.IGNORECASE)
# Separators are doubled where a text quotes a path of Windows, and before the name of a server.
_FOLDERS = re.compile(r"(?<![\w.:/\\])(?:~|[A-Za-z]:)?(?:[/\\]{1,2}[\w.+@~-]+)*[/\\]{1,2}(?=[\w.])")


def scrub(text: str) -> str:
    """Replace the folders of each absolute path: `/home/me/models/x.safetensors` is `.../x...`."""
    text = _QUOTED.sub(r"\g<quote>.../", _USER.sub("", text))
    return _FOLDERS.sub(".../", _URL.sub(".../", text))


def cleaned(value: Any, name: str = "") -> Any:
    """Return the values of a graph without folders of a machine, and without secrets by name."""
    if isinstance(value, Mapping):
        return {key: cleaned(part, str(key)) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [cleaned(part, name) for part in value]
    if isinstance(value, str) and _SECRET.search(name):
        return HIDDEN
    return scrub(value) if isinstance(value, str) and _PATH.match(value) else value


def flags(argv: Iterable[str]) -> str:
    """Return start flags in one line, without the program; values only of harmless ones."""
    return " ".join(_shown(list(argv)[1:]))


def _shown(words: Iterable[str]) -> Iterator[str]:
    flag = ""
    for word in words:
        if not word.startswith("--"):
            yield word if flag in _HARMLESS else HIDDEN
            continue
        flag, equals, _ = word.partition("=")
        yield word if not equals or flag in _HARMLESS else f"{flag}={HIDDEN}"
