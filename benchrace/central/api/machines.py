"""Machines, what they can do, and how central does, over HTTP."""

from collections.abc import Iterable

import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace import __version__, structs
from benchrace.api import decoding
from benchrace.api.machines import (
    BackendAnswer,
    CapabilitiesAnswer,
    CapabilityList,
    GpuLoad,
    LoadAnswer,
    LoadList,
    MachineAnswer,
    MachineList,
    MachinePatch,
    PluginAnswer,
    PluginState,
    Reach,
)
from benchrace.api.runs import Deleted
from benchrace.api.service import CentralHealth, StatusAnswer, StatusQuery
from benchrace.central.api.metrics import exposition
from benchrace.central.api.route_context import RouteContext
from benchrace.central.api.workloads import reference
from benchrace.central.fleet.machine import Machine
from benchrace.central.fleet.models import lacks, model_here
from benchrace.central.fleet.policy_file import policy_path
from benchrace.central.fleet.status import MachineStatus
from benchrace.central.runs.indexing import banner
from benchrace.clock import SystemClock
from benchrace.config.model_policy import ModelPolicy, read_policy
from benchrace.errors import BenchraceError
from benchrace.plugin.description import PluginDescription
from benchrace.protocol.capabilities import Capabilities
from benchrace.run.findings.ceiling import Roofs
from benchrace.run.machine import MachineState
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""
    _machines(app, site)
    _about(app, site)


def _machines(app: Quart, site: RouteContext) -> None:
    @app.get("/api/machines")
    @document_response(MachineList)
    async def list_machines() -> Response:
        """List the machines that this central knows."""
        policy, problem = await to_thread.run_sync(_policy, site)
        machines = tuple(_machine(machine, policy) for machine in site.central.machines())
        return answer(
            MachineList(
                machines=machines,
                policy_problem=problem,
                refused=site.central.refused(),
                nearby=site.central.nearby.agents,
            )
        )

    @app.get("/api/machines/load")
    @document_response(LoadList)
    async def list_loads() -> Response:
        """List the load of the linked machines, sampled about every ten seconds."""
        return answer(LoadList(machines=tuple(_loads(site.central.fleet))))

    @app.patch("/api/machines/<machine_id>")
    @document_request(MachinePatch)
    @document_response(MachineAnswer)
    async def change_machine(machine_id: str) -> Response:
        """Exclude a machine from new runs, or include it again."""
        change = await body.read(request, MachinePatch)
        await site.central.exclude(machine_id, change.excluded)
        machines = {machine.view.machine_id: machine for machine in site.central.machines()}
        policy, _ = await to_thread.run_sync(_policy, site)
        return answer(_machine(machines[machine_id], policy))

    @app.delete("/api/machines/<machine_id>")
    @document_response(Deleted)
    async def forget_machine(machine_id: str) -> Response:
        """Forget a machine that is not linked; its runs keep their data."""
        await site.central.forget(machine_id)
        return answer(Deleted(deleted=machine_id))

    @app.get("/api/capabilities")
    @document_response(CapabilityList)
    async def list_capabilities() -> Response:
        """List the capabilities of every machine that has linked."""
        every = (machine.capabilities for machine in site.central.machines())
        return answer(
            CapabilityList(
                machines=tuple(
                    _capabilities(reported) for reported in every if reported is not None
                )
            )
        )


def _about(app: Quart, site: RouteContext) -> None:
    @app.get("/health", endpoint="health")
    @app.get("/api/v1/health", endpoint="health_v1")
    @document_response(CentralHealth)
    async def health() -> Response:
        """Return central's version, instance and wall clock."""
        instance = site.central.status().instance
        return answer(
            CentralHealth(
                ok=True,
                component="central",
                version=__version__,
                instance=instance,
                timestamp_s=SystemClock().wall_s(),
            )
        )

    @app.get("/api/status")
    @document_querystring(StatusQuery)
    @document_response(StatusAnswer)
    async def status() -> Response:
        """Return what runs and waits, which machines are reachable, and whether a model fits."""
        query = decoding.query(request.args.to_dict(), StatusQuery)
        policy, _ = await to_thread.run_sync(_policy, site)
        machines = site.central.machines()
        fleet = [machine.capabilities for machine in machines if machine.capabilities is not None]
        reaches = [
            _reach(machine, query, policy, fleet, await _roofs(site, machine, query))
            for machine in machines
        ]
        status = site.central.status()
        if status.banner is None:
            status = msgspec.structs.replace(status, banner=banner(site.index))
        return answer(StatusAnswer(central=status, machines=tuple(reaches)))

    @app.get("/metrics")
    async def metrics() -> Response:
        """Return central's metrics as Prometheus text."""
        text, kind = await exposition(site)
        return Response(text, content_type=kind)


def _policy(site: RouteContext) -> tuple[ModelPolicy, str | None]:
    """Read the policy; one that cannot be read requires nothing, and is said to be so."""
    try:
        return read_policy(policy_path(site.central.settings)), None
    except BenchraceError as error:
        return ModelPolicy(), error.message


def _machine(status: MachineStatus, policy: ModelPolicy) -> MachineAnswer:
    capabilities = status.capabilities
    view = status.view
    return MachineAnswer(
        machine_id=view.machine_id,
        label=view.label,
        state=view.state,
        condition=status.condition,
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
        plugins=tuple(
            PluginState(name=plugin.name, pending=plugin.pending, error=plugin.error)
            for plugin in (capabilities.plugins if capabilities else ())
        ),
        threads=None if capabilities is None else capabilities.hardware.cpu.usable_threads,
        gpus=() if capabilities is None else capabilities.hardware.gpus,
        missing=lacks(capabilities, policy),
        problems=status.problems,
        notes=status.notes,
        simulated=view.simulated,
        link=status.security,
    )


def _loads(machines: Iterable[Machine]) -> Iterable[LoadAnswer]:
    for machine in machines:
        if machine.load is None:
            continue
        sample = machine.load.sample
        yield LoadAnswer(
            machine_id=machine.machine_id,
            sampled_at=machine.load.sampled_at,
            cpu_percent=sample.cpu_percent,
            memory_used_bytes=sample.memory_used_bytes,
            memory_total_bytes=sample.memory_total_bytes,
            cpu_temperature_c=sample.cpu_temperature_c,
            gpus=tuple(structs.convert(gpu, GpuLoad, from_attributes=True) for gpu in sample.gpus),
        )


def _backends(status: MachineStatus) -> Iterable[BackendAnswer]:
    for backend in status.capabilities.backends if status.capabilities else ():
        yield BackendAnswer(
            name=backend.description.name,
            title=backend.description.title,
            version=backend.description.version,
            workloads=tuple(
                reference(status, backend.description.name, workload)
                for workload in backend.description.workloads
            ),
            reachable=backend.reachable,
            engine_version=backend.engine_version,
            models=backend.models,
            problems=backend.problems,
            startable=backend.startable,
            choices=backend.choices,
            operations=backend.description.operations,
            assets=backend.description.assets,
            stops_at=backend.stops_at,
        )


def _capabilities(reported: Capabilities) -> CapabilitiesAnswer:
    return CapabilitiesAnswer(
        machine_id=reported.machine_id,
        label=reported.label,
        version=reported.version,
        fingerprint=reported.fingerprint,
        hardware=reported.hardware,
        environment=reported.environment,
        plugins=tuple(_plugin(plugin) for plugin in reported.plugins),
        timing=reported.timing,
        restart=reported.restart,
        simulated=reported.simulated,
    )


def _plugin(plugin: PluginDescription) -> PluginAnswer:
    return PluginAnswer(
        name=plugin.name,
        module=plugin.module,
        distribution=plugin.distribution,
        version=plugin.version,
        backends=tuple(backend.title for backend in plugin.backends),
        kinds=plugin.kinds,
        error=plugin.error,
        traceback=plugin.traceback,
        pending=plugin.pending,
    )


async def _roofs(site: RouteContext, status: MachineStatus, query: StatusQuery) -> Roofs | None:
    """Return the ceilings of a machine, if somebody asks about a model; it is not simulated."""
    if query.model is None or status.capabilities is None or status.view.simulated:
        return None
    machine_id, capabilities = status.view.machine_id, status.capabilities
    return await to_thread.run_sync(
        site.ceilings.roofs, machine_id, capabilities, limiter=site.costly
    )


def _reach(
    status: MachineStatus,
    query: StatusQuery,
    policy: ModelPolicy,
    fleet: list[Capabilities],
    roofs: Roofs | None,
) -> Reach:
    view, capabilities = status.view, status.capabilities
    here, lacking = None, lacks(capabilities, policy)
    if query.model is not None and capabilities is not None:
        here = model_here(query.model, query.num_ctx, capabilities, fleet, roofs, query.depth)
    return Reach(
        machine_id=view.machine_id,
        label=view.label,
        reachable=status.connected_at is not None and view.state is not MachineState.LOST,
        state=view.state,
        condition=status.condition,
        reason=status.reason,
        run_id=status.run_id,
        has_model=None if here is None else here.has_model,
        missing=None if lacking is None else lacking.required,
        model=here,
    )
