"""When a client is what limits its load: late by its own fault, or a busy thread."""

import time

import pytest

from benchrace.kinds.llm import ClientLoad
from benchrace.plugin.llm.saturation import ClientMeter, saturated, totals
from tests.kinds.llm_answers import answer

MS = 1_000_000


def load(**fields: int) -> ClientLoad:
    return ClientLoad(**{"requests": 10, "span_ns": 1000 * MS, "cpu_ns": 100 * MS, **fields})


@pytest.mark.parametrize(
    ("client", "text"),
    [
        (load(), None),
        (load(late_ns=50 * MS, late_max_ns=900 * MS), None),
        (load(late_ns=51 * MS, late_max_ns=900 * MS), "left the client 51 ms or more"),
        (load(cpu_ns=900 * MS), None),
        (load(cpu_ns=910 * MS), "busy for 91 % of the round"),
        (load(cpu_ns=400 * MS, span_ns=400 * MS), None),
    ],
)
def test_a_client_is_saturated(client: ClientLoad, text: str | None) -> None:
    reason = saturated(client)
    assert reason == text or (text is not None and reason is not None and text in reason)


@pytest.mark.parametrize(("total_ms", "marked"), [(400, True), (2000, False)])
def test_lateness_counts_beside_the_latency_that_was_measured(total_ms: int, marked: bool) -> None:
    client = load(late_ns=60 * MS, late_max_ns=60 * MS)
    reason = saturated(client, [total_ms * MS] * 20)
    assert (reason is not None) is marked
    assert reason is None or "15 % of the latency" in reason


def test_a_quarter_of_late_requests_is_a_saturated_client() -> None:
    meter = ClientMeter(0)
    for number in range(100):
        meter.late(3000 * MS if number >= 76 else 0)
    client = meter.read(60_000 * MS, 100)
    assert client.late_ns == 3000 * MS
    assert saturated(client, [4000 * MS] * 100) is not None


def test_a_single_late_request_of_many_and_three_late_ones_mean_nothing() -> None:
    many, few = ClientMeter(0), ClientMeter(0)
    for number in range(40):
        many.late(3000 * MS if number == 7 else 0)
    for _ in range(3):
        few.late(3000 * MS)
    for meter in (many, few):
        assert saturated(meter.read(60_000 * MS, 3)) is None


def test_only_complete_answers_with_an_instant_have_a_latency() -> None:
    answers = [
        answer(scheduled_ns=10, last_ns=50),
        answer(scheduled_ns=None, last_ns=50),
        answer(scheduled_ns=10, last_ns=None, error="broken"),
    ]
    assert totals(answers) == [40]


def test_a_meter_reads_the_twentieth_of_requests_that_was_latest() -> None:
    meter = ClientMeter(1000)
    for late in (-5, *range(1, 20)):
        meter.late(late * MS)
    read = meter.read(5000, 20)
    assert (read.requests, read.span_ns) == (20, 4000)
    assert (read.late_ns, read.late_max_ns) == (18 * MS, 19 * MS)


def test_a_meter_of_a_closed_loop_knows_no_lateness_but_the_processor_time() -> None:
    meter = ClientMeter(0)
    busy_until = time.thread_time_ns() + 2 * MS
    while time.thread_time_ns() < busy_until:
        pass
    read = meter.read(1, 1)
    assert (read.late_ns, read.late_max_ns) == (None, None)
    assert read.cpu_ns >= 2 * MS
