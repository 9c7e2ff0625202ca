"""What `agent preflight` says of containers, clocks and power, and what fails it."""

import json
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest

from benchrace.cli.agent import surroundings
from benchrace.cli.output import checks
from benchrace.cli.output.checks import Check
from benchrace.telemetry.environment import Power
from benchrace.telemetry.hardware import Gpu, GpuKind

GPU = Gpu(
    index=0, kind=GpuKind.NVIDIA, vendor="NVIDIA", name="H200", driver_version="570", ready=True
)


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_a_container_runtime_that_answers_is_named(programs: Path) -> None:
    assert surroundings._container(surroundings._runtime()).remedy
    program(programs, "docker", "exit 1")
    assert "docker does not answer" in surroundings._container(surroundings._runtime()).value
    program(programs, "podman", "echo 5.1")
    assert surroundings._container(surroundings._runtime()).value == "podman 5.1"


def test_a_gpu_in_containers(
    programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = ("docker", "28.2")
    monkeypatch.setattr(surroundings, "_CDI", (tmp_path / "cdi",))
    program(programs, "docker", "echo '{\"runc\": {}}'")
    assert surroundings._gpu_in_container(runtime, ()).value == "not checked: no GPU"
    assert "cdi generate" in str(surroundings._gpu_in_container(runtime, (GPU,)).remedy)
    program(programs, "docker", "echo '{\"nvidia\": {}}'")
    assert surroundings._gpu_in_container(runtime, (GPU,)).value == "docker has the runtime nvidia"
    (tmp_path / "cdi").mkdir()
    (tmp_path / "cdi" / "nvidia.yaml").touch()
    assert "nvidia.yaml" in surroundings._gpu_in_container(runtime, (GPU,)).value


def test_drivers_and_power() -> None:
    assert surroundings._drivers((GPU,)).value == "H200 (570)"
    silent = Gpu(index=0, kind=GpuKind.AMD, vendor="AMD")
    assert "no compute driver answers for AMD" in surroundings._drivers((silent,)).value
    power = Power(governor="powersave", turbo=False, on_battery=True)
    assert surroundings._power(power).value == "governor powersave, turbo off, source battery"
    assert surroundings._power(Power()).value == "unknown"


class FakeClient:
    """Answers with a clock that is off."""

    answer: ClassVar[dict[str, Any]] = {}

    def __init__(self, *_: object) -> None:
        pass

    def __enter__(self) -> "FakeClient":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get(self, _path: str) -> dict[str, Any]:
        return self.answer


@pytest.mark.parametrize(("off_s", "fails"), [(-3600.0, True), (0.0, False)])
def test_a_clock_that_is_off_is_named(
    monkeypatch: pytest.MonkeyPatch, off_s: float, fails: bool
) -> None:
    monkeypatch.setattr("benchrace.cli.connect.client.Client", FakeClient)
    monkeypatch.setattr(FakeClient, "answer", {"timestamp_s": time.time() + off_s})
    # A test that is held up has a long round trip, which counts as uncertainty.
    check = surroundings.clock_offset("http://c", None)
    assert (check.remedy is not None, check.required) == (fails, False)
    monkeypatch.setattr(FakeClient, "answer", {})
    assert "older version" in surroundings.clock_offset("http://c", None).value
    assert surroundings.clock_offset(None, None).value == "not compared (standalone)"


def test_only_what_is_required_fails(capsys: pytest.CaptureFixture[str]) -> None:
    optional = Check(name="a", value="missing", remedy="Install it.", required=False)
    checks.report([optional], as_json=False)
    assert capsys.readouterr().out.splitlines() == [
        "a  optional  missing",
        "             -> Install it.",
    ]
    checks.report([optional], as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "checks": [{"name": "a", "value": "missing", "remedy": "Install it.", "required": False}],
        "ok": True,
    }
    with pytest.raises(SystemExit):
        checks.report([Check(name="b", value="no", remedy="Do it.")], as_json=False)
    assert "b  FAILED" in capsys.readouterr().out
