"""What can be chosen: the kind's parameters, with the algorithms that the kernels offer."""

from benchrace.plugin import COMPUTE, Annotated, ComputeParams, Meta, Resource, Workload
from benchrace_core import ALGORITHMS


class Options(ComputeParams, frozen=True, kw_only=True):
    """The kind's own parameters; only `algorithm` is narrowed down."""

    algorithm: Annotated[
        str,
        Meta(
            title="Algorithm",
            description="How the primes are counted.",
            pattern=f"^({'|'.join(ALGORITHMS)})$",
            extra_json_schema={"enum": list(ALGORITHMS)},
        ),
    ] = "segmented_sieve"


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
