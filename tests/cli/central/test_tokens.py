"""How commands read tokens, and what a central answers to a wrong one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from anyio import to_thread
from click.testing import CliRunner

from benchrace.cli import options
from tests.central.served import served
from tests.cli.conftest import Call


@contextmanager
def pipe(data: bytes) -> Iterator[int]:
    reading, writing = os.pipe()
    os.write(writing, data)
    os.close(writing)
    try:
        yield reading
    finally:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(reading)


@click.command()
@options.people_token
def say(token: str | None) -> None:
    click.echo(f"token {token}")


def test_a_token_comes_from_a_descriptor_an_option_or_the_environment() -> None:
    environ = {"BENCHRACE_TOKEN": "of the environment"}
    assert CliRunner().invoke(say, [], env={"BENCHRACE_TOKEN": None}).output == "token None\n"
    assert CliRunner().invoke(say, [], env=environ).output == "token of the environment\n"
    assert CliRunner().invoke(say, ["--token", "x"], env=environ).output == "token x\n"
    with pipe(b"of the pipe\nmore") as fd:
        done = CliRunner().invoke(say, ["--token", "x", "--token-fd", str(fd)], env=environ)
    assert done.output == "token of the pipe\n"


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\n"])
def test_a_descriptor_without_a_token_is_a_bad_argument(data: bytes) -> None:
    with pipe(data) as fd:
        assert CliRunner().invoke(say, ["--token-fd", str(fd)]).exit_code == 2
    assert CliRunner().invoke(say, ["--token-fd", "9999"]).exit_code == 2


async def test_a_central_that_wants_another_token_says_which(tmp_path: Path, call: Call) -> None:
    operator, agents = "the operators token", "the agents token"
    async with served(
        tmp_path / "served", require_token=True, operator_token=operator, token=agents
    ) as site:
        messages = {}
        for token in ("", "wrong", agents, operator):
            words = ("runs", "list", "--central", site.url, "--token", token)
            messages[token] = await to_thread.run_sync(call, *words)
    for token, why in (
        ("", "operator token"),
        ("wrong", "operator token"),
        (agents, "agent token"),
    ):
        assert messages[token].exit_code == 2
        line, remedy = messages[token].stderr.strip().splitlines()
        assert why in line
        assert "BENCHRACE_TOKEN" in remedy or "Use the operator token" in remedy
    assert messages[operator].exit_code == 0, messages[operator].output
