"""When a client is what limits its load: late by its own fault, or a busy thread."""

import time

import pytest

from benchrace.kinds.llm import ClientLoad
from benchrace.plugin.llm.saturation import ClientMeter, saturated

MS = 1_000_000


def load(**fields: int) -> ClientLoad:
    return ClientLoad(**{"requests": 10, "span_ns": 1000 * MS, "cpu_ns": 100 * MS, **fields})


@pytest.mark.parametrize(
    ("client", "text"),
    [
        (load(), None),
        (load(late_ns=50 * MS, late_max_ns=900 * MS), None),
        (load(late_ns=51 * MS, late_max_ns=900 * MS), "left the client over 51 ms"),
        (load(cpu_ns=900 * MS), None),
        (load(cpu_ns=910 * MS), "busy for 91 % of the round"),
        (load(cpu_ns=400 * MS, span_ns=400 * MS), None),
    ],
)
def test_a_client_is_saturated(client: ClientLoad, text: str | None) -> None:
    reason = saturated(client)
    assert reason == text or (text is not None and reason is not None and text in reason)


def test_a_meter_reads_the_quarter_of_requests_that_was_latest() -> None:
    meter = ClientMeter(1000)
    for late in (-5, *range(1, 20)):
        meter.late(late * MS)
    read = meter.read(5000, 20)
    assert (read.requests, read.span_ns) == (20, 4000)
    assert (read.late_ns, read.late_max_ns) == (14 * MS, 19 * MS)


def test_a_meter_of_a_closed_loop_knows_no_lateness_but_the_processor_time() -> None:
    meter = ClientMeter(0)
    busy_until = time.thread_time_ns() + 2 * MS
    while time.thread_time_ns() < busy_until:
        pass
    read = meter.read(1, 1)
    assert (read.late_ns, read.late_max_ns) == (None, None)
    assert read.cpu_ns >= 2 * MS
