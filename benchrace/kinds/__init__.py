"""Kinds of work that benchrace itself defines; plugins may add their own."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.kinds.compute import COMPUTE, ComputeParams, ComputeRecord
    from benchrace.kinds.energy import EnergyWork, energy_work
    from benchrace.kinds.kind import Kind, LaneRecord, Params, Record
    from benchrace.kinds.llm import LLM, SERVE
    from benchrace.kinds.metric import Better, Estimator, Metric

__all__ = [
    "COMPUTE",
    "LLM",
    "SERVE",
    "Better",
    "ComputeParams",
    "ComputeRecord",
    "EnergyWork",
    "Estimator",
    "Kind",
    "LaneRecord",
    "Metric",
    "Params",
    "Record",
    "energy_work",
]

__getattr__ = exports(
    __name__,
    {
        "benchrace.kinds.compute": "COMPUTE ComputeParams ComputeRecord",
        "benchrace.kinds.energy": "EnergyWork energy_work",
        "benchrace.kinds.kind": "Kind LaneRecord Params Record",
        "benchrace.kinds.llm": "LLM SERVE",
        "benchrace.kinds.metric": "Better Estimator Metric",
    },
)
