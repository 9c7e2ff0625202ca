"""A context that keeps all that a backend shows, for tests without a worker."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeVar

from benchrace.clock import Clock, SystemClock
from benchrace.events import Measured, Verdict
from benchrace.plugin import Device, RoundInfo
from benchrace.worker.context import LEVELS, nonce
from benchrace.worker.marks import Marks, is_number
from benchrace.worker.stream import WorkerStreams
from benchrace.worker.threads import run_blocking

if TYPE_CHECKING:
    import httpx

    from benchrace.plugin import Context

T = TypeVar("T")


class RecordingContext:
    """Implements `benchrace.plugin.Context`. Give `metrics` the names that the kind declares.

    `http` takes a transport, so that an engine can be a function of the test.
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
        self.logs: list[tuple[str, str]] = []
        self.artifacts: dict[str, tuple[str, bytes]] = {}
        self.cancelled = False
        self._metrics = metrics
        self._clock = SystemClock() if clock is None else clock
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._round: RoundInfo | None = None
        self._marks = Marks(metrics)
        self.stream = WorkerStreams()
        self.gpus: Sequence[Device] = ()

    @property
    def measured(self) -> list[Measured]:
        """What the backend measured itself in the last round."""
        return self._marks.measured

    @property
    def verdict(self) -> Verdict:
        """What the backend thinks of the last round."""
        return self._marks.verdict

    def begin(
        self,
        round_: int = 0,
        *,
        warmup: bool = False,
        salt: str = "test",
        stayed: tuple[str, ...] = (),
    ) -> None:
        """Enter a round, as the worker does before it calls `Backend.round`."""
        self._round = RoundInfo(
            round=round_,
            warmup=warmup,
            nonce=nonce(salt, round_),
            alone=False if stayed else None,
            stayed=stayed,
        )
        self._marks = Marks(self._metrics)

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def round(self) -> RoundInfo:
        if self._round is None:
            raise RuntimeError("no round is running: call begin() first")
        return self._round

    @property
    def http(self) -> "httpx.AsyncClient":
        if self._client is None:
            # Workers of tests import this package; most of them need no client.
            import httpx

            self._client = httpx.AsyncClient(transport=self._transport, trust_env=False)
        return self._client

    def token(self, text: str, *, reasoning: bool = False) -> None:
        self.tokens.append(text)

    def line(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, done: float, total: float | None, unit: str) -> None:
        if not is_number(done) or not (total is None or is_number(total)):
            raise ValueError(f"progress of {done!r} in {total!r}: give finite numbers")
        self.steps.append((done, total, unit))

    def log(self, message: str, level: str = "info") -> None:
        if level not in LEVELS:
            raise ValueError(f"log level {level!r}: there are {', '.join(LEVELS)}")
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

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        self.artifacts[name] = (media_type, data)

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        return await run_blocking(call, on_cancel)

    async def aclose(self) -> None:
        """Close the client, if it was made, and what streams have left behind."""
        self.stream.close()
        if self._client is not None:
            await self._client.aclose()


if TYPE_CHECKING:

    def _implements(context: RecordingContext) -> Context:
        return context
