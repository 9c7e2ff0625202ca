"""Lines about machines of a run that stop responding, and that are back."""

import io
from collections.abc import Callable
from typing import Any, cast

import msgspec
import pytest
from rich.console import Console

from benchrace.cli.connect import machine_watch
from benchrace.cli.connect.client import Client
from benchrace.cli.connect.machine_watch import MachineWatch
from benchrace.cli.connect.run_events import Lines, Ping
from benchrace.cli.race import follow
from benchrace.errors import BenchraceError, Category
from benchrace.run.document import RunDocument

Race = Callable[..., RunDocument]


class Machine(msgspec.Struct, frozen=True):
    """What a watch reads of a machine."""

    machine_id: str
    state: str
    reason: str | None = None
    label: str = "Box"


class Fleet:
    """A central whose machines change from one question to the next."""

    def __init__(self, *answers: tuple[Machine, ...] | BenchraceError) -> None:
        self._answers = list(answers)

    def machines(self) -> tuple[Machine, ...]:
        answer = self._answers.pop(0)
        if isinstance(answer, BenchraceError):
            raise answer
        return answer


class Fed:
    """A view that ignores what it is fed."""

    def feed(self, lines: bytes) -> None:
        """Do nothing."""


def watched(run: RunDocument, *answers: tuple[Machine, ...] | BenchraceError) -> str:
    """Return what is printed while a run has one piece for each answer."""
    out = io.StringIO()
    watch = MachineWatch(cast("Client", Fleet(*answers)), Console(file=out, width=100), run)
    pieces = [Lines(b""), *(Ping() for _ in answers[1:])]
    follow._watch(cast("Any", pieces), cast("Any", Fed()), watch)
    return out.getvalue()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at each piece, however soon it comes."""
    monkeypatch.setattr(machine_watch, "_EVERY_S", 0.0)


@pytest.mark.usefixtures("eager")
def test_a_machine_that_stops_responding_is_printed_once_and_so_is_its_return(race: Race) -> None:
    run = race()
    machine_id = run.lanes[0].machine_id
    well = (Machine(machine_id, "busy"), Machine("other", "lost"))
    silent = (Machine(machine_id, "suspect", "silent for 6 s"),)
    lost = (Machine(machine_id, "lost", "silent for 30 s"),)
    printed = watched(run, well, silent, silent, lost, well, well)
    assert printed.splitlines() == [
        "Box is not responding: silent for 6 s",
        "Box is lost: silent for 30 s",
        "Box is back",
    ]


@pytest.mark.usefixtures("eager")
def test_a_central_that_is_away_says_nothing_of_machines(race: Race) -> None:
    run = race()
    away = BenchraceError(Category.UNREACHABLE, "central is gone", "")
    silent = (Machine(run.lanes[0].machine_id, "suspect"),)
    assert watched(run, away, silent) == "Box is not responding\n"
    broken = BenchraceError(Category.SYSTEM, "not a central", "")
    with pytest.raises(BenchraceError, match="not a central"):
        watched(run, broken)


def test_central_is_not_asked_at_every_piece(race: Race) -> None:
    assert watched(race(), (), (), ()) == ""
