"""The guard against blocked loops works; without this test its silence would prove nothing."""

import time

import pytest
from blockbuster import BlockingError

import benchrace.agent


async def call_as_if_from(filename: str) -> None:
    code = compile("sleep(0)", filename, "exec")
    exec(code, {"sleep": time.sleep})


async def test_a_blocking_call_of_the_agent_is_an_error() -> None:
    with pytest.raises(BlockingError):
        await call_as_if_from(f"{benchrace.agent.__path__[0]}/example.py")


async def test_a_test_itself_may_block() -> None:
    await call_as_if_from(__file__)
