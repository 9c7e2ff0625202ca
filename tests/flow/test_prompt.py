"""`benchrace prompt` against a real central, agent and an engine of our own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine_plugin import EngineHome
from tests.flow.conftest import Shell

pytestmark = pytest.mark.timeout(120)


class Fleet:
    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder, token="a token of the tests")
        self.engine = EngineHome(folder)
        self.shell.env.update(self.engine.environment)
        (self.engine.home / "models/tiny_1").write_bytes(b"data")
        (self.engine.home / "models/large_2").write_bytes(b"more data")
        (self.engine.home / "running").touch()

    def prompt(self, *args: str) -> tuple[int, str, str]:
        done = self.shell.call("prompt", *args)
        return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(tmp_path_factory.mktemp("prompt"))
    try:
        made.shell.serve()
        yield made
        made.shell.stop()
    finally:
        for process in made.shell.processes():
            process.kill()


def test_the_smallest_model_writes_and_the_prompt_stands_alone(fleet: Fleet) -> None:
    code, out, err = fleet.prompt("the tides", "--tokens", "130")
    assert code == 0, err
    assert out.startswith("tiny:1 was asked: Write one prompt of about 100 words")
    assert out.endswith("The prompt is about: the tides\n")
    assert "written by tiny:1 on local (engine)" in err


def test_the_one_that_is_named_writes(fleet: Fleet) -> None:
    code, out, err = fleet.prompt("x", "--model", "large:2", "--machine", "local", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["source"], told["model"], told["machine_id"]) == ("model", "large:2", "local")


def test_a_model_that_nobody_has_is_said_with_a_text_that_is_built_in(fleet: Fleet) -> None:
    code, out, err = fleet.prompt("bees", "--model", "nobody:9", "--tokens", "60")
    assert code == 0
    assert "bees" in out
    assert "built in, written by no model: no engine that answers has the model nobody:9" in err


def test_bad_arguments_name_the_field(fleet: Fleet) -> None:
    code, out, err = fleet.prompt("bees", "--tokens", "3")
    assert (code, out) == (2, "")
    assert "tokens" in err
