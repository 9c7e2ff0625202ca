"""The agent's metrics as Prometheus text."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from benchrace import __version__
from benchrace.agent.agent import Agent
from benchrace.events.payloads import GpuSample, RuntimeSamplePayload

_GPU = (
    ("utilization_percent", "Utilisation of the GPU", "utilization_percent"),
    ("memory_used_bytes", "Memory in use on the GPU", "memory_used_bytes"),
    ("power_w", "Power drawn by the GPU", "power_watts"),
    ("temperature_c", "Temperature of the GPU", "temperature_celsius"),
    ("clock_sm_mhz", "Clock of the GPU's processors", "clock_sm_mhz"),
)
_HOST = (
    ("cpu_percent", "Share of all processors in use", "cpu_percent"),
    ("load_1m", "Load average over a minute", "load_1m"),
    ("memory_used_bytes", "Memory in use", "memory_used_bytes"),
    ("memory_available_bytes", "Memory that is available", "memory_available_bytes"),
    ("cpu_temperature_c", "Temperature of the processor", "cpu_temperature_celsius"),
)


def exposition(agent: Agent) -> tuple[bytes, str]:
    """Return the text and its content type; what is unknown is left out, never 0."""
    registry = CollectorRegistry()
    registry.register(_Figures(agent))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Figures(Collector):
    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    def collect(self) -> Iterable[Metric]:
        agent = self._agent
        about = GaugeMetricFamily(
            "benchrace_agent_info", "This agent", labels=("machine_id", "version")
        )
        about.add_metric((agent.settings.machine_id, __version__), 1)
        yield about
        busy = agent.slot.job_id is not None
        yield GaugeMetricFamily("benchrace_agent_busy", "1 while a job runs", value=int(busy))
        jobs = GaugeMetricFamily("benchrace_agent_jobs", "Jobs kept, by state", labels=("state",))
        states = [str(job.phase) for job in agent.jobs.all()]
        for state in sorted(set(states)):
            jobs.add_metric((state,), states.count(state))
        yield jobs
        yield CounterMetricFamily(
            "benchrace_agent_samples", "Runtime samples taken", value=agent.sampling.count
        )
        yield CounterMetricFamily(
            "benchrace_agent_sampling_seconds",
            "Time spent taking samples",
            value=agent.sampling.cost_ns / 1e9,
        )
        if (last := agent.sampling.last) is not None:
            yield from _host(last.sample)
            yield from _gpus(last.sample.gpus)


def _host(sample: RuntimeSamplePayload) -> Iterable[Metric]:
    for field, text, name in _HOST:
        if (value := getattr(sample, field)) is not None:
            yield GaugeMetricFamily(f"benchrace_host_{name}", text, value=value)


def _gpus(gpus: tuple[GpuSample, ...]) -> Iterable[Metric]:
    for field, text, name in _GPU:
        family = GaugeMetricFamily(f"benchrace_gpu_{name}", text, labels=("gpu",))
        for gpu in gpus:
            if (value := getattr(gpu, field)) is not None:
                family.add_metric((str(gpu.index),), value)
        if family.samples:
            yield family
