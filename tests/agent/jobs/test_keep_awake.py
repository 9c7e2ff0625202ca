"""A machine is held awake while a job runs, and the job runs where it cannot be held."""

import logging
from pathlib import Path

import pytest

from benchrace.agent.jobs.keep_awake import KeepAwake

REFUSED = ("sh", "-c", "exit 1")


def holder(mark: Path) -> tuple[str, ...]:
    """Return a command that holds `mark` as long as what it is given runs."""
    return ("sh", "-c", f'touch {mark}; "$@"; rm {mark}', "sh", "cat")


async def test_it_is_held_within(tmp_path: Path) -> None:
    mark = tmp_path / "held"
    awake = KeepAwake(lambda: (REFUSED, ("no-such-program",), holder(mark)))
    for _ in range(2):
        async with awake.during():
            assert mark.exists()
        assert not mark.exists()


async def test_a_refusal_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    tries = []

    def find() -> tuple[tuple[str, ...], ...]:
        tries.append(1)
        return (REFUSED,)

    awake = KeepAwake(find)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            async with awake.during():
                pass
    assert len(tries) == 1
    assert [record.message for record in caplog.records] == ["sh refuses to keep the machine awake"]


async def test_an_error_within_releases_it(tmp_path: Path) -> None:
    mark = tmp_path / "held"
    with pytest.raises(ValueError, match="boom"):
        async with KeepAwake(lambda: (holder(mark),)).during():
            raise ValueError("boom")
    assert not mark.exists()
