"""How well a lane's model foresees a fixed text, by whichever way its server has for it."""

from benchrace.plugin import BenchraceError, Context, Perplexity, Residence
from benchrace_openai.calls import Calls
from benchrace_openai.echoed import echoed
from benchrace_openai.facts import At
from benchrace_openai.perplexity import perplexity
from benchrace_openai.settings import Engine


async def foreseen(at: At, residence: Residence, context: Context) -> Perplexity | None:
    """Measure perplexity; what keeps it from being known is told, and ends nothing."""
    if at.found.router:
        context.log(f"perplexity is not known: {at.server.label} is a router", "warning")
        return None
    if residence is Residence.COLD:
        context.log("perplexity is measured of a model that stays loaded alone", "warning")
        return None
    calls = Calls(at.server, context)
    try:
        if at.found.engine is Engine.LLAMA_SERVER:
            return await perplexity(calls, at.model.id, context)
        return await echoed(calls, at.model.id)
    except BenchraceError as error:
        context.log(f"perplexity is not known: {error.message}. {error.remedy}", "warning")
        return None
