"""Machines, what they can do, and how central does, over HTTP."""

from collections.abc import Iterable

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace import __version__
from benchrace.central.answers import (
    Asked,
    BackendAnswer,
    CapabilityList,
    Health,
    KindAnswer,
    MachineAnswer,
    MachineList,
    MachinePatch,
    Offer,
    Reach,
    StatusAnswer,
    WorkloadList,
)
from benchrace.central.machine import MachineStatus
from benchrace.central.metrics import exposition
from benchrace.central.models import lacks, model_here
from benchrace.central.policy_file import policy_path
from benchrace.central.site import Site, answer
from benchrace.config.model_policy import ModelPolicy, read_policy
from benchrace.errors import BenchraceError
from benchrace.link.capabilities import Capabilities
from benchrace.run.machine import MachineState
from benchrace.web import body


def install(app: Quart, site: Site) -> None:
    """Add the routes."""
    _machines(app, site)
    _about(app, site)


def _machines(app: Quart, site: Site) -> None:
    @app.get("/api/machines")
    @document_response(MachineList)
    async def list_machines() -> Response:
        """List the machines that this central knows."""
        policy, problem = await to_thread.run_sync(_policy, site)
        known = tuple(_machine(each, policy) for each in site.central.machines())
        refused = site.central.refused()
        return answer(MachineList(machines=known, policy_problem=problem, refused=refused))

    @app.patch("/api/machines/<machine_id>")
    @document_request(MachinePatch)
    @document_response(MachineAnswer)
    async def change_machine(machine_id: str) -> Response:
        """Keep a machine out of new runs, or let it in again."""
        change = await body.read(request, MachinePatch)
        await site.central.exclude(machine_id, change.excluded)
        found = {each.view.machine_id: each for each in site.central.machines()}
        policy, _ = await to_thread.run_sync(_policy, site)
        return answer(_machine(found[machine_id], policy))

    @app.get("/api/capabilities")
    @document_response(CapabilityList)
    async def list_capabilities() -> Response:
        """Give the capabilities of every machine that has linked."""
        known = (each.capabilities for each in site.central.machines())
        return answer(CapabilityList(machines=tuple(each for each in known if each is not None)))

    @app.get("/api/workloads")
    @document_response(WorkloadList)
    async def list_workloads() -> Response:
        """Give every kind of work with its parameters, and who offers it."""
        return answer(WorkloadList(workloads=tuple(_kinds(site.central.machines()))))


def _about(app: Quart, site: Site) -> None:
    @app.get("/health", endpoint="health")
    @app.get("/api/v1/health", endpoint="health_v1")
    @document_response(Health)
    async def health() -> Response:
        """Say that central serves."""
        instance = site.central.status().instance
        return answer(Health(ok=True, component="central", version=__version__, instance=instance))

    @app.get("/api/status")
    @document_querystring(Asked)
    @document_response(StatusAnswer)
    async def status() -> Response:
        """Say what runs, what waits, which machines can be given work, and how a model fits."""
        asked = body.query(request.args.to_dict(), Asked)
        policy, _ = await to_thread.run_sync(_policy, site)
        machines = site.central.machines()
        fleet = [each.capabilities for each in machines if each.capabilities is not None]
        told = tuple(_reach(each, asked, policy, fleet) for each in machines)
        return answer(StatusAnswer(central=site.central.status(), machines=told))

    @app.get("/metrics")
    async def metrics() -> Response:
        """Give central's figures as Prometheus text."""
        text, kind = exposition(site)
        return Response(text, content_type=kind)


def _policy(site: Site) -> tuple[ModelPolicy, str | None]:
    """Read the policy; one that cannot be read requires nothing, and is said to be so."""
    try:
        return read_policy(policy_path(site.central.settings)), None
    except BenchraceError as error:
        return ModelPolicy(), error.message


def _machine(status: MachineStatus, policy: ModelPolicy) -> MachineAnswer:
    known = status.capabilities
    view = status.view
    return MachineAnswer(
        machine_id=view.machine_id,
        label=view.label,
        state=view.state,
        reason=status.reason,
        excluded=status.excluded,
        host_id=view.host_id,
        share_host=view.share_host,
        version=status.version,
        address=status.address,
        connected_at=status.connected_at,
        run_id=status.run_id,
        offset_ns=status.offset_ns,
        uncertainty_ns=status.uncertainty_ns,
        backends=tuple(_backends(status)),
        gpus=() if known is None else known.hardware.gpus,
        missing=lacks(known, policy),
    )


def _backends(status: MachineStatus) -> Iterable[BackendAnswer]:
    for each in status.capabilities.backends if status.capabilities else ():
        yield BackendAnswer(
            name=each.description.name,
            title=each.description.title,
            version=each.description.version,
            workloads=each.description.workloads,
            reachable=each.reachable,
            engine_version=each.engine_version,
            models=each.models,
            problems=each.problems,
            operations=each.description.operations,
            stops_at=each.stops_at,
        )


def _reach(
    status: MachineStatus, asked: Asked, policy: ModelPolicy, fleet: list[Capabilities]
) -> Reach:
    view, known = status.view, status.capabilities
    here, lacking = None, lacks(known, policy)
    if asked.model is not None and known is not None:
        here = model_here(asked.model, asked.num_ctx, known, fleet)
    return Reach(
        machine_id=view.machine_id,
        label=view.label,
        reachable=status.connected_at is not None and view.state is not MachineState.LOST,
        state=view.state,
        reason=status.reason,
        run_id=status.run_id,
        has_model=None if here is None else here.has_model,
        missing=None if lacking is None else lacking.required,
        model=here,
    )


def _kinds(machines: Iterable[MachineStatus]) -> Iterable[KindAnswer]:
    """Gather by kind and backend; where machines differ, the first one's description is shown."""
    offers: dict[str, dict[str, Offer]] = {}
    for machine in machines:
        for backend in machine.view.backends:
            for workload in backend.workloads:
                of_kind = offers.setdefault(workload.kind, {})
                known = of_kind.get(backend.name)
                of_kind[backend.name] = Offer(
                    backend=backend.name,
                    title=backend.title,
                    machines=(*(known.machines if known else ()), machine.view.machine_id),
                    workload=known.workload if known else workload,
                )
    for kind, found in sorted(offers.items()):
        listed = tuple(found[name] for name in sorted(found))
        yield KindAnswer(kind=kind, title=listed[0].workload.title, offers=listed)
