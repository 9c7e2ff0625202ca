"""One lane of text on a simulated machine."""

from typing import Any

import msgspec

from benchrace.plugin import (
    Ask,
    BenchraceError,
    Category,
    Context,
    Delta,
    EngineFacts,
    Lane,
    Loaded,
    StreamLimits,
    StreamRequest,
    TextLane,
    Usage,
)
from benchrace_simulated import __version__
from benchrace_simulated.config import SimulatedConfig
from benchrace_simulated.profiles import MODELS


class Counts(msgspec.Struct, frozen=True):
    """The counts of a last line."""

    prompt: int | None = None
    out: int | None = None
    cached: int | None = None


class Line(msgspec.Struct):
    """A line of an answer: text, or the end with its counts, or an error."""

    t: str = ""
    end: str | None = None
    counts: Counts = Counts()
    error: str | None = None


_decoder = msgspec.json.Decoder(Line)


class SimulatedLane(TextLane):
    """A lane; the engine reports how much of a prompt it had."""

    tells_cached = True

    def __init__(self, lane: Lane[Any], context: Context, config: SimulatedConfig) -> None:
        super().__init__(lane, context)
        self._config = config

    async def load(self) -> Loaded:
        return Loaded()

    async def unload(self) -> None:
        """Do nothing: a script holds no memory."""

    async def facts(self) -> EngineFacts:
        model = self.lane.params.model
        if model not in MODELS:
            raise missing(model)
        return EngineFacts(name="simulated", version=__version__, model=model)

    def request(self, ask: Ask, limits: StreamLimits) -> StreamRequest:
        body = {
            "model": ask.params.model,
            "prompt": f"{ask.system}\n{ask.prompt}",
            "max_tokens": ask.max_tokens,
            "round": self._round(),
        }
        return StreamRequest(
            url=f"{self._config.base_url}/{self._config.machine}/generate",
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(body),
            limits=limits,
        )

    def parse(self, data: bytes) -> Delta:
        try:
            line = _decoder.decode(data)
        except msgspec.DecodeError as error:
            text = f"invalid line from the simulated engine: {error}"
            raise BenchraceError(Category.BAD_OUTPUT, text, "Report it.") from error
        if line.error is not None:
            failure = BenchraceError(
                Category.STREAM_ERROR, line.error, "Start it without failures."
            )
            return Delta(failure=failure.failure())
        if line.end is None:
            return Delta(text=line.t)
        counts = line.counts
        usage = Usage(prompt=counts.prompt, output=counts.out, cached=counts.cached)
        return Delta(finish=line.end, done=True, usage=usage)

    def _round(self) -> int:
        """Return the number of the round; -1 while the lane opens."""
        try:
            return self.context.round.round
        except RuntimeError:
            return -1


def missing(model: str) -> BenchraceError:
    """Return the error of a model that simulated machines do not have."""
    return BenchraceError(
        Category.MISSING_MODEL,
        f"simulated machines have no model {model[:80]!r}",
        f"Choose one of {', '.join(MODELS)}.",
    )
