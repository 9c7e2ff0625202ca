"""The agent's older routes and names, in terms of its native ones."""

from typing import cast

from quart import Quart, Response
from quart_schema import document_response

from benchrace.agent.agent import Agent
from benchrace.compat.agent_capabilities import AgentCapabilitiesAnswer, capabilities_answer
from benchrace.compat.agent_jobs import install_jobs
from benchrace.compat.agent_rest import install_rest
from benchrace.compat.agent_socket import OldSocket
from benchrace.compat.envelope.routes import install_probes
from benchrace.web.answer import answer
from benchrace.web.asgi.types import App


def install(app: Quart, agent: Agent) -> None:
    """Add what older clients know of an agent; pass it to `serve` as `extend`."""

    @document_response(AgentCapabilitiesAnswer)
    async def capabilities() -> Response:
        """Return what this machine is and can do, older keys first, then the native ones."""
        return answer(capabilities_answer(await agent.capabilities.ready()))

    app.view_functions["capabilities"] = capabilities
    install_jobs(app, agent)
    install_rest(app, agent)
    install_probes(app, agent)
    app.asgi_app = OldSocket(cast(App, app.asgi_app), agent)  # type: ignore[method-assign, assignment]
