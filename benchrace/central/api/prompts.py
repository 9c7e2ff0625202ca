"""Prompts about a topic over HTTP."""

from typing import cast

from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.prompts import PromptAnswer, PromptRequest
from benchrace.central.api.route_context import RouteContext
from benchrace.central.prompts import Prompts
from benchrace.errors import Category
from benchrace.web import body
from benchrace.web.answer import answer
from benchrace.web.asgi.types import Scope, peer
from benchrace.web.auth.login_rate_limit import Attempts
from benchrace.web.problem import Problem

MAX_PROMPTS = 10
WINDOW_S = 60.0


def install(app: Quart, site: RouteContext) -> None:
    """Add the route."""
    prompts = Prompts(site.central)
    attempts = Attempts(MAX_PROMPTS, WINDOW_S)

    @app.post("/api/prompts")
    @document_request(PromptRequest)
    @document_response(PromptAnswer)
    async def write_prompt() -> Response:
        """Generate a prompt about a topic, with a model that is not being measured."""
        prompt_request = await body.read(request, PromptRequest)
        address = peer(cast(Scope, request.scope))
        if wait_s := attempts.wait_s(address):
            raise Problem(
                429,
                Category.BUSY,
                f"{MAX_PROMPTS} prompts were written for this address within {WINDOW_S:g} s",
                f"Try again in {wait_s:.0f} s, or write the prompt yourself.",
            )
        attempts.wrong(address)
        return answer(await prompts.write(prompt_request))
