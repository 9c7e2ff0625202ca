"""Central's metrics as Prometheus text."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from benchrace import __version__
from benchrace.central.api.route_context import RouteContext
from benchrace.run.machine import MachineState


def exposition(site: RouteContext) -> tuple[bytes, str]:
    """Return the text and its content type."""
    registry = CollectorRegistry()
    registry.register(_Figures(site))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Figures(Collector):
    def __init__(self, site: RouteContext) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        status = self._site.central.status()
        about = GaugeMetricFamily("benchrace_central_info", "This central", labels=("version",))
        about.add_metric((__version__,), 1)
        yield about
        states = [machine.view.state for machine in self._site.central.machines()]
        machines = GaugeMetricFamily("benchrace_machines", "Machines, by state", labels=("state",))
        for state in MachineState:
            machines.add_metric((state.value,), states.count(state))
        yield machines
        yield GaugeMetricFamily(
            "benchrace_runs_running", "Runs in progress", value=len(status.running)
        )
        yield GaugeMetricFamily("benchrace_runs_queued", "Runs in the queue", value=status.queued)
        yield GaugeMetricFamily(
            "benchrace_viewers", "Open live streams", value=self._site.viewers.count
        )
        yield GaugeMetricFamily(
            "benchrace_degraded", "1 while the disk refuses writes", value=int(status.degraded)
        )
