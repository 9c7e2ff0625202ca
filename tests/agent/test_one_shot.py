"""A question to a worker: one that answers nonsense is not waited for."""

import sys

import anyio
import pytest

from benchrace.agent.one_shot import ask
from benchrace.errors import BenchraceError, Category
from benchrace.protocol.agent_worker import DescribeOrder, WorkerSetup
from benchrace.testing.limits import HANG_S

# It goes on living after what it writes, as one does whose pipe is full.
TALKS = "import sys, time; sys.stdin.readline(); print({words}, flush=True); time.sleep(60)"


@pytest.mark.parametrize("words", ["'nonsense'", "'x' * (9 << 20)"])
async def test_an_answer_that_cannot_be_read_is_told_at_once(words: str) -> None:
    command = (sys.executable, "-c", TALKS.format(words=words))
    with anyio.fail_after(HANG_S), pytest.raises(BenchraceError) as raised:
        await ask(command, DescribeOrder(setup=WorkerSetup(plugins=())), 60.0)
    assert raised.value.category is Category.PLUGIN_ERROR
    assert "invalid answer" in raised.value.message
