"""Files for engines, from a person's disk over central into the folder of an engine."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flow.engine_fleet import EngineFleet, served

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
DATA = b"weights" * 200_000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineFleet]:
    with served(tmp_path_factory.mktemp("assets"), {}) as engine_fleet:
        yield engine_fleet


def test_a_file_comes_over_central_into_the_folder_of_the_engine(fleet: EngineFleet) -> None:
    file = fleet.shell.root / "base.safetensors"
    file.write_bytes(DATA)
    code, out, err = fleet.call("assets", "add", str(file), "--json")
    assert code == 0, err
    (added,) = json.loads(out)["assets"]
    assert (added["sha256"], added["kind"]) == (SHA, "checkpoint")
    code, out, err = fleet.call(
        "assets", "fetch", "central:base.safetensors", "--json", "--pin", "--backend", "engine"
    )
    assert code == 0, err
    (pulled,) = json.loads(out)["pulled"]
    assert (pulled["model"], pulled["bytes"]) == ("base.safetensors", len(DATA))
    placed = fleet.engine.home / "models/base.safetensors"
    assert (placed.is_symlink(), placed.read_bytes()) == (True, DATA)
    code, out, _ = fleet.call("agent", "assets", "list", "--json")
    (stored,) = json.loads(out)["assets"]
    assert (stored["source"], stored["pinned"]) == (f"central:{SHA[:12]}", True)
    assert stored["places"][0]["path"] == str(placed)


def test_a_lane_fetches_with_the_access_of_its_agent_before_its_rounds(fleet: EngineFleet) -> None:
    file = fleet.shell.root / "wanted.json"
    file.write_bytes(DATA[:-1])
    code, out, err = fleet.call("assets", "add", str(file), "--json")
    assert code == 0, err
    (added,) = json.loads(out)["assets"]
    (fleet.engine.home / "wanted").write_text(f"central:{added['sha256']}")
    code, out, err = fleet.call(
        *("run", "--workload", "compute", "-p", "n=1000", "--lane", "backend=engine"),
        *("--rounds", "1", "--json"),
    )
    (fleet.engine.home / "wanted").unlink()
    assert code == 0, err
    assert (fleet.engine.home / "opened").read_bytes() == DATA[:-1]
    (log,) = (fleet.shell.root / "data").rglob("runs/*/events.ndjson")
    events = [json.loads(line) for line in log.read_bytes().splitlines()]
    first = next(event["seq"] for event in events if event["type"] == "round_start")
    fetched = [event for event in events if event["type"] == "progress"]
    assert fetched[-1]["payload"]["done"] == len(DATA) - 1
    assert fetched[-1]["payload"]["unit"] == "B fetched"
    assert fetched[-1]["seq"] < first


def test_a_catalogue_is_fetched_from_listed_hosts_only(fleet: EngineFleet) -> None:
    catalogue: Path = fleet.shell.root / "config/engine.yaml"
    catalogue.parent.mkdir(exist_ok=True)
    url = "https://evil.example/model.safetensors"
    catalogue.write_text(f"checkpoints:\n  - {url}\n")
    code, out, _ = fleet.call("assets", "fetch", "--json", "--backend", "engine")
    (failed,) = json.loads(out)["failed"]
    assert code == 1
    assert "evil.example is not on this machine's list of hosts" in failed["error"]["message"]
    assert "assets.hosts" in failed["error"]["remedy"]
