"""Show segments in the lane while an engine works, from the loop and not from its thread."""

import anyio

from benchrace.plugin import Context
from benchrace_whisper.transcriber import Recognition, Segment

_PERIOD_S = 0.1


class Display:
    """Segments of a round as lines, and how much of the audio is transcribed."""

    def __init__(self, context: Context, total_s: float, *, many: bool) -> None:
        self._context = context
        self._total_s = total_s
        self._many = many
        self._shown = 0
        self._before_s = 0.0

    def begin(self, name: str) -> None:
        """Begin a file; its name is shown if there are several."""
        self._shown = 0
        if self._many:
            self._context.line(f"{name}:")

    async def follow(self, recognition: Recognition) -> None:
        """Show segments as they arrive, until cancelled."""
        while True:
            await anyio.sleep(_PERIOD_S)
            self.show(recognition)

    def show(self, recognition: Recognition) -> None:
        """Show what is new."""
        segments = recognition.segments[self._shown :]
        for segment in segments:
            self._context.line(line(segment))
        self._shown += len(segments)
        if segments:
            self._progress(self._before_s + segments[-1].end_s)

    def end(self, recognition: Recognition, audio_s: float) -> None:
        """End a file of this length."""
        self.show(recognition)
        self._before_s += audio_s
        self._progress(self._before_s)

    def _progress(self, done_s: float) -> None:
        self._context.progress(round(min(done_s, self._total_s), 3), self._total_s, "s of audio")


def line(segment: Segment) -> str:
    """Format a segment as `[00:00.000 --> 00:02.500] Hello.`, as whisper.cpp does."""
    return f"[{timestamp(segment.start_s)} --> {timestamp(segment.end_s)}] {segment.text}"


def timestamp(seconds: float) -> str:
    """Format a place in the audio: `01:02.500`, with hours only where there are some."""
    ms = round(max(0.0, seconds) * 1000)
    minutes, ms = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{minutes:02d}:{ms // 1000:02d}.{ms % 1000:03d}"
    return f"{hours:d}:{text}" if hours else text
