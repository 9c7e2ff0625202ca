"""The worker's implementation of the plugin interface: one context per lane."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from benchrace.clock import Clock
from benchrace.events import Artifact, Chunks, ComputeLine, Event, LlmToken, Log, Preview, Progress
from benchrace.events import payloads as p
from benchrace.plugin import Assets, Device, RoundInfo
from benchrace.protocol.assets import AssetSetup
from benchrace.view.lane import FETCHING_UNIT
from benchrace.worker.commands import Commands
from benchrace.worker.control_client import ControlClient
from benchrace.worker.job.writer import Writer
from benchrace.worker.lanes.artifacts import Artifacts
from benchrace.worker.lanes.marks import Marks, is_number
from benchrace.worker.lanes.throttle import Display, TextBatch, Throttled, cut
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.stream.stamps import RoundStamps
from benchrace.worker.threads import run_blocking

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
LEVELS = ("debug", "info", "warning", "error")
# A download may take an hour, and each of these is a line of the log.
_FETCHING_NS = 500_000_000
_PREVIEW_NS = 1_000_000_000
_PREVIEW_BYTES = 32 * 1024
# Every preview stays in the run's log.
_PREVIEWS_BYTES = 2 << 20
_PREVIEW_TYPES = frozenset({"image/jpeg", "image/png"})


def nonce(salt: str, job_id: str, lane_id: str, round_: int) -> str:
    """Return what makes this round's input new: no other round of any lane, machine or attempt
    has it, as two names, two APIs or two machines may all lead to one engine and its cache.

    A job is one attempt: a run that is repeated with the salt of another has other jobs.
    """
    parts = f"{salt}\n{job_id}\n{lane_id}\n{round_}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def draw(salt: str, run_id: str, round_: int) -> str:
    """Return what all lanes of a run share in a round, and no other round or run has."""
    return hashlib.sha256(f"{salt}\n{run_id}\n{round_}".encode()).hexdigest()[:16]


class LaneContext:
    """Implements `benchrace.plugin.Context` for one lane of a job."""

    def __init__(
        self,
        lane_id: str,
        source: str,
        *,
        writer: Writer,
        clock: Clock,
        commands: Commands,
        client: ControlClient,
        artifacts: Artifacts,
        display: Display,
    ) -> None:
        self.gpus: Sequence[Device] = ()
        self.agent_id = ""
        self.asset_setup: AssetSetup | None = None
        self._library: Assets | None = None
        self._lane_id = lane_id
        self._source = source
        self._writer = writer
        self._clock = clock
        self._commands = commands
        self._client = client
        self._artifacts = artifacts
        self._round: RoundInfo | None = None
        self._marks: Marks | None = None
        self._until_ns: int | None = None
        # Called at the end of a round's timed part.
        self.on_stop: Callable[[], object] = lambda: None
        flush, later = display
        self._text = TextBatch(self._show_text, clock, flush, later)
        self._thought = TextBatch(self._show_thought, clock, flush, later)
        self._progress = Throttled(self._show_progress, clock, later)
        self._fetching = Throttled(self._show_fetching, clock, later, _FETCHING_NS)
        self._preview_left = _PREVIEWS_BYTES
        self._preview = Throttled(self._show_preview, clock, later, _PREVIEW_NS)
        self._stamps = RoundStamps()
        self._streams = WorkerStreams(self._stamps)

    def begin(self, info: RoundInfo, marks: Marks, limit_s: float) -> None:
        """Enter a round, which is to be over in `limit_s`."""
        self._round, self._marks = info, marks
        self._preview_left = _PREVIEWS_BYTES
        self._until_ns = self._clock.monotonic_ns() + int(limit_s * 1e9)
        self._stamps.begin()

    def show_all(self) -> None:
        """Show what is still held back for display."""
        self._thought.show()
        self._text.show()
        self._progress.show()
        self._fetching.show()
        self._preview.show()

    def write_stamps(self) -> None:
        """Write down the stamps of what the round has read; called after its timed part."""
        for payload in self._stamps.take(self._writer.t0_ns):
            self._emit(Chunks, payload)

    def close(self) -> None:
        """Close the connections that streams have left behind."""
        self._streams.close()

    def finish(self) -> None:
        """Leave the round; nothing may be measured until the next."""
        self._round, self._marks, self._until_ns = None, None, None

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def cancelled(self) -> bool:
        # A thread that works for a round hears of its time-out here, as async code does by scope.
        late = self._until_ns is not None and self._clock.monotonic_ns() > self._until_ns
        return late or self._commands.stopping

    @property
    def round(self) -> RoundInfo:
        if self._round is None:
            raise RuntimeError("no round is running")
        return self._round

    @property
    def http(self) -> "httpx.AsyncClient":
        return self._client.get()

    @property
    def assets(self) -> Assets:
        if self._round is not None:
            raise RuntimeError("assets are fetched in `open`: inside a round it would be measured")
        if self._library is None:
            # Only a lane that fetches imports what that takes.
            from benchrace.assets.library import Report
            from benchrace.worker.assets import library

            self._library = library(self.asset_setup, Report(self._fetched, self.log))
        return self._library

    @property
    def stream(self) -> WorkerStreams:
        return self._streams

    def token(self, text: str, *, reasoning: bool = False) -> None:
        batch, other = (self._thought, self._text) if reasoning else (self._text, self._thought)
        other.show()
        batch.add(text)

    def line(self, text: str) -> None:
        self._emit(ComputeLine, p.ComputeLinePayload(line=cut(text)))

    def progress(self, done: float, total: float | None, unit: str, *, phase: str = "") -> None:
        if not is_number(done) or not (total is None or is_number(total)):
            raise ValueError(f"progress of {done!r} in {total!r}: give finite numbers")
        self._progress.put(done, total, cut(unit), cut(phase))

    def preview(self, media_type: str, data: bytes) -> None:
        if media_type in _PREVIEW_TYPES and 0 < len(data) <= _PREVIEW_BYTES:
            self._preview.put(media_type, data)

    def log(self, message: str, level: str = "info") -> None:
        if level not in LEVELS:
            raise ValueError(f"invalid log level {level!r}; expected one of {', '.join(LEVELS)}")
        self._emit(Log, p.LogPayload(level=level, message=cut(message), source=self._source))

    def measure(
        self,
        metric: str,
        value: float | None = None,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        reason: str | None = None,
    ) -> None:
        self._running().measure(metric, value, numerator, denominator, reason)

    def suspect(self, code: str, text: str) -> None:
        self._running().suspect(cut(code), cut(text))

    def invalid(self, code: str, text: str) -> None:
        self._running().invalid(cut(code), cut(text))

    def stop_timing(self) -> None:
        self._running()
        self.on_stop()

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        self._emit(Artifact, await self._artifacts.keep(name, media_type, data))

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        return await run_blocking(call, on_cancel)

    def _fetched(self, done: float, total: float | None, _unit: str) -> None:
        self._fetching.put(done, total)

    def _running(self) -> Marks:
        if self._marks is None:
            raise RuntimeError("no round is running: measure and mark inside `round`")
        return self._marks

    def _show_text(self, text: str, pieces: int) -> None:
        self._emit(LlmToken, p.LlmTokenPayload(text=text, pieces=pieces))

    def _show_thought(self, text: str, pieces: int) -> None:
        self._emit(LlmToken, p.LlmTokenPayload(text=text, reasoning=True, pieces=pieces))

    def _show_progress(self, done: float, total: float | None, unit: str, phase: str) -> None:
        payload = p.ProgressPayload(done=done, total=total, unit=unit, phase=phase)
        self._emit(Progress, payload)

    def _show_preview(self, media_type: str, data: bytes) -> None:
        if len(data) > self._preview_left:
            return
        self._preview_left -= len(data)
        self._emit(Preview, p.PreviewPayload(media_type=media_type, data=data))

    def _show_fetching(self, done: float, total: float | None) -> None:
        self._show_progress(done, total, FETCHING_UNIT, "")

    def _emit(self, event: type[Event], payload: object) -> None:
        round_ = None if self._round is None else self._round.round
        self._writer.emit(event, payload, lane_id=self._lane_id, round_=round_)
