"""The interface of the worker to the backend that it runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from benchrace.clock import Clock
from benchrace.plugin.assets import Assets
from benchrace.plugin.engine.device import Device
from benchrace.plugin.stream import Streams

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RoundInfo:
    """The current round.

    `nonce` is unique to this round: no other lane, round, warm-up, machine or attempt has it.
    `draw` is new in each round of a run, and equal in that round of all its lanes and machines: for
    work that lanes must share and no earlier run had, such as the seed of an image.
    `alone` tells whether everything else was unloaded before the lane opened, and `stayed` what
    was not; None if the run did not request that. `armed_ns` is the instant, on this machine's
    clock, at which all machines of the heat start; None where the round does not wait for others.
    """

    round: int
    warmup: bool
    nonce: str
    draw: str
    alone: bool | None = None
    stayed: tuple[str, ...] = ()
    armed_ns: int | None = None


class Context(Protocol):
    """The worker as a backend sees it; methods return at once unless they are async.

    It never touches the disk inside a timed part, except to append.
    """

    @property
    def clock(self) -> Clock:
        """The clock that measures every duration."""
        ...

    @property
    def cancelled(self) -> bool:
        """True once the job is cancelled; async code is cancelled by scope as well."""
        ...

    @property
    def round(self) -> RoundInfo:
        """The current round; raises `RuntimeError` outside of one."""
        ...

    @property
    def gpus(self) -> Sequence[Device]:
        """The machine's GPUs, for a lane that names one; see `find_gpu`."""
        ...

    @property
    def agent_id(self) -> str:
        """The agent's name for engines, the same after its restart; no other agent has it."""
        ...

    @property
    def http(self) -> "httpx.AsyncClient":
        """A shared client for control calls: no redirects, identity encoding, 10 s timeouts."""
        ...

    @property
    def stream(self) -> Streams:
        """The timestamping reader for measured output; the raw data is stored with the round."""
        ...

    @property
    def assets(self) -> Assets:
        """The machine's store of files for engines, for `sync`, `preflight` and `open`.

        Raises `RuntimeError` inside a round, and for other questions.
        """
        ...

    def token(self, text: str, *, reasoning: bool = False) -> None:
        """Show a piece of generated text; batched for display, never used for measurement."""
        ...

    def line(self, text: str) -> None:
        """Show one line of output."""
        ...

    def progress(self, done: float, total: float | None, unit: str, *, phase: str = "") -> None:
        """Show real progress: finished units out of `total`, None if unknown.

        `phase` names what runs now in words, where a round has several parts.
        """
        ...

    def preview(self, media_type: str, data: bytes) -> None:
        """Show a small JPEG or PNG of what the round is making; never used for measurement.

        One a second is shown. What has more than 32 KiB or another type is left out, and so is what
        comes after 2 MiB in a round: all that is shown stays in the run.
        """
        ...

    def log(self, message: str, level: str = "info") -> None:
        """Write to the job's log."""
        ...

    def measure(
        self,
        metric: str,
        value: float | None = None,
        *,
        numerator: float | None = None,
        denominator: float | None = None,
        reason: str | None = None,
    ) -> None:
        """Add a number to the round, by the name of a metric of the kind.

        Pass `value`, or `numerator` and `denominator`, or only `reason` for a missing value.
        Raises `ValueError` for a name that the kind does not declare.
        """
        ...

    def suspect(self, code: str, text: str) -> None:
        """Mark the round as SUSPECT: it counts, but its lane cannot be declared the winner."""
        ...

    def invalid(self, code: str, text: str) -> None:
        """Mark the round as INVALID: it is stored and shown, but never enters a statistic."""
        ...

    def stop_timing(self) -> None:
        """End the timed part of the round, once its work is done.

        What `round` does after that, such as scoring or storing files, is in neither the round's
        time nor its energy. Without this call, the timed part ends when `round` returns.
        """
        ...

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        """Store a file that the round produced, by its SHA-256; call it outside the timed part."""
        ...

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        """Run `call` in a thread; on cancel, call `on_cancel` and wait for `call` to return."""
        ...
