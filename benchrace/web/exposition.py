"""Metrics as Prometheus text, from their declarations and what was read of them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class Figure(NamedTuple):
    """One metric of `/metrics`. A counter only rises, and its name ends with `_total` there."""

    name: str
    text: str
    labels: tuple[str, ...] = ()
    counter: bool = False


class Reading(NamedTuple):
    """A value of a figure, with its labels' values."""

    figure: Figure
    value: float
    labels: tuple[str, ...] = ()


def render(readings: Iterable[Reading]) -> tuple[bytes, str]:
    """Return the text and its content type; what has no reading is left out, never 0."""
    registry = CollectorRegistry()
    registry.register(_Readings(tuple(readings)))
    return generate_latest(registry), CONTENT_TYPE_LATEST


class _Readings(Collector):
    def __init__(self, readings: Sequence[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for figure, value, labels in self._readings:
            if figure.name not in families:
                family = CounterMetricFamily if figure.counter else GaugeMetricFamily
                families[figure.name] = family(figure.name, figure.text, labels=figure.labels)
            families[figure.name].add_metric(labels, value)  # type: ignore[attr-defined]
        return families.values()
