"""The steady window compared with a brute-force count, and the instants of open loops."""

import itertools
from array import array
from dataclasses import replace
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Arrival, ServeParams, Usage
from benchrace.plugin.llm.load_generator import connect, steady
from benchrace.plugin.llm.response.stream import Response
from benchrace.plugin.llm.share import instants
from benchrace.plugin.stream import TimingSource
from benchrace.testing.limits import HANG_S
from tests.kinds.llm_answers import answer


def response(sent: int, stamps: list[int], tokens: int) -> Response:
    answered = answer(send_ns=sent, content=len(stamps), usage=Usage(output=tokens))
    return Response(
        answer=answered,
        text="",
        gaps=array("q"),
        stamps=array("q", stamps),
        failure=None,
        source=TimingSource.USER,
    )


def played(streams: int, work: list[tuple[int, list[int]]]) -> list[Response]:
    """Play a closed loop: each request waits for a stream, prefills, then steps."""
    free = [0] * min(streams, len(work))
    done = []
    for prefill, steps in work:
        stream = min(range(len(free)), key=free.__getitem__)
        sent = free[stream]
        stamps = list(itertools.accumulate(steps, initial=sent + prefill))
        free[stream] = stamps[-1]
        done.append(response(sent, stamps, 2 * len(stamps)))
    return done


def counted(streams: int, responses: list[Response]) -> tuple[int, int, float] | None:
    """Return the window and its tokens, counted one by one."""
    firsts = sorted(responses, key=lambda response: response.answer.send_ns)[
        : min(streams, len(responses))
    ]
    start = max(first.stamps[0] for first in firsts)
    ends = sorted(response.stamps[-1] for response in responses)
    left = len(responses) - min(streams, len(responses))
    end = ends[left]
    if end <= start:
        return None
    tokens = sum(2.0 for response in responses for stamp in response.stamps if start < stamp <= end)
    return start, end, tokens


@given(
    st.integers(1, 6),
    st.lists(
        st.tuples(st.integers(1, 50), st.lists(st.integers(1, 20), min_size=1, max_size=30)),
        min_size=1,
        max_size=20,
    ),
)
def test_the_window_holds_what_a_count_of_everything_holds(
    streams: int, work: list[tuple[int, list[int]]]
) -> None:
    responses = played(streams, work)
    params = ServeParams(concurrency=streams, requests=len(work))
    window, wanted = steady(responses, params, 0), counted(streams, responses)
    assert (window is None) == (wanted is None)
    if window is not None and wanted is not None:
        assert (window.start_ns, window.end_ns) == wanted[:2]
        assert abs(window.tokens - wanted[2]) < 1e-6


class Connecting:
    """Connections that stand once `all_of` are being opened; `fails` refuses each."""

    def __init__(self, all_of: int, *, fails: bool = False) -> None:
        self.all_of, self.fails = all_of, fails
        self.begun = 0
        self.there = anyio.Event()
        self.stream = self

    async def prepare(self, url: str) -> int:
        self.begun += 1
        if self.begun == self.all_of:
            self.there.set()
        await self.there.wait()
        if self.fails:
            raise BenchraceError(Category.UNREACHABLE, f"{url} refuses")
        return 1


@pytest.mark.anyio
async def test_connections_are_opened_all_at_once() -> None:
    connecting: Any = Connecting(200)
    with anyio.fail_after(HANG_S):
        await connect(connecting, "http://s", 200)
    assert connecting.begun == 200


@pytest.mark.anyio
async def test_a_connection_that_fails_is_the_rounds_failure() -> None:
    connecting: Any = Connecting(3, fails=True)
    with pytest.raises(BenchraceError, match="http://s refuses"):
        await connect(connecting, "http://s", 3)


def test_streams_in_step_have_the_rate_of_one_times_their_number() -> None:
    # Four streams, a token each 10 ns, all begun at once.
    responses = [response(0, list(range(10, 1010, 10)), 100) for _ in range(4)]
    window = steady(responses, ServeParams(concurrency=4, requests=4), 0)
    assert window is not None
    assert window.tokens / (window.end_ns - window.start_ns) == 4 / 10


def test_a_window_uses_the_engines_counts_or_bounds_an_estimate() -> None:
    # The window contains the last two chunks of both answers: 2 + 6 of 9 tokens each.
    stamps, counts = [10, 20, 30], array("q", [1, 3, 9])
    plain = [response(0, stamps, 9) for _ in range(2)]
    exact = [replace(response, counts=counts) for response in plain]
    params = ServeParams(concurrency=2, requests=2)
    exact_window, shared = steady(exact, params, 0), steady(plain, params, 0)
    assert exact_window is not None
    assert shared is not None
    assert (exact_window.tokens, exact_window.least, exact_window.most) == (16, 16, 16)
    assert (shared.tokens, shared.least, shared.most) == (12, 4, 16)


def test_there_is_no_window_if_something_is_unknown() -> None:
    good = response(0, [1, 2, 3], 3)
    params = ServeParams(concurrency=1, requests=1)
    assert steady([good], params, 0) is not None
    unknown = response(0, [1, 2, 3], 3)
    object.__setattr__(unknown, "answer", answer(usage=Usage()))
    assert steady([unknown], params, 0) is None
    assert steady([good], ServeParams(concurrency=1, arrival=Arrival.CONSTANT), 0) is None


@given(st.integers(0, 2**31 - 1), st.floats(0.5, 1000))
def test_instants_rise_and_are_the_same_for_every_lane(seed: int, rate: float) -> None:
    for arrival in (Arrival.CONSTANT, Arrival.POISSON):
        params = ServeParams(arrival=arrival, rate=rate, seed=seed, requests=64)
        due = instants(params)
        assert due == sorted(due) == instants(params)
        assert due[0] == 0
        assert len(due) == 64


def test_poisson_arrivals_have_about_the_requested_rate() -> None:
    params: Any = ServeParams(arrival=Arrival.POISSON, rate=100.0, requests=256)
    means = [
        instants(ServeParams(arrival=params.arrival, rate=100.0, requests=256, seed=seed))[-1]
        for seed in range(40)
    ]
    assert abs(sum(means) / 40 / 1e9 - 2.55) < 0.1


def test_a_closed_loop_sends_at_least_one_request_per_stream() -> None:
    assert ServeParams(concurrency=64, requests=3).total_requests == 64
    assert ServeParams(concurrency=3, requests=64).total_requests == 64
    assert ServeParams(concurrency=64, requests=3, arrival=Arrival.CONSTANT).total_requests == 3
