"""Choose the method for measuring the perplexity of a lane's model."""

from benchrace.plugin import BenchraceError, Context, Perplexity, Residence, chat_api
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine
from benchrace_openai.facts import LaneTarget
from benchrace_openai.perplexity.prompt_logprobs import prompt_perplexity


async def measure(target: LaneTarget, residence: Residence, context: Context) -> Perplexity | None:
    """Measure the perplexity; None, with a warning in the log, if that is not possible."""
    if target.info.router:
        context.log(f"perplexity is unknown: {target.server.label} is a router", "warning")
        return None
    if residence is Residence.COLD:
        context.log("perplexity is unknown: it is measured only for warm lanes", "warning")
        return None
    client = OpenAIClient(target.server, context, api=target.info.api)
    try:
        if target.info.engine is Engine.LLAMA_SERVER:
            return await chat_api.token_perplexity(client, target.model.id, context)
        return await prompt_perplexity(client, target.model.id)
    except BenchraceError as error:
        context.log(f"perplexity is unknown: {error.message}. {error.remedy}", "warning")
        return None
