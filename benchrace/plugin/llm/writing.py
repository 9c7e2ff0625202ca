"""A text that a model writes for people: asked as a lane would be, and never measured."""

from typing import TYPE_CHECKING, Any

from benchrace.kinds.llm import LlmParams, Prefix, Thinking
from benchrace.plugin.backend import Lane
from benchrace.plugin.context import Context
from benchrace.plugin.llm.ask import ask, limits_of
from benchrace.plugin.llm.hearing import hear
from benchrace.plugin.operations import NotOffered, Operation, Writing, Written

if TYPE_CHECKING:
    from benchrace.plugin.llm.backend import TextBackend

_LANE = "write"
_LONGEST = 100_000
_WARM = 0.8
_FIRST_S = 120.0
_IDLE_S = 30.0


class Heard:
    """Gathers output, and leaves thinking out."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str, *, reasoning: bool = False) -> None:
        if not reasoning:
            self.text += text[: _LONGEST - len(self.text)]


async def write(backend: "TextBackend", model: str, asked: Writing, context: Context) -> Written:
    """Load the model and ask it once; raises what the engine answers."""
    lane = _lane(backend, model, asked)
    heard = Heard()
    try:
        await backend.load(lane, context)
        # A plugin finds out here where its requests go.
        facts = await backend.facts(lane, context)
        request = backend.request(ask(lane, ""), limits_of(lane.params))
        now = context.clock.monotonic_ns()
        done = await hear(backend, request, context, number=0, t0_ns=now, show=heard)
        if done.failure is not None:
            await backend.settle(lane, context)
            raise done.failure
    finally:
        await backend.close(lane, context)
    return Written(text=heard.text, model=facts.model or model, finish=done.answer.finish)


def _lane(backend: "TextBackend", model: str, asked: Writing) -> Lane[Any]:
    offered = [each for each in backend.workloads if issubclass(each.accepts, LlmParams)]
    if not offered:
        raise NotOffered(backend.name, Operation.WRITE, "it offers no single answers")
    params = offered[0].accepts(
        model=model,
        prompt=asked.prompt,
        max_tokens=asked.max_tokens,
        temperature=_WARM,
        ignore_eos=False,
        think=Thinking.OFF,
        prefix=Prefix.SHARED,
        first_token_s=_FIRST_S,
        idle_s=_IDLE_S,
    )
    return Lane(lane_id=_LANE, label=_LANE, kind=offered[0].kind.name, params=params)
