"""What `benchrace machines ceilings` prints."""

import io

from rich.console import Console

from benchrace.api.machine.ceilings import (
    CeilingAnswer,
    CeilingPoint,
    EngineEfficiency,
    MachineCeilings,
)
from benchrace.cli.machines.ceilings import _print
from benchrace.run.findings.ceiling import Efficiency
from benchrace.run.planning.fit import Pool

RUN = "2026-11-30_101500_abcdef"


def point(value: float, reason: str | None = None) -> CeilingPoint:
    return CeilingPoint(
        value=value,
        unit="GB/s",
        threads=2,
        tier="avx2",
        at=1.0,
        run_id=RUN,
        lane_id="lane-0",
        reason=reason,
    )


def ceiling(title: str, *history: CeilingPoint) -> CeilingAnswer:
    current = next((past for past in history if past.reason is None), None)
    return CeilingAnswer(
        kind="k",
        metric="m",
        title=title,
        variant="q8_0",
        current=current,
        reason=None if current else history[0].reason,
        history=history,
    )


def printed(reason: str | None, *ceilings: CeilingAnswer, pool: Pool = Pool.SYSTEM) -> str:
    half = Efficiency(value=0.5, low=0.4, high=0.6, n=1, run_ids=(RUN,))
    result = MachineCeilings(
        machine_id="box",
        pool=pool,
        ceilings=ceilings,
        engines=(EngineEfficiency(backend="engine", decode=half, prefill=None),),
        reason=reason,
    )
    out = io.StringIO()
    _print(Console(file=out, width=200), result)
    return out.getvalue()


def test_a_ceiling_has_how_it_was_measured_and_engines_their_efficiency() -> None:
    lines = [line.split() for line in printed(None, ceiling("Memory", point(34.2))).splitlines()]
    assert lines[1] == ["Memory", "q8_0", "34.2", "GB/s", "2", "avx2", RUN]
    assert lines[3] == ["engine", "50", "%", "(40", "to", "60)", "-"]
    assert len(lines) == 4


def test_one_that_holds_no_more_says_why_and_how_to_measure_again() -> None:
    text = printed("it has to be measured again", ceiling("Memory", point(9.0, "it is hot")))
    assert "(9 GB/s)" in text
    assert "Memory q8_0: no longer holds: it is hot." in text
    assert "predicted: it has to be measured again. Measure it: benchrace run" in text
    assert "--workload memory_bandwidth -p kernels=read --lane machine=box" in text


def test_the_memory_of_a_gpu_has_its_own_measurement() -> None:
    text = printed("it has not been measured", pool=Pool.VRAM)
    assert "--workload gpu_memory_bandwidth -p kernels=read" in text
