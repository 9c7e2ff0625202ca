"""Generate a text for people with a model, through the same calls as a lane but unmeasured."""

from typing import Any

from benchrace.kinds.llm import LlmParams, Prefix, Thinking
from benchrace.plugin.backend import Backend, Lane
from benchrace.plugin.llm.prompt import ask, limits_of
from benchrace.plugin.llm.response.stream import read_response
from benchrace.plugin.llm.text_lane import TextLane
from benchrace.plugin.operations import NotOffered, Operation, Writing, Written

_LANE = "write"
_MAX_CHARACTERS = 100_000
_TEMPERATURE = 0.8
_FIRST_S = 120.0
_IDLE_S = 30.0


class OutputCollector:
    """Collects the output of an answer without its thinking."""

    def __init__(self) -> None:
        self.text = ""

    def __call__(self, text: str, *, reasoning: bool = False) -> None:
        if not reasoning:
            self.text += text[: _MAX_CHARACTERS - len(self.text)]


async def write(lane: TextLane) -> Written:
    """Load the model and send it the prompt; raises the failure of the answer."""
    context, params, output = lane.context, lane.lane.params, OutputCollector()
    await lane.load()
    facts = await lane.facts()
    request = lane.request(ask(params, ""), limits_of(params))
    now = context.clock.monotonic_ns()
    response = await read_response(lane, request, context, number=0, t0_ns=now, show=output)
    if response.failure is not None:
        await lane.settle()
        raise response.failure
    finish = response.answer.finish
    return Written(text=output.text, model=facts.model or params.model, finish=finish)


def lane_of(backend: Backend, model: str, writing: Writing) -> Lane[Any]:
    """Return the lane for a text; raises `NotOffered` if the backend has no single answers."""
    workloads = [
        workload for workload in backend.workloads if issubclass(workload.accepts, LlmParams)
    ]
    if not workloads:
        raise NotOffered(backend.name, Operation.WRITE, "it has no workload with single answers")
    params = workloads[0].accepts(
        model=model,
        prompt=writing.prompt,
        max_tokens=writing.max_tokens,
        temperature=_TEMPERATURE,
        ignore_eos=False,
        think=Thinking.OFF,
        prefix=Prefix.SHARED,
        first_token_s=_FIRST_S,
        idle_s=_IDLE_S,
    )
    return Lane(lane_id=_LANE, label=_LANE, kind=workloads[0].kind.name, params=params)
