"""A context that records what a backend shows, for tests without a worker."""

import secrets
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from benchrace.clock import Clock, SystemClock
from benchrace.events import Measured, Verdict
from benchrace.plugin import Assets, Device, RoundInfo
from benchrace.worker.control_client import ControlClient
from benchrace.worker.lanes.context import LEVELS, draw, nonce
from benchrace.worker.lanes.marks import Marks, is_number
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.threads import run_blocking

if TYPE_CHECKING:
    import httpx

    from benchrace.plugin import Context

T = TypeVar("T")


class RecordingContext:
    """An implementation of `benchrace.plugin.Context` that records everything.

    `metrics` are the names that the kind declares. With `transport`, a function of the test can
    serve as the engine of `http`.
    """

    def __init__(
        self,
        metrics: Collection[str] = (),
        *,
        clock: Clock | None = None,
        transport: "httpx.AsyncBaseTransport | None" = None,
    ) -> None:
        self.tokens: list[str] = []
        self.lines: list[str] = []
        self.steps: list[tuple[float, float | None, str]] = []
        self.phases: list[str] = []
        self.logs: list[tuple[str, str]] = []
        self.artifacts: dict[str, tuple[str, bytes]] = {}
        self.previews: list[tuple[str, bytes]] = []
        # Whether the timed part of the round goes on.
        self.timing = False
        self.cancelled = False
        self._metrics = metrics
        self._clock = SystemClock() if clock is None else clock
        self._client = ControlClient(transport)
        self._round: RoundInfo | None = None
        self._job_id = secrets.token_hex(8)
        self._marks = Marks(metrics)
        self.stream = WorkerStreams()
        self.gpus: Sequence[Device] = ()
        self.agent_id = "testing"
        self.library: Assets | None = None

    @property
    def measured(self) -> list[Measured]:
        """The numbers that the backend measured itself in the last round."""
        return self._marks.measured

    @property
    def verdict(self) -> Verdict:
        """The backend's verdict on the last round."""
        return self._marks.verdict

    def begin(
        self,
        round_: int = 0,
        *,
        warmup: bool = False,
        salt: str = "test",
        stayed: tuple[str, ...] = (),
        armed_ns: int | None = None,
    ) -> None:
        """Begin a round, as the worker does before it calls `Backend.round`."""
        self._round = RoundInfo(
            round=round_,
            warmup=warmup,
            nonce=nonce(salt, self._job_id, "lane", round_),
            draw=draw(salt, self._job_id, round_),
            alone=False if stayed else None,
            stayed=stayed,
            armed_ns=armed_ns,
        )
        self._marks = Marks(self._metrics)
        self.timing = True

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def round(self) -> RoundInfo:
        if self._round is None:
            raise RuntimeError("not in a round: call begin() first")
        return self._round

    @property
    def http(self) -> "httpx.AsyncClient":
        return self._client.get()

    @property
    def assets(self) -> Assets:
        if self.library is None:
            raise RuntimeError("set `library` to a store of assets first")
        return self.library

    def token(self, text: str, *, reasoning: bool = False) -> None:
        self.tokens.append(text)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: float, total: float | None, unit: str, *, phase: str = "") -> None:
        if not is_number(done) or not (total is None or is_number(total)):
            raise ValueError(f"invalid progress {done!r} of {total!r}: pass finite numbers")
        self.steps.append((done, total, unit))
        if phase and self.phases[-1:] != [phase]:
            self.phases.append(phase)

    def preview(self, media_type: str, data: bytes) -> None:
        self.previews.append((media_type, data))

    def log(self, message: str, level: str = "info") -> None:
        if level not in LEVELS:
            raise ValueError(f"invalid log level {level!r}; use {', '.join(LEVELS)}")
        self.logs.append((level, message))

    def measure(
        self,
        metric: str,
        value: float | None = None,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        reason: str | None = None,
    ) -> None:
        self._marks.measure(metric, value, numerator, denominator, reason)

    def suspect(self, code: str, text: str) -> None:
        self._marks.suspect(code, text)

    def invalid(self, code: str, text: str) -> None:
        self._marks.invalid(code, text)

    def stop_timing(self) -> None:
        self.timing = False

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        self.artifacts[name] = (media_type, data)

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        return await run_blocking(call, on_cancel)

    async def aclose(self) -> None:
        """Close the client, if there is one, and the open connections of streams."""
        self.stream.close()
        await self._client.close()


if TYPE_CHECKING:

    def _implements(context: RecordingContext) -> Context:
        return context
