"""Kinds of work that benchrace itself defines; plugins may add their own."""

from typing import TYPE_CHECKING

from benchrace.lazy import exports

if TYPE_CHECKING:
    from benchrace.kinds.ceiling import GEMM, GEMV, GPU_MEMORY_BANDWIDTH, MEMORY_BANDWIDTH
    from benchrace.kinds.compute import COMPUTE, ComputeParams, ComputeRecord
    from benchrace.kinds.energy import EnergyWork, energy_work
    from benchrace.kinds.image import TXT2IMG, WORKFLOW
    from benchrace.kinds.kind import Kind, LaneRecord, Params, Record
    from benchrace.kinds.llm import LLM, SERVE
    from benchrace.kinds.metric import Better, Estimator, Metric
    from benchrace.kinds.speech import TRANSCRIBE

__all__ = [
    "COMPUTE",
    "GEMM",
    "GEMV",
    "GPU_MEMORY_BANDWIDTH",
    "LLM",
    "MEMORY_BANDWIDTH",
    "SERVE",
    "TRANSCRIBE",
    "TXT2IMG",
    "WORKFLOW",
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
        "benchrace.kinds.ceiling": "GEMM GEMV GPU_MEMORY_BANDWIDTH MEMORY_BANDWIDTH",
        "benchrace.kinds.compute": "COMPUTE ComputeParams ComputeRecord",
        "benchrace.kinds.energy": "EnergyWork energy_work",
        "benchrace.kinds.image": "TXT2IMG WORKFLOW",
        "benchrace.kinds.kind": "Kind LaneRecord Params Record",
        "benchrace.kinds.llm": "LLM SERVE",
        "benchrace.kinds.metric": "Better Estimator Metric",
        "benchrace.kinds.speech": "TRANSCRIBE",
    },
)
