"""All that a plugin author needs: `from benchrace.plugin import ...` and nothing else."""

from typing import Annotated

from msgspec import Meta

from benchrace.clock import Clock
from benchrace.errors import BenchraceError, Category, FieldError
from benchrace.events import Measured
from benchrace.kinds import (
    COMPUTE,
    Better,
    ComputeParams,
    ComputeRecord,
    Estimator,
    Kind,
    Metric,
    Params,
    Record,
)
from benchrace.plugin.backend import Backend, Config, Lane
from benchrace.plugin.context import Context, RoundInfo
from benchrace.plugin.readiness import Model, Probe, Problem, Readiness
from benchrace.plugin.spec import hookimpl
from benchrace.plugin.stream import (
    Chunk,
    Format,
    Lag,
    Stream,
    StreamEnd,
    StreamLimits,
    StreamRequest,
    Streams,
    TimingSource,
)
from benchrace.plugin.workload import Drawing, Resource, Workload

__all__ = [
    "COMPUTE",
    "Annotated",
    "Backend",
    "BenchraceError",
    "Better",
    "Category",
    "Chunk",
    "Clock",
    "ComputeParams",
    "ComputeRecord",
    "Config",
    "Context",
    "Drawing",
    "Estimator",
    "FieldError",
    "Format",
    "Kind",
    "Lag",
    "Lane",
    "Measured",
    "Meta",
    "Metric",
    "Model",
    "Params",
    "Probe",
    "Problem",
    "Readiness",
    "Record",
    "Resource",
    "RoundInfo",
    "Stream",
    "StreamEnd",
    "StreamLimits",
    "StreamRequest",
    "Streams",
    "TimingSource",
    "Workload",
    "hookimpl",
]
