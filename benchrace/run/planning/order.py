"""The order of rounds on one machine: which lane runs when, and in which heat."""

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Annotated, assert_never

import msgspec
from msgspec import Meta

from benchrace.ids import LaneId
from benchrace.run.spec import Order, Sync


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One round to do. `heat` is null for a warm-up; `armed` waits for central's instant."""

    lane_id: LaneId
    round: Annotated[int, Meta(ge=0)]
    warmup: bool = False
    heat: Annotated[int, Meta(ge=0)] | None = None
    armed: bool = False


def schedule(
    lanes: Sequence[str], *, rounds: int, warmup: int, order: Order, sync: Sync, seed: str
) -> tuple[Slot, ...]:
    """List all rounds of one machine in the order of doing.

    Heat k is the k-th counted slot of every machine, so slots of one heat start together.
    """
    slots: list[Slot] = []
    heat = 0
    for lane, number, counted in _turns(lanes, rounds, warmup, order, seed):
        if not counted:
            slots.append(Slot(lane_id=lane, round=number, warmup=True))
            continue
        armed = heat == 0 or sync is Sync.EVERY_HEAT
        slots.append(Slot(lane_id=lane, round=number, heat=heat, armed=armed))
        heat += 1
    return tuple(slots)


def _turns(
    lanes: Sequence[str], rounds: int, warmup: int, order: Order, seed: str
) -> Iterator[tuple[str, int, bool]]:
    """Yield lane, round and whether it counts."""
    if order is Order.CONTIGUOUS:
        for lane in lanes:
            for number in range(warmup + rounds):
                yield lane, number, number >= warmup
        return
    for number in range(warmup):
        for lane in lanes:
            yield lane, number, False
    for block in range(rounds):
        for lane in _block(lanes, block, order, seed):
            yield lane, warmup + block, True


def _block(lanes: Sequence[str], block: int, order: Order, seed: str) -> Sequence[str]:
    match order:
        case Order.CONTIGUOUS:
            return lanes
        case Order.ABBA:
            return lanes if block % 2 == 0 else lanes[::-1]
        case Order.RANDOM:
            # By hash, not by `random`: the same on every Python version, for ever.
            return sorted(lanes, key=lambda lane: _drawn(seed, block, lane))
        case _:
            assert_never(order)


def _drawn(seed: str, block: int, lane: str) -> bytes:
    return sha256(f"{seed}\0{block}\0{lane}".encode()).digest()
