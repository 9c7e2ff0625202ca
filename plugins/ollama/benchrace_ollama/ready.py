"""Whether a lane can start, with all that Ollama would otherwise do in silence."""

from collections.abc import Iterator

from benchrace.plugin import (
    FieldError,
    Problem,
    Readiness,
    Rendering,
    ServeParams,
    TextParams,
    Thinking,
)
from benchrace_ollama.way import Way

_LEAST = 4


def readiness(params: TextParams, way: Way) -> Readiness:
    """Judge parameters against the model that is there."""
    problems: tuple[Problem, ...] = ()
    capabilities = way.shown.capabilities
    if capabilities and "completion" not in capabilities:
        kinds = ", ".join(capabilities)
        problems = (
            Problem(
                message=f"{params.model} cannot generate text: it is for {kinds}",
                remedy="Choose a model for text; ollama show MODEL lists what one can do.",
            ),
        )
    return Readiness(fields=tuple(_fields(params, way)), problems=problems)


def _fields(params: TextParams, way: Way) -> Iterator[FieldError]:
    trained = way.trained
    if params.num_ctx and trained is not None and params.num_ctx > trained:
        yield FieldError(
            "num_ctx",
            f"{params.model} is trained for {trained} tokens; Ollama would cut {params.num_ctx} "
            "to that without a word",
        )
    if 0 < params.num_ctx < _LEAST:
        yield FieldError("num_ctx", f"Ollama takes no fewer than {_LEAST}")
    yield from _room(params, way)
    if params.think is Thinking.ON and not way.thinks:
        yield FieldError("think", f"{params.model} cannot think; take model or off")
    if params.rendering is Rendering.RAW and params.system:
        yield FieldError("system", "raw text has no system prompt; leave it empty")


def _room(params: TextParams, way: Way) -> Iterator[FieldError]:
    """A context that cannot hold prompt and answer is shifted, or the prompt is cut."""
    context = params.num_ctx or way.own_ctx or way.trained
    if context is None:
        return
    # No tokenizer makes fewer tokens than there are words.
    least = params.prompt_tokens or max(len(each.split()) for each in _prompts(params))
    least += len(params.system.split())
    if params.max_tokens >= context:
        yield FieldError("max_tokens", f"the context of {context} tokens cannot hold the answer")
    elif least + params.max_tokens > context:
        yield FieldError(
            "num_ctx",
            f"a context of {context} tokens cannot hold a prompt of at least {least} "
            f"and an answer of {params.max_tokens}",
        )


def _prompts(params: TextParams) -> tuple[str, ...]:
    several = params.prompts if isinstance(params, ServeParams) else ()
    return tuple(several) or (params.prompt,)
