"""A round's requests, and which of them one of several clients sends."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchrace.errors import BenchraceError, Category
from benchrace.kinds.llm import Arrival, ServeParams
from benchrace.kinds.llm.params import PER_MACHINE
from benchrace.plugin.part import Part

# Clients of one lane begin so long after their common instant: connections are open by then.
LEAD_NS = 250_000_000


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one client sends in a round: `numbers` of the whole round's requests, in order.

    At most `streams` at a time. `due_ns` is when each is due since the start, empty in a closed
    loop.
    """

    streams: int
    numbers: tuple[int, ...]
    due_ns: tuple[int, ...] = ()


def share_of(params: ServeParams, part: Part | None) -> Share:
    """Return what a client sends; the shares of all clients are the round, each request once.

    Streams are dealt out in turn, and so are the requests of a closed loop and of constant
    arrivals: each client then sends every n-th. One client would send the same requests, due at
    the same instants; but its streams would take them from one queue, so that a stream that is
    free takes what a slower one has not begun. Here each client has streams and requests of its
    own. A Poisson process is split by a draw for each
    arrival, which makes n independent ones of a rate n times lower.
    """
    if part is None:
        return _whole(params)
    streams = len(range(part.index, params.concurrency, part.of))
    if params.arrival is Arrival.CLOSED:
        numbers = range(part.index, params.total_requests, part.of)
        return Share(streams=streams, numbers=tuple(numbers))
    due = instants(params)
    owners = _owners(params, part.of)
    own = tuple(number for number, owner in enumerate(owners) if owner == part.index)
    return Share(streams=streams, numbers=own, due_ns=tuple(due[number] for number in own))


def excess(params: ServeParams, machines: int) -> tuple[str, int] | None:
    """Return the parameter of which one of so many machines would get too much, and how much."""
    parts = [Part(index=index, of=machines) for index in range(machines)] if machines > 1 else []
    shares = [share_of(params, part) for part in parts or (None,)]
    for name, most in (
        ("concurrency", max(share.streams for share in shares)),
        ("requests", max(len(share.numbers) for share in shares)),
    ):
        if most > PER_MACHINE:
            return name, most
    return None


def has_empty(params: ServeParams, machines: int) -> bool:
    """Check whether one of so many machines would have no request to send."""
    parts = (Part(index=index, of=machines) for index in range(machines))
    return any(not share_of(params, part).numbers for part in parts)


def require_size(params: ServeParams, part: Part | None) -> None:
    """Raise where one machine would get more than a round of it can hold."""
    if (over := excess(params, 1 if part is None else part.of)) is not None:
        name, most = over
        text = f"{name}: {most} for one machine, at most {PER_MACHINE} are possible"
        raise BenchraceError(Category.VALIDATION, text, "Lower it, or name more clients.")


def instants(params: ServeParams) -> list[int]:
    """Return when each request is due, ns since the start; all lanes get the same by the seed."""
    if params.arrival is Arrival.CONSTANT:
        return [int(number * 1e9 / params.rate) for number in range(params.total_requests)]
    draw = random.Random(params.seed)
    at, due = 0.0, []
    for _ in range(params.total_requests):
        due.append(int(at * 1e9))
        at += draw.expovariate(params.rate)
    return due


def seed_of(params: ServeParams, part: Part | None) -> int:
    """Return the seed that a client's requests carry: the lane's own, or one derived from it."""
    if part is None or part.index == 0:
        return params.seed
    return random.Random(f"{params.seed} of client {part.index}").getrandbits(31)


def _whole(params: ServeParams) -> Share:
    due = () if params.arrival is Arrival.CLOSED else tuple(instants(params))
    numbers = tuple(range(params.total_requests))
    return Share(streams=params.concurrency, numbers=numbers, due_ns=due)


def _owners(params: ServeParams, clients: int) -> Sequence[int]:
    """Return which client sends each request of an open loop; every client draws the same."""
    numbers = range(params.total_requests)
    if params.arrival is Arrival.CONSTANT:
        return [number % clients for number in numbers]
    draw = random.Random(f"{params.seed} among {clients}")
    return [int(draw.random() * clients) for _ in numbers]
