"""The simulated processor: an ordinary backend that waits as long as the script says."""

from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Lane
from benchrace.testing import RecordingContext
from benchrace.testing.contract import BackendContract
from benchrace_simulated.config import ProcessorConfig
from benchrace_simulated.processor import Options, SimulatedProcessor

CONFIG = ProcessorConfig(profile="h100")


class TestSimulatedProcessor(BackendContract):
    backend = SimulatedProcessor
    config = CONFIG
    params = {"n": 1_000_000_000}  # noqa: RUF012 - a ClassVar of the contract
    long_params = {"n": 10_000_000_000, "threads": 1}  # noqa: RUF012
    cancel_within_s = 1.0


def lane(**params: Any) -> Lane[Options]:
    return Lane(lane_id="lane-0", label="a", kind="compute", params=Options(**params))


def at_work() -> RecordingContext:
    context = RecordingContext()
    context.begin()
    return context


async def test_a_machine_has_no_more_threads_than_its_profile() -> None:
    record = await SimulatedProcessor(CONFIG).round(lane(threads=4000), at_work())
    assert (record.threads_requested, record.threads_used) == (4000, 112)
    assert record.primes_found == record.primes_expected == 50_847_534
    assert record.cpu_tier == "simulated"


async def test_a_failure_comes_where_it_is_wished() -> None:
    failing = SimulatedProcessor(ProcessorConfig(profile="h100", failures=1.0))
    with pytest.raises(BenchraceError, match="failed, as the fleet was asked to"):
        await failing.round(lane(), at_work())


async def test_an_n_that_the_script_does_not_have_is_refused() -> None:
    with pytest.raises(BenchraceError, match="count primes up to 2000000, "):
        await SimulatedProcessor(CONFIG).round(lane(n=3_000_000), at_work())
