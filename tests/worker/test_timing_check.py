"""The reader certifies itself; whether a machine is good enough is not the suite's to say."""

import pytest

from benchrace.plugin.stream import TimingSource
from benchrace.worker.timing_check import check_timing, spread


@pytest.mark.anyio
async def test_a_check_counts_every_line() -> None:
    found = await check_timing(requests=3, lines=4, gap_s=0.001)
    assert (found.ttft.n, found.arrival.n) == (3, 12)
    assert found.timing_source in TimingSource
    assert 0 <= found.bias_ms <= found.arrival.worst_ms
    assert found.jitter_ms >= 0
    assert found.priority in ("realtime", "raised", "normal")


def test_errors_are_summarised_by_their_size() -> None:
    found = spread([-3_000_000, 1_000_000, 2_000_000])
    assert (found.n, found.p50_ms, found.p99_ms, found.worst_ms) == (3, 2.0, None, 3.0)
    found = spread(range(0, 1_000_000_000, 1_000_000))
    assert (found.n, found.p50_ms, found.p99_ms) == (1000, 499.0, 989.0)
