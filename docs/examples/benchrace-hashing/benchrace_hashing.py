"""A whole backend: it races hash functions. Install it, and `hashing` is a workload everywhere."""

import hashlib
from collections.abc import Iterator
from typing import Literal

from benchrace import plugin as race

MIB = 1 << 20


class HashParams(race.Params, frozen=True, kw_only=True):
    algorithm: Literal["sha256", "sha512", "blake2b", "md5"] = "sha256"
    mib: race.Annotated[
        int, race.Meta(title="MiB", description="Data per round.", ge=1, le=65536)
    ] = 256


class HashRecord(race.Record, frozen=True, kw_only=True):
    mib: int
    digest: str
    elapsed_ns: int


def derive(record: HashRecord, params: HashParams) -> Iterator[race.Measured]:
    mib, s = record.mib, record.elapsed_ns / 1e9
    yield race.Measured(metric="rate", value=mib / s, numerator=mib, denominator=s)


UP, SUMS = race.Better.HIGHER, race.Estimator.RATIO
RATE = race.Metric(
    name="rate", title="Hashed", unit="MiB/s", better=UP, estimator=SUMS, headline=True
)
KIND = race.Kind(
    name="hashing",
    title="Hash",
    params=HashParams,
    record=HashRecord,
    metrics=(RATE,),
    derive=derive,
)


class Hashing(race.Backend):
    name, title = "hashlib", "hashlib"
    workloads = (race.Workload(kind=KIND, saturates=frozenset({race.Resource.CPU})),)

    def __init__(self, config: race.Config | None = None) -> None:
        super().__init__(config)
        self.data: dict[str, bytes] = {}

    async def open(self, lane: race.Lane[HashParams], context: race.Context) -> None:
        self.data[lane.lane_id] = hashlib.shake_128(b"benchrace").digest(MIB)

    async def close(self, lane: race.Lane[HashParams], context: race.Context) -> None:
        self.data.pop(lane.lane_id, None)

    async def round(self, lane: race.Lane[HashParams], context: race.Context) -> HashRecord:
        data = self.data[lane.lane_id]
        return await context.run_blocking(lambda: self.hash(lane.params, data, context))

    def hash(self, params: HashParams, data: bytes, context: race.Context) -> HashRecord:
        state, started = hashlib.new(params.algorithm), context.clock.monotonic_ns()
        for done in range(1, params.mib + 1):
            if context.cancelled:
                break
            state.update(data)
            context.progress(done, params.mib, "MiB")
        elapsed_ns = context.clock.monotonic_ns() - started
        return HashRecord(mib=params.mib, digest=state.hexdigest(), elapsed_ns=elapsed_ns)


@race.hookimpl
def benchrace_backends() -> list[type[race.Backend]]:
    return [Hashing]
