"""Joining without an address: a person chooses among the centrals that are found."""

import pytest

from benchrace.cli.agent import join as joining
from benchrace.cli.agent import nearby
from benchrace.web.remote.nearby import Nearby, Role
from tests.cli.conftest import Call

CENTRALS = (
    Nearby(name="lab", url="http://192.168.1.10:8080", version="0.1.0"),
    Nearby(name="desk\x1b[2J", url="https://192.168.1.11:8080", version="0.1.0"),
)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Note what would be joined."""
    calls: list[tuple[str, str]] = []

    def run(self: joining.Joining, url: str, code: str, *, yes: bool) -> None:
        calls.append((url, code))

    monkeypatch.setattr(joining.Joining, "run", run)
    monkeypatch.setattr(nearby, "_is_terminal", lambda: True)
    return calls


def find(monkeypatch: pytest.MonkeyPatch, *centrals: Nearby) -> None:
    async def answer(role: Role, seconds: float) -> tuple[Nearby, ...]:
        assert role is Role.CENTRAL
        return centrals

    monkeypatch.setattr(nearby, "find", answer)


@pytest.mark.parametrize(
    ("count", "typed", "url"),
    [
        (1, "y\n", "http://192.168.1.10:8080"),
        (1, "n\n", None),
        (1, "\n", None),
        (2, "2\n", "https://192.168.1.11:8080"),
        (2, "7\n1\n", "http://192.168.1.10:8080"),
        (2, "\n", None),
        (0, "", None),
    ],
)
def test_nothing_is_joined_that_nobody_chose(
    call: Call,
    joined: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    count: int,
    typed: str,
    url: str | None,
) -> None:
    find(monkeypatch, *CENTRALS[:count])
    done = call("agent", "join", "a-code", stdin=typed)
    assert joined == ([] if url is None else [(url, "a-code")])
    assert (done.exit_code == 0) is (url is not None)
    assert "\x1b" not in done.output
    if count == 0:
        assert "no central was found" in done.stderr


def test_without_a_terminal_the_address_is_required(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    find(monkeypatch, *CENTRALS)
    done = call("agent", "join", "a-code")
    assert (done.exit_code, "URL: is missing" in done.stderr) == (2, True)
    for words in ((), ("a", "b", "c")):
        done = call("agent", "join", *words)
        assert (done.exit_code, "[URL] CODE" in done.stderr) == (2, True)


def test_an_address_is_not_taken_for_a_code(call: Call) -> None:
    done = call("agent", "join", "https://central:8080")
    assert (done.exit_code, "code of an invitation is missing" in done.stderr) == (2, True)
