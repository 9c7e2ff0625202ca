"""Check whether a lane can start, and reject what Ollama would silently change."""

from collections.abc import Callable, Iterator
from typing import Any

from benchrace.plugin import (
    BenchraceError,
    Category,
    Context,
    Fallback,
    FieldError,
    Lane,
    Launch,
    Problem,
    Readiness,
    Rendering,
    ServeParams,
    TextParams,
    Thinking,
    find_gpu,
)
from benchrace_ollama import load
from benchrace_ollama.client import OllamaClient
from benchrace_ollama.request import Route

_MIN_CONTEXT = 4


async def check(
    connect: Callable[[Context], OllamaClient], launch: Launch, lane: Lane[Any], context: Context
) -> Readiness:
    """Check a lane; `connect` raises `validation` for an invalid address."""
    params: TextParams = lane.params
    if not params.model:
        return Readiness(fields=(FieldError("model", "name a model that Ollama has"),))
    try:
        client = connect(context)
        gpu = find_gpu(lane.params.gpu, context.gpus)
        error = await load.process(client, launch, context, gpu).gpu_conflict()
        if error is not None:
            raise error
        return readiness(params, await load.find_route(client, params))
    except BenchraceError as error:
        if error.fields:
            return Readiness(fields=error.fields)
        if launch.configured and error.category is Category.UNREACHABLE:
            return Readiness()
        if params.fallback is Fallback.MOCK:
            return Readiness()
        problem = Problem(message=error.message, remedy=error.remedy)
        return Readiness(problems=(problem,), category=error.category)


def readiness(params: TextParams, route: Route) -> Readiness:
    """Check the parameters against the model."""
    problems: tuple[Problem, ...] = ()
    capabilities = route.shown.capabilities
    if capabilities and "completion" not in capabilities:
        kinds = ", ".join(capabilities)
        problems = (
            Problem(
                message=f"{params.model} cannot generate text: it is for {kinds}",
                remedy="Choose a model for text; ollama show MODEL lists a model's capabilities.",
            ),
        )
    return Readiness(fields=tuple(_fields(params, route)), problems=problems)


def _fields(params: TextParams, route: Route) -> Iterator[FieldError]:
    trained = route.trained
    if params.num_ctx and trained is not None and params.num_ctx > trained:
        yield FieldError(
            "num_ctx",
            f"{params.model} is trained for {trained} tokens; Ollama would silently reduce "
            f"{params.num_ctx} to that",
        )
    if 0 < params.num_ctx < _MIN_CONTEXT:
        yield FieldError("num_ctx", f"Ollama needs at least {_MIN_CONTEXT}")
    yield from _room(params, route)
    if params.think is Thinking.ON and not route.thinks:
        yield FieldError("think", f"{params.model} cannot think; use model or off")
    if params.rendering is Rendering.RAW and params.system:
        yield FieldError("system", "raw text has no system prompt; leave it empty")


def _room(params: TextParams, route: Route) -> Iterator[FieldError]:
    """Check that the context is large enough, as Ollama would shift it or cut the prompt."""
    context = params.num_ctx or route.own_ctx or route.trained
    if context is None:
        return
    # Every word has at least one token.
    prompt = params.prompt_tokens or max(len(prompt.split()) for prompt in _prompts(params))
    prompt += len(params.system.split())
    if params.max_tokens >= context:
        text = f"the answer does not fit into the context of {context} tokens"
        yield FieldError("max_tokens", text)
    elif prompt + params.max_tokens > context:
        yield FieldError(
            "num_ctx",
            f"a prompt of at least {prompt} tokens and an answer of {params.max_tokens} do not fit "
            f"into a context of {context}",
        )


def _prompts(params: TextParams) -> tuple[str, ...]:
    several = params.prompts if isinstance(params, ServeParams) else ()
    return tuple(several) or (params.prompt,)
