"""Turns: in order, never two on one computer, nobody for ever."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from benchrace.central.runs.queue import Claim, position, startable


def claim(run_id: str, *hosts: str) -> Claim:
    return Claim(run_id, frozenset(hosts))


def test_one_after_the_other_on_one_computer() -> None:
    waiting = [claim("1", "a"), claim("2", "a")]
    assert startable(waiting, []) == ("1",)
    assert startable(waiting, [claim("0", "a")]) == ()


def test_beside_each_other_where_nothing_is_shared() -> None:
    assert startable([claim("1", "a"), claim("2", "b")], []) == ("1", "2")


def test_a_later_run_does_not_take_what_an_earlier_one_waits_for() -> None:
    waiting = [claim("1", "a", "b"), claim("2", "b"), claim("3", "c")]
    assert startable(waiting, [claim("0", "a")]) == ("3",)


def test_places_count_from_one() -> None:
    waiting = [claim("1", "a"), claim("2", "a")]
    assert [position(waiting, claim) for claim in ("1", "2", "3")] == [1, 2, None]


hosts = st.frozensets(st.sampled_from("abc"), min_size=1)


@given(st.lists(hosts, max_size=8), st.randoms(use_true_random=False))
def test_every_run_gets_its_turn_and_no_computer_two(
    wanted: list[frozenset[str]], draw: Random
) -> None:
    waiting = [Claim(str(n), claim) for n, claim in enumerate(wanted)]
    running: list[Claim] = []
    started: list[str] = []
    for _ in range(2 * len(wanted) + 1):
        chosen = startable(waiting, running)
        started += chosen
        running += [claim for claim in waiting if claim.run_id in chosen]
        waiting = [claim for claim in waiting if claim.run_id not in chosen]
        used = [host for claim in running for host in claim.hosts]
        assert len(used) == len(set(used))
        if running:
            running.pop(draw.randrange(len(running)))
    assert sorted(started, key=int) == [str(n) for n in range(len(wanted))]
