"""Live output in batches: pieces of text, thinned progress. Never measured from."""

import os
import threading
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVarTuple

from benchrace.clock import Clock
from benchrace.redaction import redact
from benchrace.worker.lanes.alarm import Alarm, Later

Ts = TypeVarTuple("Ts")
MAX_CHARS = 16_384
_PROGRESS_NS = 33_000_000


def clean(text: str) -> str:
    """Make any text safe to encode: invalid Unicode becomes a question mark."""
    return str(text).encode("utf-8", "replace").decode()


def cut(text: str) -> str:
    """Clean and redact `text` and keep its first `MAX_CHARS` characters."""
    text = redact(clean(text))
    return text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "…"


class Flush:
    """When a batch of text is shown: at so many characters, or after so many seconds."""

    def __init__(self, chars: int = 64, seconds: float = 0.1) -> None:
        self.chars = max(1, min(chars, MAX_CHARS))
        self.seconds = max(0.0, seconds)

    @classmethod
    def from_environment(cls) -> "Flush":
        """Read `BENCH_STREAM_FLUSH_CHARS` and `_SECONDS`; an invalid number leaves the default."""
        flush = cls()
        try:
            chars = int(os.environ.get("BENCH_STREAM_FLUSH_CHARS", flush.chars))
            seconds = float(os.environ.get("BENCH_STREAM_FLUSH_SECONDS", flush.seconds))
        except ValueError:
            return flush
        return cls(chars, seconds)


class Display(NamedTuple):
    """When text is shown, and the timer that shows what is held back."""

    flush: Flush
    later: Later


class TextBatch:
    """Gathers pieces of text. Shown at a newline, at `flush.chars`, at age `flush.seconds`.

    `show` receives the text, and how many pieces it was joined from. Where no piece follows, an
    alarm of `later` shows what has reached that age.
    """

    def __init__(
        self,
        show: Callable[[str, int], None],
        clock: Clock,
        flush: Flush,
        later: Later,
    ) -> None:
        self._show = show
        self._clock = clock
        self._flush = flush
        self._alarm = Alarm(later, self._look)
        self._pieces: list[str] = []
        self._length = 0
        self._since_ns = 0
        self._lock = threading.RLock()

    def add(self, text: str) -> None:
        """Add one piece."""
        text = clean(text)
        if not text:
            return
        with self._lock:
            if not self._pieces:
                self._since_ns = self._clock.monotonic_ns()
            self._pieces.append(text)
            self._length += len(text)
            if self._length >= self._flush.chars or "\n" in text:
                self.show()
            else:
                self._look()

    def show(self) -> None:
        """Show all that was gathered."""
        with self._lock:
            text, pieces = "".join(self._pieces), len(self._pieces)
            self._pieces, self._length = [], 0
            for start in range(0, len(text), MAX_CHARS):
                self._show(text[start : start + MAX_CHARS], pieces if start == 0 else 0)

    def _look(self) -> None:
        """Show what is old enough, or set the alarm for when it will be."""
        with self._lock:
            if not self._pieces:
                return
            age_s = (self._clock.monotonic_ns() - self._since_ns) / 1e9
            if age_s >= self._flush.seconds:
                self.show()
            else:
                self._alarm.set(self._flush.seconds - age_s)


class Throttled(Generic[*Ts]):
    """Shows a value once per period, 30 times a second by default, and the last one always.

    One that came too early is shown by the next one, by an alarm of `later`, or by `show`.
    """

    def __init__(
        self,
        show: Callable[[*Ts], None],
        clock: Clock,
        later: Later,
        period_ns: int = _PROGRESS_NS,
    ) -> None:
        self._period_ns = period_ns
        self._show = show
        self._clock = clock
        self._alarm = Alarm(later, self._look)
        self._last_ns: int | None = None
        self._waiting: tuple[*Ts] | None = None
        self._lock = threading.RLock()

    def put(self, *value: *Ts) -> None:
        """Show this value now or later, unless a newer one comes."""
        with self._lock:
            self._waiting = value
            self._look()

    def show(self) -> None:
        """Show the newest value, if it was not."""
        with self._lock:
            if self._waiting is not None:
                waiting, self._waiting = self._waiting, None
                self._last_ns = self._clock.monotonic_ns()
                self._show(*waiting)

    def _look(self) -> None:
        """Show what waits if the last one was shown long enough ago, or set the alarm."""
        with self._lock:
            if self._waiting is None:
                return
            now_ns = self._clock.monotonic_ns()
            due_ns = now_ns if self._last_ns is None else self._last_ns + self._period_ns
            if now_ns >= due_ns:
                self.show()
            else:
                self._alarm.set((due_ns - now_ns) / 1e9)
