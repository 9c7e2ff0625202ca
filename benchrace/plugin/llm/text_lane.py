"""One lane of text, as a plugin implements it: an object that speaks the engine's protocol."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import msgspec

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import (
    EngineFacts,
    LlmRecord,
    NetworkBytes,
    Perplexity,
    ServeRecord,
)
from benchrace.plugin.backend import Lane
from benchrace.plugin.context import Context
from benchrace.plugin.llm.prompt import Ask
from benchrace.plugin.llm.response.delta import Delta
from benchrace.plugin.llm.response.foreign import error_of
from benchrace.plugin.stream import StreamLimits, StreamRequest


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """The loading time in ns, and its source: `engine` or `client`; null if unknown."""

    ns: int | None = None
    source: str | None = None


class TextLane(ABC):
    """Base class of one lane on an engine; a subclass implements the engine's protocol.

    `TextBackend.open_lane` creates one each time a lane opens, and `close` is its last call. All
    that belongs to the lane is stored here: its model, its route, what the server rejected.

    `tells_cached` tells whether the engine reports how much of a prompt was cached; only then can
    a cache state be proved. `early_end_remedy` is the remedy for a stream that ends without a
    finish reason.
    """

    tells_cached: ClassVar[bool] = False
    early_end_remedy: ClassVar[str] = (
        "Check the engine's log: it closed the stream early, or stopped a repetition."
    )

    def __init__(self, lane: Lane[Any], context: Context) -> None:
        """Store `lane` and `context`, which stay the same until `close`; send nothing."""
        self.lane = lane
        self.context = context

    @abstractmethod
    async def load(self) -> Loaded:
        """Load the model with the lane's settings; return when it is in memory.

        Raises `missing_model` and others.
        """

    @abstractmethod
    async def unload(self) -> None:
        """Unload the model and return when it is gone; raises if it cannot be unloaded.

        Called, after `facts`, before the load of each round with `residence=cold`.
        """

    @abstractmethod
    async def facts(self) -> EngineFacts:
        """Return which engine and model answer, and the settings that both run with.

        Called when the lane opens, before any `request`, and after the load of each cold round:
        then send no prompt, as the measured one has to be the first.
        """

    @abstractmethod
    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        """Return the request for `ask`; it sends every parameter that the engine supports."""

    @abstractmethod
    def parse(self, data: bytes) -> Delta:
        """Parse one chunk; raises `bad_output` for an invalid message."""

    def refusal(self, status: int, text: str) -> BenchraceError:
        """Return the meaning of an error response, or of an error in a successful response."""
        message = error_of(text).message or "no message"
        inside = 200 <= status < 300
        what = "the engine reports an error" if inside else f"the engine answers {status}"
        detail = text[:2000] or None
        return BenchraceError(Category.STREAM_ERROR, f"{what}: {message}", detail=detail)

    async def settle(self) -> bool:
        """Wait for a limited time until the engine is idle, as far as it reports that.

        Return False if it stays busy. Start and load nothing. It may be the first call: on a lane
        of an earlier job, whose answer the engine may still be computing.
        """
        return True

    async def perplexity(self) -> Perplexity | None:
        """Measure how well the model predicts a fixed text; None if unknown or not requested.

        Called once, at the end of opening. Log why it is unknown, rather than raise.
        """
        return None

    async def before_round(self) -> None:
        """Check the engine before the measured part of a round; raise if it cannot be measured."""
        return

    async def network(self) -> NetworkBytes | None:
        """Return what the measured part of a round took between the machines of the lane.

        None for a lane on one machine. Called once, right after the measured part.
        """
        return None

    async def after_round(self, record: LlmRecord | ServeRecord) -> None:
        """Check a round after its measured part; mark it with the context's `suspect`, `invalid`.

        Not called for a failed round, nor for a mock.
        """
        return

    async def close(self) -> None:
        """Release what the lane holds; also called after a failure or a cancel."""
        return
