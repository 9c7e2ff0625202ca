"""Kinds that measure what a machine can do at most: memory, weights times a vector, matrices."""

from benchrace.kinds.ceiling.gemm import GEMM, GemmParams, GemmRecord
from benchrace.kinds.ceiling.gemv import GEMV, GemvParams, GemvRecord
from benchrace.kinds.ceiling.memory import (
    GPU_MEMORY_BANDWIDTH,
    MEMORY_BANDWIDTH,
    GpuMemoryParams,
    GpuMemoryRecord,
    MemoryParams,
    MemoryRecord,
)
from benchrace.kinds.ceiling.sweep import Sweep

__all__ = [
    "GEMM",
    "GEMV",
    "GPU_MEMORY_BANDWIDTH",
    "MEMORY_BANDWIDTH",
    "GemmParams",
    "GemmRecord",
    "GemvParams",
    "GemvRecord",
    "GpuMemoryParams",
    "GpuMemoryRecord",
    "MemoryParams",
    "MemoryRecord",
    "Sweep",
]
