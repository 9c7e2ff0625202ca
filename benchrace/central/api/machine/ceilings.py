"""The ceilings of a machine over HTTP."""

from anyio import to_thread
from quart import Quart, Response
from quart_schema import document_response

from benchrace.api.machine.ceilings import MachineCeilings
from benchrace.central.api.route_context import RouteContext
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/machines/<machine_id>/ceilings")
    @document_response(MachineCeilings)
    async def machine_ceilings(machine_id: str) -> Response:
        """Return the measured limits of a machine, and how near its engines come to them.

        They are from the newest 60 runs of each kind that measures one.
        """
        capabilities = site.central.fleet.get(machine_id).capabilities
        result = await to_thread.run_sync(
            site.ceilings.of, machine_id, capabilities, limiter=site.costly
        )
        return answer(result.answer)
