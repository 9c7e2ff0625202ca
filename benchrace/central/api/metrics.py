"""Central's metrics as Prometheus text."""

import shutil
from collections.abc import Iterator

from anyio import to_thread

from benchrace import __version__
from benchrace.central.api.route_context import RouteContext
from benchrace.central.central import Central
from benchrace.clock import SystemClock
from benchrace.run.machine import MachineState
from benchrace.web.exposition import Figure, Reading, render

_MACHINE = ("machine_id",)
INFO = Figure("benchrace_central_info", "This central; always 1", ("version",))
MACHINES = Figure("benchrace_machines", "Machines (agents), by state", ("state",))
SILENCE = Figure(
    "benchrace_link_silence_seconds",
    "Time since the last message of a linked agent",
    _MACHINE,
)
CLOCK = Figure(
    "benchrace_clock_uncertainty_seconds",
    "Uncertainty of a linked agent's clock offset: half of the shortest round trip",
    _MACHINE,
)
RUNNING = Figure("benchrace_runs_running", "Runs in progress")
QUEUED = Figure("benchrace_runs_queued", "Runs in the queue")
STORED = Figure("benchrace_runs_stored", "Runs in the index, by state", ("state",))
EVENTS = Figure("benchrace_events", "Events of agents written to logs", counter=True)
LOG_BYTES = Figure("benchrace_log_bytes", "Bytes of agents' events written to logs", counter=True)
UNSYNCED = Figure(
    "benchrace_log_unsynced_bytes", "Bytes in logs of runs in progress that are not synced yet"
)
VIEWERS = Figure("benchrace_viewers", "Open live streams (server-sent events)")
DISK_FREE = Figure("benchrace_disk_free_bytes", "Free space of the data folder's disk")
DEGRADED = Figure("benchrace_degraded", "1 while the disk refuses writes")
FIGURES = (
    INFO,
    MACHINES,
    SILENCE,
    CLOCK,
    RUNNING,
    QUEUED,
    STORED,
    EVENTS,
    LOG_BYTES,
    UNSYNCED,
    VIEWERS,
    DISK_FREE,
    DEGRADED,
)


async def exposition(site: RouteContext) -> tuple[bytes, str]:
    """Return the text and its content type."""
    # Machines and runs change in the event loop; the index and the disk block.
    readings = tuple(_readings(site.central))
    return await to_thread.run_sync(lambda: render((*readings, *_served(site))))


def _readings(central: Central) -> Iterator[Reading]:
    status = central.status()
    yield Reading(INFO, 1, (__version__,))
    states = [machine.view.state for machine in central.machines()]
    for state in MachineState:
        yield Reading(MACHINES, states.count(state), (state.value,))
    now_ns = SystemClock().monotonic_ns()
    for machine in tuple(central.fleet):
        if machine.session is None or machine.heard_ns is None:
            continue
        label = (machine.machine_id,)
        yield Reading(SILENCE, max(0, now_ns - machine.heard_ns) / 1e9, label)
        if (offset := machine.offset(now_ns)) is not None:
            yield Reading(CLOCK, offset.uncertainty_ns / 1e9, label)
    traffic = central.traffic()
    yield Reading(RUNNING, len(status.running))
    yield Reading(QUEUED, status.queued)
    yield Reading(EVENTS, traffic.lines)
    yield Reading(LOG_BYTES, traffic.size)
    yield Reading(UNSYNCED, traffic.unsynced)
    yield Reading(DEGRADED, int(status.degraded))


def _served(site: RouteContext) -> Iterator[Reading]:
    for state in site.index.choices().states:
        yield Reading(STORED, state.runs, (state.value,))
    yield Reading(VIEWERS, site.viewers.count)
    try:
        free = shutil.disk_usage(site.central.settings.data).free
    except OSError:
        return
    yield Reading(DISK_FREE, free)
