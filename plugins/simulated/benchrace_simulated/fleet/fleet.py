"""Run a fleet: one engine, and an agent for each machine, all linked to one central."""

import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import anyio
import msgspec

from benchrace.agent.agent import Agent
from benchrace.agent.host_lock import boot_id
from benchrace.agent.jobs.slot import Slot
from benchrace.agent.link.connector import Connector
from benchrace.agent.plugins import Plugins
from benchrace.agent.settings import AgentSettings
from benchrace.config.paths import make_private
from benchrace.plugin.host.entry_points import SIMULATED_GROUP
from benchrace.tls.local import certificate_of
from benchrace.tls.trust import Trust, trust_of
from benchrace_simulated.engine import Engine
from benchrace_simulated.fleet import hardware, workers
from benchrace_simulated.fleet.sampler import ScriptedSampler
from benchrace_simulated.profiles import Seat

_STOP_S = 2.5
_LEAVE_S = 1.0


class FleetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which machines there are and what central they join; `failures` is a share of rounds."""

    central: str
    token: str | None
    trust: Trust
    data: Path
    seats: tuple[Seat, ...]
    seed: int = 0
    failures: float = 0.0


def trust_in(central: str, record: Path | None) -> Trust:
    """Return the trust in a central: that of the environment, or the certificate in its record."""
    certificate = None if record is None else certificate_of(record, central)
    return trust_of(os.environ, Trust()).pinned(certificate)


async def serve(settings: FleetSettings, stop: Callable[[], Awaitable[None]]) -> None:
    """Serve until `stop` returns; then jobs end, and each agent says goodbye."""
    workers.prepare()
    await anyio.to_thread.run_sync(make_private, settings.data)
    profiles = {seat.machine_id: seat.profile for seat in settings.seats}
    engine = Engine(profiles, seed=settings.seed, failures=settings.failures)
    server, url = await engine.serve()
    async with server:
        # Once for all: the agents then read the description that this leaves in the cache.
        await _plugins(settings.data).once()
        agents = [_agent(settings, seat, url) for seat in settings.seats]
        links = [Connector(agent, settings.central, settings.token) for agent in agents]
        async with anyio.create_task_group() as tasks:
            for agent, link in zip(agents, links, strict=True):
                await agent.jobs.recover()
                tasks.start_soon(agent.run)
                tasks.start_soon(link.run)
            await stop()
            await _end(agents, links)
            tasks.cancel_scope.cancel()


async def _end(agents: Sequence[Agent], links: Sequence[Connector]) -> None:
    async with anyio.create_task_group() as ending:
        ending.cancel_scope.deadline = anyio.current_time() + _STOP_S
        for agent in agents:
            ending.start_soon(agent.jobs.stop)
    async with anyio.create_task_group() as leaving:
        leaving.cancel_scope.deadline = anyio.current_time() + _LEAVE_S
        for link in links:
            leaving.start_soon(link.leave)


def _plugins(data: Path) -> Plugins:
    cache = data / "cache/describe"
    slot = Slot("the simulated fleet", None)
    return Plugins(cache, workers.launch, slot, group=SIMULATED_GROUP)


def _agent(settings: FleetSettings, seat: Seat, url: str) -> Agent:
    shared = {"profile": seat.profile.key, "machine": seat.machine_id, "seed": settings.seed}
    agent_settings = AgentSettings(
        data=settings.data,
        machine_id=seat.machine_id,
        label=seat.label,
        central=settings.central,
        token=settings.token,
        trust=settings.trust,
        share_host=True,
        tables={
            "simulated": shared | {"base_url": url},
            "simulated-cpu": shared | {"failures": settings.failures},
        },
        launcher=workers.launch,
        simulated=True,
        probe_at_start=False,
    )
    agent: Agent
    sampler = ScriptedSampler(seat, settings.seed, lambda: agent.jobs.running is not None)
    agent = Agent(
        agent_settings,
        hardware.machine(seat.profile),
        sampler,
        # Each is a computer of its own: what they share is only the one that plays them.
        host_id=hashlib.sha256(f"simulated {seat.machine_id}".encode()).hexdigest()[:16],
        boot_id=boot_id(),
    )
    return agent
