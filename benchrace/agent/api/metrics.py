"""The agent's metrics as Prometheus text."""

import shutil
from collections.abc import Iterator

from benchrace import __version__
from benchrace.agent.agent import Agent
from benchrace.api.agents import LENT, LINKED
from benchrace.events.payloads import GpuSample, RuntimeSamplePayload
from benchrace.web.exposition import Figure, Reading, render

INFO = Figure("benchrace_agent_info", "This agent; always 1", ("machine_id", "version"))
BUSY = Figure("benchrace_agent_busy", "1 while a job runs")
LINK = Figure("benchrace_agent_linked", "1 while it is linked to a central")
JOBS = Figure("benchrace_agent_jobs", "Jobs kept, by state", ("state",))
UNACKNOWLEDGED = Figure(
    "benchrace_agent_unacknowledged_bytes",
    "Journals of jobs that central has not acknowledged in full",
)
WORKERS = Figure("benchrace_agent_workers_started", "Workers started for jobs", counter=True)
DIED = Figure("benchrace_agent_workers_died", "Workers that ended before their job", counter=True)
SAMPLES = Figure("benchrace_agent_samples", "Runtime samples taken", counter=True)
SAMPLING = Figure("benchrace_agent_sampling_seconds", "Time spent taking samples", counter=True)
DISK_FREE = Figure("benchrace_agent_disk_free_bytes", "Free space of the data folder's disk")
# By the field of a sample.
HOST = {
    "cpu_percent": Figure("benchrace_host_cpu_percent", "Share of all processors in use"),
    "load_1m": Figure("benchrace_host_load_1m", "Load average over a minute"),
    "memory_used_bytes": Figure("benchrace_host_memory_used_bytes", "Memory in use"),
    "memory_available_bytes": Figure(
        "benchrace_host_memory_available_bytes", "Memory that is available"
    ),
    "cpu_temperature_c": Figure(
        "benchrace_host_cpu_temperature_celsius", "Temperature of the processor"
    ),
}
_GPU = ("gpu",)
GPU = {
    "utilization_percent": Figure(
        "benchrace_gpu_utilization_percent", "Utilisation of the GPU", _GPU
    ),
    "memory_used_bytes": Figure(
        "benchrace_gpu_memory_used_bytes", "Memory in use on the GPU", _GPU
    ),
    "power_w": Figure("benchrace_gpu_power_watts", "Power drawn by the GPU", _GPU),
    "temperature_c": Figure("benchrace_gpu_temperature_celsius", "Temperature of the GPU", _GPU),
    "clock_sm_mhz": Figure("benchrace_gpu_clock_sm_mhz", "Clock of the GPU's processors", _GPU),
}
FIGURES = (
    INFO,
    BUSY,
    LINK,
    JOBS,
    UNACKNOWLEDGED,
    WORKERS,
    DIED,
    SAMPLES,
    SAMPLING,
    DISK_FREE,
    *HOST.values(),
    *GPU.values(),
)


def exposition(agent: Agent) -> tuple[bytes, str]:
    """Return the text and its content type; what is unknown is left out, never 0. Blocks."""
    last = agent.sampling.last
    sampled = () if last is None else (*_host(last.sample), *_gpus(last.sample.gpus))
    return render((*_readings(agent), *sampled))


def _readings(agent: Agent) -> Iterator[Reading]:
    yield Reading(INFO, 1, (agent.settings.machine_id, __version__))
    yield Reading(BUSY, int(agent.slot.job_id is not None))
    yield Reading(LINK, int(agent.link_state in (LINKED, LENT)))
    states = [str(job.phase) for job in agent.jobs.all()]
    for state in sorted(set(states)):
        yield Reading(JOBS, states.count(state), (state,))
    yield Reading(UNACKNOWLEDGED, sum(job.unacknowledged_bytes() for job in agent.jobs.all()))
    yield Reading(WORKERS, agent.jobs.workers_started)
    yield Reading(DIED, agent.jobs.workers_died)
    yield Reading(SAMPLES, agent.sampling.count)
    yield Reading(SAMPLING, agent.sampling.cost_ns / 1e9)
    try:
        free = shutil.disk_usage(agent.settings.data).free
    except OSError:
        return
    yield Reading(DISK_FREE, free)


def _host(sample: RuntimeSamplePayload) -> Iterator[Reading]:
    for field, figure in HOST.items():
        if (value := getattr(sample, field)) is not None:
            yield Reading(figure, value)


def _gpus(gpus: tuple[GpuSample, ...]) -> Iterator[Reading]:
    for field, figure in GPU.items():
        for gpu in gpus:
            if (value := getattr(gpu, field)) is not None:
                yield Reading(figure, value, (str(gpu.index),))
