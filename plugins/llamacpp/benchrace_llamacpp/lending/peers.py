"""Check the workers of a lane before its coordinator starts: one by one, and by their protocol."""

from collections.abc import Sequence

import anyio
import msgspec

from benchrace.plugin import BenchraceError, Category, Context, Peer, Problem
from benchrace_llamacpp.commands import differ
from benchrace_llamacpp.errors import named, system
from benchrace_llamacpp.lending.hello import LIMIT_S, Hello, hello

# A worker that crashed is started again by its machine, which takes a moment.
BACK_S = 10.0
_PAUSE_S = 0.25
_AWAY = (Category.UNREACHABLE, Category.BAD_OUTPUT)


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker answered: its greeting, or why there is none."""

    peer: Peer
    hello: Hello | None = None
    error: BenchraceError | None = None


def conflict(peers: Sequence[Peer]) -> BenchraceError | None:
    """Return the error of two workers on one endpoint, None if all endpoints differ."""
    seen: dict[str, Peer] = {}
    for peer in peers:
        first = seen.setdefault(peer.endpoint, peer)
        if first is not peer:
            text = f"workers {first.label} and {peer.label} have one endpoint, {peer.endpoint}"
            remedy = "Set `rpc_port` or `rpc_host` in the table `llamacpp` of one of the machines."
            return BenchraceError(Category.VALIDATION, text, remedy)
    return None


def other_builds(build: str | None, peers: Sequence[Peer]) -> BenchraceError | None:
    """Return the error of workers whose build is not the coordinator's; None for no proof of it."""
    protocols = {peer.protocol for peer in peers if peer.protocol is not None}
    different = [f"{named(peer)} has {peer.build}" for peer in peers if differ(build, peer.build)]
    if different:
        text = f"the coordinator has llama.cpp {build}, but {'; '.join(different)}"
    elif len(protocols) > 1:
        spoken = "; ".join(f"{named(peer)} speaks {peer.protocol}" for peer in peers)
        text = f"the workers speak different protocols: {spoken}"
    else:
        return None
    return system(text, "Install one build of llama.cpp on all machines of the lane.")


async def ask_all(peers: Sequence[Peer], limit_s: float = LIMIT_S) -> list[Answer]:
    """Ask all workers at once."""
    answers: dict[str, Answer] = {}

    async def ask(peer: Peer) -> None:
        try:
            answers[peer.endpoint] = Answer(peer=peer, hello=await hello(peer.endpoint, limit_s))
        except BenchraceError as error:
            answers[peer.endpoint] = Answer(peer=peer, error=error)

    async with anyio.create_task_group() as tasks:
        for peer in peers:
            tasks.start_soon(ask, peer)
    return [answers[peer.endpoint] for peer in peers]


async def ready(
    peers: Sequence[Peer], context: Context, *, back_s: float = BACK_S, limit_s: float = LIMIT_S
) -> list[Answer]:
    """Return the answers of all workers; waits for one that is being started again.

    Raises the failure of the first one that does not answer, which names its machine. One that
    hangs is not waited for.
    """
    began, waiting = context.clock.monotonic_ns(), False
    while True:
        answers = await ask_all(peers, limit_s)
        away = [answer for answer in answers if answer.error is not None]
        late = (context.clock.monotonic_ns() - began) / 1e9 > back_s
        if not away:
            if (error := failure(answers)) is not None:
                raise error
            return answers
        if late or any(answer.error.category not in _AWAY for answer in away if answer.error):
            raise blame(away)
        if not waiting:
            waiting = True
            context.log(f"waiting for {named(away[0].peer)}", "warning")
        await anyio.sleep(_PAUSE_S)


def blame(away: Sequence[Answer]) -> BenchraceError:
    """Return the failure of workers that do not answer, by the names of their machines."""
    reasons = [
        f"worker {answer.peer.label}: {answer.error.message}" for answer in away if answer.error
    ]
    first = away[0].error
    remedy = "Check the machine, and rpc-server's log on it." if first is None else first.remedy
    # A lane whose worker is away is opened again once it is back.
    return BenchraceError(Category.UNREACHABLE, "; ".join(reasons), remedy)


def problems(peers: Sequence[Peer], build: str | None) -> tuple[Problem, ...]:
    """Return what prevents a start with these workers, without asking them."""
    errors = (conflict(peers), other_builds(build, peers))
    return tuple(
        Problem(message=error.message, remedy=error.remedy) for error in errors if error is not None
    )


def failure(answers: Sequence[Answer]) -> BenchraceError | None:
    """Return the failure of workers that do not answer as when they were lent; None if all do."""
    away = [answer for answer in answers if answer.error is not None]
    if away:
        return blame(away)
    for answer in answers:
        lent, spoken = answer.peer.protocol, answer.hello.protocol if answer.hello else None
        if lent is not None and spoken is not None and spoken != lent:
            text = f"{named(answer.peer)} speaks protocol {spoken}, but {lent} when it was lent"
            return system(text, "Check which rpc-server listens there.")
    return None


def describe(answers: Sequence[Answer]) -> str:
    """Name workers that answer, with the protocol that each speaks."""
    return ", ".join(
        f"{named(answer.peer)} speaks protocol {answer.hello.protocol}"
        for answer in answers
        if answer.hello is not None
    )
