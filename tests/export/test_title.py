"""Titles of runs in what is published of them."""

from collections.abc import Callable

import msgspec

from benchrace.export.title import title
from benchrace.run.metadata import RunMetadata
from tests.stats.conftest import run

__all__ = ["run"]


def test_the_work_is_named_once(run: Callable[..., RunMetadata]) -> None:
    alone, two = run(lanes=1), run(lanes=2)
    (workload,) = alone.workloads.values()
    assert title(alone) == f"{workload.title} on {alone.lanes[0].machine_id}"
    assert title(two).startswith(f"{workload.title}: Lane 0 vs Lane 1")
    assert title(msgspec.structs.replace(two, name="mine")) == "mine"
