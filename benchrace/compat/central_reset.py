"""`POST /api/agents/{id}/reset`: a machine's engines, reset over its link."""

from quart import Quart, Response
from quart_schema import document_response

from benchrace.central.central import Central
from benchrace.central.fleet.engines import Engines
from benchrace.compat.resetting import ResetAnswer, reset_answer
from benchrace.web.answer import answer


def install_reset(app: Quart, central: Central) -> None:
    """Add the route."""
    engines = Engines(central.fleet)

    @app.post("/api/agents/<machine_id>/reset")
    @document_response(ResetAnswer)
    async def reset_agent(machine_id: str) -> Response:
        """Reset the engines of a machine; 404 for one unknown, 503 for one that is not linked."""
        return answer(reset_answer(await engines.reset(machine_id)))
