"""Check whether a lane can start, without starting anything."""

from typing import Any

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Fallback,
    FieldError,
    Lane,
    Problem,
    Readiness,
)
from benchrace_llamacpp import load
from benchrace_llamacpp.commands import build_of
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.plan import HOST, ServerPlan
from benchrace_llamacpp.lending import peers as workers
from benchrace_llamacpp.port import not_permitted, occupant


async def check(config: LlamaCppConfig, lane: Lane[Any], context: Context) -> Readiness:
    """Check the program, the model, the context, the port, and the workers as they were lent."""
    try:
        plan = await load.plan(lane, config, context)
    except BenchraceError as error:
        return _unplanned(error, lane)
    fields = _too_long(lane, plan)
    problems = list(workers.problems(lane.peers, await build_of(plan.program)))
    problems += await _port(config, context)
    return Readiness(fields=fields, problems=tuple(problems))


def _unplanned(error: BenchraceError, lane: Lane[Any]) -> Readiness:
    if error.category is not Category.MISSING_MODEL:
        problem = Problem(message=error.message, remedy=error.remedy)
        return Readiness(problems=(problem,), category=error.category)
    if lane.params.fallback is Fallback.MOCK:
        return Readiness()
    return Readiness(fields=(FieldError("model", error.message),), category=error.category)


def _too_long(lane: Lane[Any], plan: ServerPlan) -> tuple[FieldError, ...]:
    if lane.params.max_tokens < plan.context:
        return ()
    text = f"{lane.params.max_tokens} tokens exceed the context of {plan.context} (num_ctx)"
    return (FieldError("max_tokens", text),)


async def _port(config: LlamaCppConfig, context: Context) -> list[Problem]:
    """Return the problem of a listener on the port that is not a server of this plugin."""
    try:
        listener = await context.run_blocking(lambda: occupant(HOST, config.port))
    except PermissionError:
        error = not_permitted(HOST, config.port, "port")
        return [Problem(message=error.message, remedy=error.remedy)]
    if listener is None or listener.guarded:
        return []
    remedy = "Stop that process, or set another `port` in the table `llamacpp` of agent.yaml."
    return [Problem(message=f"port {config.port} is in use by {listener}", remedy=remedy)]
