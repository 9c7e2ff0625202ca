"""Prompts about a topic over HTTP."""

from typing import cast

from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.central.prompts import PromptAnswer, PromptRequest, Prompts
from benchrace.central.site import Site, answer
from benchrace.errors import Category
from benchrace.web import body
from benchrace.web.asgi import Scope, peer
from benchrace.web.attempts import Attempts
from benchrace.web.problem import Problem

MOST = 10
WINDOW_S = 60.0


def install(app: Quart, site: Site) -> None:
    """Add the route."""
    prompts = Prompts(site.central)
    asked_before = Attempts(MOST, WINDOW_S)

    @app.post("/api/prompts")
    @document_request(PromptRequest)
    @document_response(PromptAnswer)
    async def write_prompt() -> Response:
        """Have a prompt written about a topic, by a model that has nothing to measure."""
        asked = await body.read(request, PromptRequest)
        address = peer(cast(Scope, request.scope))
        if wait_s := asked_before.wait_s(address):
            raise Problem(
                429,
                Category.BUSY,
                f"{MOST} prompts were written for this address within {WINDOW_S:g} s",
                f"Ask again in {wait_s:.0f} s, or write the prompt yourself.",
            )
        asked_before.wrong(address)
        return answer(await prompts.write(asked))
