"""The kinds that benchrace itself defines, by name, each imported when it is asked for."""

from benchrace import kinds
from benchrace.kinds.kind import Kind

# What `benchrace.kinds` calls each of them.
BUILT_IN = {
    "compute": "COMPUTE",
    "llm_generate": "LLM",
    "llm_serve": "SERVE",
    "txt2img": "TXT2IMG",
    "workflow": "WORKFLOW",
    "transcribe": "TRANSCRIBE",
    "memory_bandwidth": "MEMORY_BANDWIDTH",
    "gemv": "GEMV",
    "gemm": "GEMM",
    "gpu_memory_bandwidth": "GPU_MEMORY_BANDWIDTH",
}


def built_in(name: str) -> Kind | None:
    """Return the built-in kind of this name, None where there is none."""
    if name not in BUILT_IN:
        return None
    kind: Kind = getattr(kinds, BUILT_IN[name])
    return kind
