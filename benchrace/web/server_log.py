"""The log of a serving process: one line per record, without secrets, of bounded size.

Whoever reaches a port can have something written here, so that no text may end its line.
"""

import json
import logging
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchrace import permissions
from benchrace.redaction import redact
from benchrace.store import service_log

MAX_MESSAGE = 4000
# Control characters, marks that turn text around, line separators, halves of characters.
_UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NAMED = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


class LineFormatter(logging.Formatter):
    """Escapes and redacts; a traceback stands indented below its line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of one record."""
        head = f"{self.formatTime(record)} {record.levelname} {record.name}: "
        line = _cut(head + escape(redact(record.getMessage())))
        below = []
        if record.exc_info:
            below = redact(self.formatException(record.exc_info)).split("\n")
        return "\n".join([line, *(f"    {escape(part)}" for part in below)])


class JsonFormatter(logging.Formatter):
    """One JSON object a line, for programs that collect logs; redacted and cut as text is."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the object of one record; `time` is UTC, `exception` only there after one."""
        at = datetime.fromtimestamp(record.created, UTC)
        line = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": _cut(redact(record.getMessage())),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line)


class ServerLog(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes to standard error; where that is the file `path`, puts it aside when it is full."""

    def __init__(
        self,
        path: Path | None,
        max_bytes: int = service_log.MAX_BYTES,
        *,
        as_json: bool = False,
    ) -> None:
        super().__init__(sys.stderr)
        self.setFormatter(JsonFormatter() if as_json else LineFormatter())
        self._path = path
        self._max_bytes = max_bytes

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record. The handler's lock is held."""
        if self._path is not None:
            try:
                self._rotate(self._path)
            except OSError:
                # A full disk, or a folder that was removed: the file at hand is better than none.
                self.flush()
        super().emit(record)

    def _rotate(self, path: Path) -> None:
        before = os.fstat(2)
        if _is_at(path, before):
            if before.st_size < self._max_bytes:
                return
            service_log.rotate_if_full(path, self._max_bytes)
        # Also where somebody else has moved or removed the file.
        with open(path, "ab", opener=permissions.opener) as file:
            # What is printed goes there too: both streams were given to us as this one file.
            for fd in (1, 2):
                if os.path.samestat(os.fstat(fd), before):
                    os.dup2(file.fileno(), fd)


def _is_at(path: Path, file: os.stat_result) -> bool:
    try:
        return os.path.samestat(file, path.stat())
    except FileNotFoundError:
        return False


def install(path: Path | None, *, as_json: bool = False) -> None:
    """Log to standard error from now on, which is the file `path` for a service started apart."""
    handler = ServerLog(path, as_json=as_json)
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    # It would log each address that is asked.
    logging.getLogger("httpx").setLevel(logging.WARNING)


def _cut(text: str) -> str:
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 1]}…"


def escape(text: str) -> str:
    """Return a text that is one line and moves no cursor."""
    return _UNSAFE.sub(lambda match: _NAMED.get(match[0]) or _escaped(match[0]), text)


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
