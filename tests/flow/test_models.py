"""`benchrace models` against a real central, agent and an engine of our own."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.engine_fleet import EngineFleet, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineFleet]:
    with served(tmp_path_factory.mktemp("models"), {"here_1": b"data"}) as engine_fleet:
        yield engine_fleet


def test_the_models_are_listed(fleet: EngineFleet) -> None:
    code, out, err = fleet.call("models", "list")
    assert code == 0, err
    assert "here:1" in out
    assert "4 B" in out
    code, out, err = fleet.call("models", "list", "--json", "--machine", "local")
    (machine,) = json.loads(out)["machines"]
    engine = next(model for model in machine["backends"] if model["name"] == "engine")
    assert [model["name"] for model in engine["models"]] == ["here:1"]
    assert fleet.call("models", "list", "--machine", "nobody")[0] == 2


def test_a_policy_from_a_file_and_what_it_requires(fleet: EngineFleet, tmp_path: Path) -> None:
    code, out, _ = fleet.call("models", "policy")
    assert (code, "required llm" in out) == (0, False)
    file = tmp_path / "policy.yaml"
    file.write_text("required:\n  llm: [here, 'want:1']\n")
    code, out, err = fleet.call("models", "policy", str(file))
    assert (code, err) == (0, "")
    assert "required llm: want:1" in out
    assert str(fleet.shell.root / "config/model_policy.yaml") in out.replace("\n", "")
    _, out, _ = fleet.call("models", "list", "--json")
    assert json.loads(out)["machines"][0]["missing"]["required"] == ["here", "want:1"]
    file.write_text("required:\n  llm: [here, 'want:1', 'want:1']\n")
    code, out, err = fleet.call("models", "policy", str(file))
    assert (code, f"{file}:2: required.llm[2]" in err) == (2, True)
    assert fleet.call("models", "policy", str(tmp_path / "none.yaml"))[0] == 2


def test_what_is_required_is_pulled_once(fleet: EngineFleet) -> None:
    policy = fleet.shell.root / "config/model_policy.yaml"
    policy.write_text("required: {llm: ['here:1', 'new:1']}\n")
    code, out, err = fleet.call("models", "pull", "--backend", "engine", "--json")
    assert code == 0, err
    outcome = json.loads(out)
    assert [(pulled["model"], pulled["bytes"]) for pulled in outcome["pulled"]] == [("new:1", 4.0)]
    assert (outcome["skipped"], outcome["failed"]) == ([], [])
    assert "local new:1: pulled" in err
    assert (fleet.engine.home / "models/new_1").exists()
    code, out, _ = fleet.call("models", "pull", "--backend", "engine")
    assert (code, "Nothing is missing." in out) == (0, True)


def test_a_failure_is_told_and_is_exit_1(fleet: EngineFleet) -> None:
    code, out, err = fleet.call(
        "models", "pull", "nowhere", "fine:1", "--backend", "engine", "--json"
    )
    outcome = json.loads(out)
    assert code == 1, err
    assert [pulled["model"] for pulled in outcome["pulled"]] == ["fine:1"]
    (failed,) = outcome["failed"]
    assert failed["error"]["category"] == "missing_model"
    assert "nowhere: there is no model nowhere" in err


def test_a_large_one_is_left_out_and_is_exit_0(fleet: EngineFleet) -> None:
    command = ("pull", "large:1", "--backend", "engine", "--skip-large", "--large", "3")
    fleet.engine.slow()
    try:
        code, out, err = fleet.call("models", *command, "--json")
    finally:
        fleet.engine.go_on()
    assert code == 0, err
    (skipped,) = json.loads(out)["skipped"]
    assert skipped["why"] == "4 B exceeds the 3 B limit of --skip-large"
    assert not (fleet.engine.home / "models/large_1").exists()


def test_no_backend_of_that_name_is_exit_1(fleet: EngineFleet) -> None:
    code, out, _ = fleet.call("models", "pull", "m", "--backend", "other")
    assert (code, "no backend named other can pull" in out) == (1, True)
