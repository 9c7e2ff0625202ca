"""A run as plain lines: one for each finished round and each failure, nothing overwritten."""

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from benchrace.cli.text import clean_line, duration, quantity
from benchrace.errors import BenchraceError, with_remedy
from benchrace.events import (
    JobCancelled,
    JobError,
    JobTimeout,
    Known,
    LaneError,
    Level,
    Log,
    RoundDone,
    Unknown,
    decode,
)
from benchrace.events.payloads import RoundDonePayload
from benchrace.kinds import Metric
from benchrace.run.lines import Lines
from benchrace.run.metadata import RunLane, RunMetadata


class Plain:
    """Says each event that a reader has to know; no escape codes."""

    def __init__(self, screen: Console, metadata: RunMetadata) -> None:
        self._screen = screen
        self._lines = Lines()
        self._labels = {each.lane_id: clean_line(each.label) for each in metadata.lanes}
        self._width = max(map(len, self._labels.values()), default=0)
        self._headlines = {each.lane_id: _headlines(metadata, each) for each in metadata.lanes}
        self._counted = dict.fromkeys(self._labels, 0)
        # An adaptive lane ends when it is known well enough: its most rounds say nothing.
        self._planned = "" if metadata.spec.rounds == "auto" else f"/{metadata.rounds}"
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
        # A log only ever loses its end: what was printed from its beginning is still true.
        self._skip, self._read = self._read, 0
        self._lines = Lines()

    def _words(self, line: bytes) -> str | None:
        try:
            event = decode(line)
        except BenchraceError:
            return None
        if isinstance(event, Unknown):
            return None
        return self._say(event)

    def _say(self, event: Known) -> str | None:
        label = self._labels.get(event.lane_id or "", clean_line(event.machine_id or ""))
        match event:
            case RoundDone(payload=said):
                return self._round(event.lane_id or "", label, said)
            case LaneError(payload=said):
                return _failed(label, said.error.message, said.error.remedy)
            case JobError(payload=said) | JobTimeout(payload=said):
                return _failed(label, said.message, said.remedy)
            case JobCancelled(payload=said):
                return f"{label}: cancelled: {clean_line(said.reason)}"
            case Log(payload=said) if said.level in ("warning", "error"):
                return f"{label}: {clean_line(said.message)}"
            case _:
                return None

    def _round(self, lane_id: str, label: str, said: RoundDonePayload) -> str:
        if said.error:
            return _failed(label, said.error.message, said.error.remedy)
        values = ", ".join(self._values(lane_id, said))
        if said.warmup:
            return f"{'warm-up':<12}{label:<{self._width}}  {values}"
        self._counted[lane_id] = self._counted.get(lane_id, 0) + 1
        count = f"round {self._counted[lane_id]}{self._planned}"
        level = said.verdict.level
        why = "; ".join(clean_line(each.text) for each in said.verdict.reasons)
        verdict = "" if level is Level.VALID else f", {level.value}{f': {why}' if why else ''}"
        return f"{count:<12}{label:<{self._width}}  {values}{verdict}"

    def _values(self, lane_id: str, said: RoundDonePayload) -> Iterator[str]:
        """Say the headline metrics, and the whole round's time where none of them is a time."""
        measured = {each.metric: each.value for each in said.measured}
        shown = [each for each in self._headlines.get(lane_id, ()) if each.name in measured]
        for metric in shown:
            yield quantity(measured[metric.name], clean_line(metric.unit))
        if not any(metric.unit in ("ms", "s") for metric in shown):
            yield duration(said.elapsed_ns / 1e9)


def _headlines(metadata: RunMetadata, lane: RunLane) -> tuple[Metric, ...]:
    known = metadata.workloads.get(lane.backend)
    return tuple(each for each in known.metrics if each.headline) if known else ()


def _failed(label: str, message: str, remedy: str) -> str:
    return f"{label}: failed: {clean_line(with_remedy(message, remedy))}"
