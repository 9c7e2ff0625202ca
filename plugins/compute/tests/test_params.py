"""What the form offers is what the kernels have."""

import benchrace_core as core
from benchrace.plugin import ComputeParams
from benchrace.plugin.host.describe import describe, params_schema
from benchrace.testing import plugin_ref
from benchrace_compute.params import COUNTING, TIERS, Options


def test_algorithms_are_those_of_the_kernels() -> None:
    schema = params_schema(Options)
    assert schema["properties"]["algorithm"]["enum"] == list(core.ALGORITHMS)
    assert Options().algorithm in core.ALGORITHMS


def test_every_tier_of_this_processor_is_offered() -> None:
    assert set(core.cpu_tiers()[:-1]) <= set(TIERS)
    assert params_schema(Options)["properties"]["tier"]["enum"] == list(TIERS)


def test_nothing_else_differs_from_the_kind() -> None:
    own, kind = params_schema(Options)["properties"], params_schema(ComputeParams)["properties"]
    del own["algorithm"], own["tier"], kind["algorithm"]
    assert own == kind


def test_the_presets() -> None:
    assert {name: preset["n"] for name, preset in COUNTING.presets.items()} == {
        "50M": 50_000_000,
        "20M": 20_000_000,
        "2M": 2_000_000,
        "auto": "auto",
    }


def test_the_plugin_describes_itself() -> None:
    described = describe(plugin_ref("benchrace_compute.plugin", "compute"))
    assert described.ok, described.traceback
    (backend,) = described.backends
    assert [workload.kind for workload in backend.workloads] == [
        "compute",
        "memory_bandwidth",
        "gemv",
        "gemm",
        "gpu_memory_bandwidth",
    ]
