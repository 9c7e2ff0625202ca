"""A run as plain lines: one for each finished round and each failure, nothing overwritten."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from benchrace.cli.output.formatting import clean_line
from benchrace.errors import BenchraceError, Category
from benchrace.events import (
    Chunks,
    JobCancelled,
    JobError,
    JobTimeout,
    Known,
    LaneError,
    Level,
    Log,
    Reason,
    RoundDone,
    RoundStart,
    RunLifecycle,
    Unknown,
    decode,
)
from benchrace.formatting import TIMES_NS, duration, quantity
from benchrace.kinds import Estimator
from benchrace.run.metadata import RunMetadata
from benchrace.run.summary import RoundSummary
from benchrace.stats.clients.rounds import ClientRounds
from benchrace.stats.judge import Judge, metrics_of
from benchrace.view.lines import Lines


class Plain:
    """A printer of one plain line per relevant event, without escape codes."""

    def __init__(self, screen: Console, metadata: RunMetadata) -> None:
        self._screen = screen
        self._lines = Lines()
        self._labels = {lane.lane_id: clean_line(lane.label) for lane in metadata.lanes}
        self._width = max(map(len, self._labels.values()), default=0)
        self._judge = Judge(metadata)
        self._clients = ClientRounds(metadata)
        self._headlines = {
            lane.lane_id: [metric for metric in metrics_of(metadata, lane) if metric.headline]
            for lane in metadata.lanes
        }
        self._counted = dict.fromkeys(self._labels, 0)
        # An adaptive lane ends when it is precise enough: its maximum of rounds means nothing.
        self._planned = "" if metadata.spec.rounds == "auto" else f"/{metadata.rounds}"
        self._printed: set[tuple[str, str]] = set()
        self._skip = 0
        self._read = 0

    def feed(self, lines: bytes) -> None:
        for line in self._lines.feed(lines):
            if self._skip:
                self._skip -= 1
                continue
            self._read += 1
            text = self._words(line)
            if text:
                self._screen.print(Text(text), soft_wrap=True)

    def restart(self) -> None:
        # A log only ever loses its end: lines printed from its beginning are still valid.
        self._skip, self._read = self._read, 0
        self._lines = Lines()

    def _words(self, line: bytes) -> str | None:
        try:
            event = decode(line)
        except BenchraceError:
            return None
        if isinstance(event, Unknown):
            return None
        if isinstance(event, RoundDone | RunLifecycle | RoundStart | Chunks):
            rounds = map(self._joined, self._clients.take(event))
            return "\n".join(text for text in rounds if text) or None
        return self._say(event)

    def _joined(self, event: RoundDone) -> str:
        label = self._labels.get(event.lane_id or "", clean_line(event.machine_id or ""))
        return self._round(event.lane_id or "", label, self._judge.judge(event))

    def _say(self, event: Known) -> str | None:
        label = self._labels.get(event.lane_id or "", clean_line(event.machine_id or ""))
        match event:
            case LaneError(payload=payload):
                return _failed(label, payload.error.category)
            case JobError(payload=payload) | JobTimeout(payload=payload):
                return _failed(label, payload.category)
            case JobCancelled(payload=payload):
                return f"{label}: cancelled: {clean_line(payload.reason)}"
            case Log(payload=payload) if payload.level in ("warning", "error"):
                message = clean_line(payload.message)
                return f"{label}: {message}" if self._is_new(label, message) else None
            case _:
                return None

    def _round(self, lane_id: str, label: str, done: RoundSummary) -> str:
        if done.error:
            return _failed(label, done.error.category)
        values = ", ".join(self._values(lane_id, done))
        if done.warmup:
            return f"{'warm-up':<12}{label:<{self._width}}  {values}"
        self._counted[lane_id] = self._counted.get(lane_id, 0) + 1
        count = f"round {self._counted[lane_id]}{self._planned}"
        why = "; ".join(dict.fromkeys(self._reason(reason) for reason in done.reasons))
        level = done.verdict
        verdict = "" if level is Level.VALID else f", {level.value}{f': {why}' if why else ''}"
        return f"{count:<12}{label:<{self._width}}  {values}{verdict}"

    def _reason(self, reason: Reason) -> str:
        """Return a reason's text, or only its code where that text was printed before."""
        text = clean_line(reason.text)
        return text if self._is_new("", text) else clean_line(reason.code)

    def _is_new(self, label: str, text: str) -> bool:
        new = (label, text) not in self._printed
        self._printed.add((label, text))
        return new

    def _values(self, lane_id: str, done: RoundSummary) -> Iterator[str]:
        """Yield the headline metrics, and the round's duration where none of them is a time."""
        measured = {metric.metric: metric.value for metric in done.measured}
        shown = [metric for metric in self._headlines.get(lane_id, ()) if metric.name in measured]
        for metric in shown:
            exact = metric.estimator is Estimator.COUNT
            yield quantity(measured[metric.name], clean_line(metric.unit), exact=exact)
        if not any(metric.unit in TIMES_NS for metric in shown):
            yield duration(done.elapsed_ns)


def _failed(label: str, category: Category) -> str:
    """Return the category of a failure; its message is printed once, below the table."""
    return f"{label}: failed: {category.value.replace('_', ' ')}"
