"""`benchrace prompt` against a real central, agent and an engine of our own."""

import json
from collections.abc import Iterator

import pytest

from tests.flow.engine_fleet import EngineFleet, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineFleet]:
    with served(
        tmp_path_factory.mktemp("prompt"), {"tiny_1": b"data", "large_2": b"more data"}
    ) as engine_fleet:
        yield engine_fleet


def test_the_smallest_model_writes_and_the_prompt_stands_alone(fleet: EngineFleet) -> None:
    code, out, err = fleet.call("prompt", "the tides", "--tokens", "130")
    assert code == 0, err
    assert out.startswith("tiny:1 was asked: Write one prompt of about 100 words")
    assert out.endswith("The prompt is about: the tides\n")
    assert "written by tiny:1 on local (engine)" in err


def test_the_one_that_is_named_writes(fleet: EngineFleet) -> None:
    code, out, err = fleet.call("prompt", "x", "--model", "large:2", "--machine", "local", "--json")
    assert code == 0, err
    document = json.loads(out)
    assert (document["source"], document["model"], document["machine_id"]) == (
        "model",
        "large:2",
        "local",
    )


def test_a_model_that_nobody_has_is_said_with_a_text_that_is_built_in(fleet: EngineFleet) -> None:
    code, out, err = fleet.call("prompt", "bees", "--model", "nobody:9", "--tokens", "60")
    assert code == 0
    assert "bees" in out
    assert "built-in text, no model wrote it: no reachable engine has the model nobody:9" in err


def test_bad_arguments_name_the_field(fleet: EngineFleet) -> None:
    code, out, err = fleet.call("prompt", "bees", "--tokens", "3")
    assert (code, out) == (2, "")
    assert "tokens" in err
