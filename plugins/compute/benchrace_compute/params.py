"""What can be chosen: the kinds' parameters, with what the kernels offer."""

from benchrace.plugin import (
    COMPUTE,
    GEMM,
    GEMV,
    GPU_MEMORY_BANDWIDTH,
    MEMORY_BANDWIDTH,
    Annotated,
    ComputeParams,
    GemmParams,
    GemvParams,
    MemoryParams,
    Meta,
    Resource,
    Workload,
)
from benchrace_core import ALGORITHMS

AUTO = "auto"
# Of every architecture that the kernels know: which of them a machine has shows when it is asked.
TIERS = (AUTO, "avx512", "avx2", "baseline")

Tier = Annotated[
    str,
    Meta(
        title="Instructions",
        description="auto uses the best that the processor has, baseline what every one has "
        "(SSE2, NEON); avx512 includes VPOPCNTDQ and VNNI (Ice Lake, Zen 4 and later).",
        pattern=f"^({'|'.join(TIERS)})$",
        extra_json_schema={"enum": list(TIERS)},
    ),
]


class Options(ComputeParams, frozen=True, kw_only=True):
    """The kind's own parameters, `algorithm` narrowed down, and the instructions."""

    algorithm: Annotated[
        str,
        Meta(
            title="Algorithm",
            description="How the primes are counted.",
            pattern=f"^({'|'.join(ALGORITHMS)})$",
            extra_json_schema={"enum": list(ALGORITHMS)},
        ),
    ] = "segmented_sieve"
    tier: Tier = AUTO


COUNTING = Workload(
    kind=COMPUTE,
    params=Options,
    presets={
        "50M": {"n": 50_000_000},
        "20M": {"n": 20_000_000},
        "2M": {"n": 2_000_000},
        "auto": {"n": "auto"},
    },
    automatic="n",
    # The simple sieve strikes through all of its memory at once.
    saturates=frozenset({Resource.CPU, Resource.MEMORY}),
)


class MemoryOptions(MemoryParams, frozen=True, kw_only=True):
    """The kind's own parameters, and the instructions."""

    tier: Tier = AUTO


class GemvOptions(GemvParams, frozen=True, kw_only=True):
    """The kind's own parameters, and the instructions."""

    tier: Tier = AUTO


class GemmOptions(GemmParams, frozen=True, kw_only=True):
    """The kind's own parameters, and the instructions."""

    tier: Tier = AUTO


BANDWIDTH = Workload(
    kind=MEMORY_BANDWIDTH,
    params=MemoryOptions,
    presets={
        "all": {"kernels": "all"},
        "read": {"kernels": "read"},
        "one_thread": {"kernels": "all", "threads": 1},
    },
    saturates=frozenset({Resource.CPU, Resource.MEMORY}),
)
DECODE = Workload(
    kind=GEMV,
    params=GemvOptions,
    presets={name: {"format": name} for name in ("q8_0", "q4_0", "f16")},
    saturates=frozenset({Resource.CPU, Resource.MEMORY}),
)
PREFILL = Workload(
    kind=GEMM,
    params=GemmOptions,
    presets={
        "f32": {"precision": "f32"},
        "int8": {"precision": "int8"},
        "auto": {"n": "auto"},
    },
    automatic="n",
    saturates=frozenset({Resource.CPU}),
)
GPU_BANDWIDTH = Workload(
    kind=GPU_MEMORY_BANDWIDTH,
    presets={"all": {"kernels": "all"}, "read": {"kernels": "read"}},
    saturates=frozenset({Resource.GPU, Resource.MEMORY}),
)
