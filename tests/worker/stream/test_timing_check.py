"""The reader measures its own timing; the limits are not tested here."""

import pytest

from benchrace.plugin.stream import TimingSource
from benchrace.worker.stream.timing_check import check_timing, spread


@pytest.mark.anyio
async def test_a_check_counts_every_line() -> None:
    result = await check_timing(requests=3, lines=4, gap_s=0.001)
    assert (result.ttft.n, result.arrival.n) == (3, 12)
    assert result.timing_source in TimingSource
    assert 0 <= result.bias_ms <= result.arrival.worst_ms
    assert result.jitter_ms >= 0
    assert result.priority in ("realtime", "raised", "normal")


def test_errors_are_summarised_by_their_size() -> None:
    result = spread([-3_000_000, 1_000_000, 2_000_000])
    assert (result.n, result.p50_ms, result.p99_ms, result.worst_ms) == (3, 2.0, None, 3.0)
    result = spread(range(0, 1_000_000_000, 1_000_000))
    assert (result.n, result.p50_ms, result.p99_ms) == (1000, 499.0, 989.0)
