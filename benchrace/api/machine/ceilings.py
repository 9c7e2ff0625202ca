"""Answers about the ceilings of a machine."""

import msgspec

from benchrace.run.findings.ceiling import Ceiling, Efficiency
from benchrace.run.planning.fit import Pool


class CeilingPoint(Ceiling, frozen=True, kw_only=True):
    """A ceiling as one run measured it; `reason` says why it no longer holds."""

    reason: str | None = None


class CeilingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One limit of a machine; `variant` is a format of weights, or a precision, else empty.

    `current` is the highest measurement that holds, null for `reason`; `note` says that a newer run
    like it was slower. `history` has the newest runs, oldest first.
    """

    kind: str
    metric: str
    title: str
    variant: str
    current: CeilingPoint | None
    reason: str | None
    note: str | None = None
    history: tuple[CeilingPoint, ...]


class EngineEfficiency(msgspec.Struct, frozen=True, kw_only=True):
    """How near a backend comes to the machine's ceilings, null where that was not measured."""

    backend: str
    decode: Efficiency | None
    prefill: Efficiency | None


class MachineCeilings(msgspec.Struct, frozen=True, kw_only=True):
    """The ceilings of a machine. `pool` is the memory that its engines of text use.

    `reason` says why nothing can be predicted from them, null where it can.
    """

    machine_id: str
    pool: Pool
    ceilings: tuple[CeilingAnswer, ...]
    engines: tuple[EngineEfficiency, ...]
    reason: str | None
