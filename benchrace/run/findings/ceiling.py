"""What limits a machine, as it was measured, and how near to that an engine comes."""

import msgspec

from benchrace.ids import LaneId, RunId
from benchrace.run.planning.fit import Pool


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of work whose `metric` is a ceiling; `param` names its variants, as formats."""

    kind: str
    metric: str
    title: str
    param: str | None = None


READ = Limit(kind="memory_bandwidth", metric="read_gb_per_s", title="Memory, read")
GPU_READ = Limit(kind="gpu_memory_bandwidth", metric="read_gb_per_s", title="GPU memory, read")
WEIGHTS = Limit(kind="gemv", metric="weights_gb_per_s", title="Matrix x vector", param="format")
PRODUCT = Limit(kind="gemm", metric="gflop_per_s", title="Matrix x matrix", param="precision")
LIMITS = (
    READ,
    Limit(kind="memory_bandwidth", metric="triad_gb_per_s", title="Memory, triad"),
    GPU_READ,
    WEIGHTS,
    PRODUCT,
)


class Ceiling(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as a run measured it: the mean of the VALID rounds of its fastest lane.

    `threads` and `tier` (instructions) are those that ran; `at` is when the run was submitted, in
    wall seconds.
    """

    value: float
    unit: str
    threads: int | None
    tier: str | None
    at: float
    run_id: RunId
    lane_id: LaneId


class Efficiency(msgspec.Struct, frozen=True, kw_only=True):
    """Which share of a ceiling an engine reaches (1 is all), between `low` and `high`.

    It was measured on this machine in the lanes of `run_ids`, `n` of them; it is assumed where
    there are none. `in_cache` says that all of the lanes were of models that fit the cache,
    `with_rows` that it includes the row overhead, as the width of no lane's model is known.
    """

    value: float
    low: float
    high: float
    in_cache: bool = False
    with_rows: bool = False
    n: int = 0
    run_ids: tuple[RunId, ...] = ()


class Roofs(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a machine's ceilings, to predict and to judge engines of text.

    `read` is of the memory that its engines use, `pool`; null for `reason`. `weights` are by
    format of their blocks, `products` by precision; `decode` and `prefill` are by backend,
    `formats` as `decode` by backend and quantisation.
    """

    pool: Pool
    read: Ceiling | None = None
    reason: str | None = None
    weights: dict[str, Ceiling] = {}
    products: dict[str, Ceiling] = {}
    decode: dict[str, Efficiency] = {}
    formats: dict[str, dict[str, Efficiency]] = {}
    prefill: dict[str, Efficiency] = {}


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens per second, and between what the true value probably lies."""

    value: float
    low: float
    high: float


class CeilingShare(msgspec.Struct, frozen=True, kw_only=True):
    """How near a lane of text came to its machine's read bandwidth.

    `share` is `bytes_per_s` / `read_bytes_per_s`, null for `reason`. `bytes_per_s` is the decode
    rate x `bytes_per_token`: the weights that a token reads, and keys and values of `depth`
    positions, the mean over the answer; `width` is the model's. `flop_per_s` is the prefill rate x
    2 x the parameters that a token uses, `precision` that of products of such weights. `predicted`
    is what was expected before the run, in tok/s. `run_id` measured the bandwidth. `text` is a
    sentence to be shown as it is, empty without a share.
    """

    share: float | None
    bytes_per_token: int | None = None
    width: int | None = None
    depth: int | None = None
    bytes_per_s: float | None = None
    flop_per_s: float | None = None
    precision: str | None = None
    read_bytes_per_s: float | None = None
    predicted: Rate | None = None
    run_id: RunId | None = None
    reason: str | None = None
    text: str = ""
