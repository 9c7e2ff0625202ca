"""The guard against blocked loops works."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from blockbuster import BlockingError

import benchrace.agent
import benchrace.central
from benchrace.store.journal import Journal


def call_as_if_from(filename: str, call: Callable[[], object]) -> None:
    exec(compile("call()", filename, "exec"), {"call": call})


@pytest.mark.parametrize("package", [benchrace.agent, benchrace.central])
async def test_a_blocking_call_is_an_error(package: ModuleType) -> None:
    with pytest.raises(BlockingError):
        call_as_if_from(f"{package.__path__[0]}/example.py", lambda: time.sleep(0))


async def test_a_sync_of_the_disk_is_an_error(tmp_path: Path) -> None:
    with (
        (tmp_path / "file").open("wb") as file,
        pytest.raises(BlockingError),
    ):
        call_as_if_from(f"{benchrace.central.__path__[0]}/x.py", lambda: os.fsync(file.fileno()))


async def test_a_journal_may_append(tmp_path: Path) -> None:
    with Journal(tmp_path / "work.ndjson") as journal:
        call_as_if_from(f"{benchrace.agent.__path__[0]}/x.py", lambda: journal.append(b"{}\n"))
    assert (tmp_path / "work.ndjson").read_bytes() == b"{}\n"


async def test_a_test_itself_may_block() -> None:
    call_as_if_from(__file__, lambda: time.sleep(0))
