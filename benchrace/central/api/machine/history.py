"""How a machine changed over its runs, over HTTP."""

from anyio import to_thread
from quart import Quart, Response
from quart_schema import document_response

from benchrace.api.machines import MachineHistory
from benchrace.central.api.route_context import RouteContext
from benchrace.central.history.machine_history import machine_history as history_of
from benchrace.central.history.observations import observations
from benchrace.store.query import Query
from benchrace.web.answer import answer

MAX_RUNS = 200


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/machines/<machine_id>/history")
    @document_response(MachineHistory)
    async def machine_history(machine_id: str) -> Response:
        """Return when hardware, driver, system or versions of a machine changed, over its runs.

        The newest 200 runs are read. A machine that was forgotten still has its runs.
        """
        return answer(await to_thread.run_sync(_history, site, machine_id, limiter=site.costly))


def _history(site: RouteContext, machine_id: str) -> MachineHistory:
    page = site.index.page(Query(machine=machine_id, limit=MAX_RUNS))
    if not page.runs:
        # Raises for a machine that nobody knows.
        site.central.fleet.get(machine_id)
    oldest_first = [row.run_id for row in reversed(page.runs)]
    seen = observations(site.central.runs_dir, oldest_first, machine_id)
    return history_of(machine_id, seen, complete=page.next is None)
