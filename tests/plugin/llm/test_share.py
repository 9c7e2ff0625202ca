"""What each of several clients sends: together exactly the round of one client."""

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Arrival, ServeParams
from benchrace.plugin.llm.share import Share, instants, require_size, seed_of, share_of
from benchrace.plugin.part import Part


def shares(params: ServeParams, clients: int) -> list[Share]:
    return [share_of(params, Part(index=index, of=clients)) for index in range(clients)]


@given(
    st.integers(2, 32),
    st.integers(0, 300),
    st.integers(0, 300),
    st.sampled_from(Arrival),
    st.floats(0.5, 1000),
    st.integers(0, 2**31 - 1),
)
def test_shares_add_up_to_the_whole(
    clients: int, streams: int, requests: int, arrival: Arrival, rate: float, seed: int
) -> None:
    params = ServeParams(
        concurrency=clients + streams,
        requests=clients + requests,
        arrival=arrival,
        rate=rate,
        seed=seed,
    )
    parts, whole = shares(params, clients), share_of(params, None)
    assert sum(part.streams for part in parts) == params.concurrency == whole.streams
    numbers = sorted(number for part in parts for number in part.numbers)
    assert numbers == list(range(params.total_requests)) == list(whole.numbers)
    due = sorted(at for part in parts for at in part.due_ns)
    assert due == list(whole.due_ns)
    assert min(part.streams for part in parts) >= 1
    assert max(part.streams for part in parts) - min(part.streams for part in parts) <= 1
    if arrival is Arrival.CLOSED:
        # No stream of a client is without a request.
        assert all(len(part.numbers) >= part.streams for part in parts)
        assert due == []


def test_a_request_keeps_its_instant_whoever_sends_it() -> None:
    params = ServeParams(arrival=Arrival.POISSON, rate=50, requests=256)
    due = instants(params)
    for part in shares(params, 3):
        assert part.due_ns == tuple(due[number] for number in part.numbers)


def test_a_split_poisson_process_is_poisson_at_a_part_of_the_rate() -> None:
    # Over many seeds the gaps of one of four clients have the mean and the spread of rate / 4.
    gaps = [
        (later - now) / 1e9
        for seed in range(60)
        for now, later in pairwise(
            share_of(
                ServeParams(arrival=Arrival.POISSON, rate=100, requests=256, seed=seed),
                Part(index=1, of=4),
            ).due_ns
        )
    ]
    mean = statistics.fmean(gaps)
    assert abs(mean - 0.04) < 0.003
    # The standard deviation of exponential gaps is their mean; evenly dealt ones have half of it.
    assert abs(statistics.stdev(gaps) / mean - 1) < 0.08


def test_a_machine_gets_no_more_than_a_record_holds() -> None:
    params = ServeParams(concurrency=1, requests=256)
    require_size(params, None)
    require_size(ServeParams(concurrency=512, requests=512), Part(index=1, of=2))
    for part, streams, text in (
        (None, 257, "concurrency: 257 for one machine"),
        (Part(index=1, of=2), 513, "concurrency: 257 for one machine"),
    ):
        with pytest.raises(BenchraceError, match=text) as caught:
            require_size(ServeParams(concurrency=streams), part)
        assert caught.value.category is Category.VALIDATION


def test_each_client_has_a_seed_of_its_own_and_always_the_same() -> None:
    params = ServeParams(seed=7)
    seeds = [seed_of(params, Part(index=index, of=8)) for index in range(8)]
    assert seeds[0] == 7 == seed_of(params, None)
    assert len(set(seeds)) == 8
    assert seeds == [seed_of(params, Part(index=index, of=8)) for index in range(8)]
    assert all(0 <= seed < 2**31 for seed in seeds)
