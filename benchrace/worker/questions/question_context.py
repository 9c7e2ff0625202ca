"""A context for questions: it has a clock and a client, and its output is not shown."""

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NoReturn, TypeVar

from benchrace.clock import Clock
from benchrace.plugin import Assets, Device, RoundInfo
from benchrace.protocol.assets import AssetSetup
from benchrace.worker.control_client import ControlClient
from benchrace.worker.lanes.throttle import cut
from benchrace.worker.stream.factory import WorkerStreams
from benchrace.worker.threads import run_blocking

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class QuestionContext:
    """Implements `benchrace.plugin.Context` outside of any job; logs go to standard error.

    `prunes` is for operations: what they fetch counts towards the machine's limit of files.
    """

    prunes = False

    def __init__(self, clock: Clock, client: ControlClient, gpus: Sequence[Device] = ()) -> None:
        self._clock = clock
        self._client = client
        self.gpus = gpus
        self.agent_id = ""
        self.asset_setup: AssetSetup | None = None
        self._library: Assets | None = None
        self.stream = WorkerStreams()

    def show_all(self) -> None:
        """Show what is held back: nothing is."""
        return

    @property
    def clock(self) -> Clock:
        return self._clock

    @property
    def cancelled(self) -> bool:
        return False

    @property
    def round(self) -> RoundInfo:
        self._no_round()

    @property
    def http(self) -> "httpx.AsyncClient":
        return self._client.get()

    @property
    def assets(self) -> Assets:
        if self.asset_setup is None:
            raise RuntimeError("assets are fetched in a sync, in preflight and in open only")
        if self._library is None:
            from benchrace.assets.library import Report
            from benchrace.worker.assets import library

            report = Report(self.progress, self.log)
            self._library = library(self.asset_setup, report, prunes=self.prunes)
        return self._library

    def token(self, text: str, *, reasoning: bool = False) -> None:
        return

    def line(self, text: str) -> None:
        return

    def progress(self, done: float, total: float | None, unit: str, *, phase: str = "") -> None:
        return

    def preview(self, media_type: str, data: bytes) -> None:
        return

    def log(self, message: str, level: str = "info") -> None:
        sys.stderr.write(f"{level}: {cut(message)}\n")

    def measure(
        self,
        metric: str,
        value: float | None = None,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        reason: str | None = None,
    ) -> None:
        self._no_round()

    def suspect(self, code: str, text: str) -> None:
        self._no_round()

    def invalid(self, code: str, text: str) -> None:
        self._no_round()

    def stop_timing(self) -> None:
        self._no_round()

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        self._no_round()

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        return await run_blocking(call, on_cancel)

    def _no_round(self) -> NoReturn:
        raise RuntimeError("no round is running: a question is being answered")
