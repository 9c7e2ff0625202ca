from collections.abc import Callable

import msgspec

from benchrace.cli.runs.rederive_report import render
from benchrace.run.metadata import RunMetadata
from benchrace.run.rederive import Derivation
from benchrace.stats import Fold
from tests.stats.conftest import rounds, run, script

__all__ = ["rounds", "run", "script"]


def test_derived_numbers_have_a_result_of_their_own(
    run: Callable[..., RunMetadata], rounds: Callable[..., bytes]
) -> None:
    fold = Fold(run())
    fold.feed(rounds(0, (100, 1), (101, 1)) + rounds(1, (20, 1), (21, 1)))
    derivation = Derivation(
        run_id="r",
        derived_at=0.0,
        version="1",
        metrics_version={"b": 2},
        metrics_version_then={"b": (1,)},
        rounds=4,
        changes=(),
        problems=(),
        restamped=None,
        summary=fold.summary(),
    )
    lines = list(render(derivation))
    lead = "Lane 0 leads so far, 4.9x faster (95 % interval "
    assert any(line.startswith(lead) for line in lines)
    bare = msgspec.structs.replace(derivation.summary, result=None)
    without = msgspec.structs.replace(derivation, summary=bare)
    assert list(render(without)) == [
        "b: metrics version 2; measured with 1",
        "4 rounds recomputed",
        "no numbers differ",
    ]
