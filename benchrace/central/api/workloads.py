"""Kinds of work over HTTP: which backends offer them, and their descriptions."""

from collections.abc import Iterable

from quart import Quart, Response
from quart_schema import document_response

from benchrace.api.machines import KindAnswer, Offer, WorkloadList, WorkloadReference
from benchrace.central.api.route_context import RouteContext
from benchrace.central.fleet.status import MachineStatus
from benchrace.errors import NotFound
from benchrace.plugin.description import WorkloadDescription
from benchrace.web.answer import answer

# The content of a digest never changes.
_FIXED = {"Cache-Control": "private, max-age=31536000, immutable"}


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/workloads")
    @document_response(WorkloadList)
    async def list_workloads() -> Response:
        """List every kind of work, and the backends that offer it."""
        return answer(WorkloadList(workloads=tuple(_kinds(site.central.machines()))))

    @app.get("/api/workloads/<digest>")
    @document_response(WorkloadDescription)
    async def read_workload(digest: str) -> Response:
        """Return a workload's parameters and metrics, by the digest of this description."""
        for machine in site.central.machines():
            for workload in machine.described.values():
                if workload.digest == digest:
                    return Response(
                        workload.data,
                        content_type="application/json",
                        headers=_FIXED,
                    )
        raise NotFound(
            f"no machine offers a workload with the digest {digest[:64]!r}",
            "GET /api/workloads lists the current ones.",
        )


def reference(
    status: MachineStatus, backend: str, workload: WorkloadDescription
) -> WorkloadReference:
    """Name a workload of a machine's backend by its digest."""
    digest = status.described[backend, workload.kind].digest
    return WorkloadReference(kind=workload.kind, title=workload.title, digest=digest)


def _kinds(machines: Iterable[MachineStatus]) -> Iterable[KindAnswer]:
    """Gather by kind and backend; where machines differ, the first one's description is shown."""
    offers: dict[str, dict[str, Offer]] = {}
    for machine in machines:
        for backend in machine.view.backends:
            for workload in backend.workloads:
                of_kind = offers.setdefault(workload.kind, {})
                offer = of_kind.get(backend.name)
                of_kind[backend.name] = Offer(
                    backend=backend.name,
                    title=backend.title,
                    machines=(*(offer.machines if offer else ()), machine.view.machine_id),
                    workload=offer.workload
                    if offer
                    else reference(machine, backend.name, workload),
                )
    for kind, by_backend in sorted(offers.items()):
        listed = tuple(by_backend[name] for name in sorted(by_backend))
        yield KindAnswer(kind=kind, title=listed[0].workload.title, offers=listed)
