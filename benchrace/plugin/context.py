"""What a backend may ask of the worker that runs it. Every method returns at once unless async."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from benchrace.clock import Clock
from benchrace.plugin.device import Device
from benchrace.plugin.stream import Streams

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RoundInfo:
    """The round that is running.

    `nonce` is new for every round of a run, and equal on all machines: lanes that share a machine
    have their own, as they may share an engine, but for lanes of unlike models. `alone` says
    whether all else was let go from memory before the lane opened, with what `stayed`; None where
    the run did not ask for that.
    """

    round: int
    warmup: bool
    nonce: str
    alone: bool | None = None
    stayed: tuple[str, ...] = ()


class Context(Protocol):
    """The worker's side of the seam. Never touches the disk inside a timed part but to append."""

    @property
    def clock(self) -> Clock:
        """The clock that every duration comes from."""
        ...

    @property
    def cancelled(self) -> bool:
        """True once the job is cancelled; async code is cancelled by scope as well."""
        ...

    @property
    def round(self) -> RoundInfo:
        """The round that is running; raises `RuntimeError` outside of one."""
        ...

    @property
    def gpus(self) -> Sequence[Device]:
        """The machine's GPUs, for a lane that names one; see `find_gpu`."""
        ...

    @property
    def http(self) -> "httpx.AsyncClient":
        """One kept client for control calls: no redirects, identity encoding, 10 s limits."""
        ...

    @property
    def stream(self) -> Streams:
        """The stamped reader for measured output; what a round reads is kept with the round."""
        ...

    def token(self, text: str, *, reasoning: bool = False) -> None:
        """Show a piece of generated text; batched for display, never measured from."""
        ...

    def line(self, text: str) -> None:
        """Show one line of output."""
        ...

    def progress(self, done: float, total: float | None, unit: str) -> None:
        """Show real progress: finished units out of `total`, null where unknown."""
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

        Give `value`, or `numerator` and `denominator`, or `reason` alone where there is none.
        Raises `ValueError` for a name that the kind does not declare.
        """
        ...

    def suspect(self, code: str, text: str) -> None:
        """Mark the round: it counts, and its lane cannot be declared the winner."""
        ...

    def invalid(self, code: str, text: str) -> None:
        """Discard the round: it is kept and shown, and never enters a statistic."""
        ...

    async def artifact(self, name: str, media_type: str, data: bytes) -> None:
        """Keep a file that the round made, by its SHA-256; call it outside the timed part."""
        ...

    async def run_blocking(
        self, call: Callable[[], T], *, on_cancel: Callable[[], None] | None = None
    ) -> T:
        """Run `call` in a thread. On cancel call `on_cancel`, then wait for `call` to return."""
        ...
