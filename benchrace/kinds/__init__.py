"""Kinds of work that benchrace itself defines; plugins may add their own."""

from benchrace.kinds.compute import COMPUTE, ComputeParams, ComputeRecord
from benchrace.kinds.kind import Kind, Params, Record
from benchrace.kinds.llm import LLM, SERVE
from benchrace.kinds.metric import Better, Estimator, Metric

__all__ = [
    "COMPUTE",
    "LLM",
    "SERVE",
    "Better",
    "ComputeParams",
    "ComputeRecord",
    "Estimator",
    "Kind",
    "Metric",
    "Params",
    "Record",
]
