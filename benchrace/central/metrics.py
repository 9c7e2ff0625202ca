"""Central's figures as Prometheus text."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from benchrace import __version__
from benchrace.central.site import Site
from benchrace.run.machine import MachineState


def exposition(site: Site) -> tuple[bytes, str]:
    """Give the text and its content type."""
    registry = CollectorRegistry()
    registry.register(_Figures(site))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Figures(Collector):
    def __init__(self, site: Site) -> None:
        self._site = site

    def collect(self) -> Iterable[Metric]:
        status = self._site.central.status()
        about = GaugeMetricFamily("benchrace_central_info", "This central", labels=("version",))
        about.add_metric((__version__,), 1)
        yield about
        states = [each.view.state for each in self._site.central.machines()]
        machines = GaugeMetricFamily("benchrace_machines", "Machines, by state", labels=("state",))
        for state in MachineState:
            machines.add_metric((state.value,), states.count(state))
        yield machines
        yield GaugeMetricFamily(
            "benchrace_runs_running", "Runs that are on", value=len(status.running)
        )
        yield GaugeMetricFamily("benchrace_runs_queued", "Runs that wait", value=status.queued)
        yield GaugeMetricFamily(
            "benchrace_viewers", "Live streams that are open", value=self._site.viewers.count
        )
        yield GaugeMetricFamily(
            "benchrace_degraded", "1 while the disk refuses", value=int(status.degraded)
        )
