"""Races of images on a stand-in for ComfyUI: through the real command line, agent and worker."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from benchrace.testing.limits import HANG_S
from tests.flow.conftest import Shell

HERE = Path(__file__).parents[2] / "plugins/comfyui/tests"
EXAMPLES = Path(__file__).parents[2] / "docs/examples/workflows"
TEXT, IMAGE = "sd15-text-to-image.json", "sd15-image-to-image.json"
LITE = "lite_random_sd15.safetensors"
SMALL = ("-p", f"model={LITE}", "-p", "width=64", "-p", "height=64", "-p", "allow_cpu=true")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def stand_in(shell: Shell) -> Iterator[str]:
    """Start a stand-in, and set the agent's address of ComfyUI to it; yield the address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "stand_in"], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url = f"http://127.0.0.1:{int(process.stdout.readline())}"
    shell.env["COMFYUI_BASE_URL"] = url
    yield url
    process.kill()
    process.wait()
    process.stdout.close()


def ask(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    with urlopen(Request(url, data=data), timeout=HANG_S) as answer:
        return json.loads(answer.read())


def test_two_settings_race_and_leave_their_images(shell: Shell, stand_in: str) -> None:
    ask(f"{stand_in}/_stand_in", {"step_ms": 20.0})
    lanes = ("--lane", "steps=4", "--lane", "steps=16,sampler=DPM++ 2M Karras")
    done = shell.call("run", "--workload", "txt2img", *SMALL, "--rounds", "3", *lanes, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    first, second = run["lanes"]
    assert (first["summary"]["image_s"]["n"], second["summary"]["image_s"]["n"]) == (3, 3)
    assert first["summary"]["image_s"]["mean"] < second["summary"]["image_s"]["mean"]
    assert first["text"]["engines"][0]["version"] == "0.33.0"
    events = shell.events()
    images = [event["payload"] for event in events if event["type"] == "artifact"]
    assert {image["media_type"] for image in images} == {"image/png"}
    # With the warm-ups.
    assert len({image["digest"] for image in images}) == len(images) == 8
    records = [event["payload"]["record"] for event in events if event["type"] == "round_done"]
    # Both lanes have the same in a round.
    assert len({record["seed"] for record in records}) == 4
    assert {record["sampler_name"] for record in records} == {"euler", "dpmpp_2m"}
    queue = ask(f"{stand_in}/queue")
    assert queue == {"queue_running": [], "queue_pending": []}
    assert shell.processes() == []


def test_what_is_wrong_is_refused_before_anything_is_queued(shell: Shell, stand_in: str) -> None:
    lora = 'loras=[{"name":"nope"}]'
    lanes = ("--lane", "sampler=fancy", "--lane", "width=65", "--lane", lora)
    done = shell.call("run", "--workload", "txt2img", *SMALL, *lanes)
    assert done.returncode != 0
    output = " ".join((done.stdout + done.stderr).split())
    assert "'fancy' is not one of euler" in output
    assert "65 is not a multiple of 8" in output
    assert "'nope' is not one of random_lora.safetensors" in output
    assert "POST /prompt" not in ask(f"{stand_in}/_stand_in")["requests"]


def test_two_workflows_race_from_files(shell: Shell, stand_in: str) -> None:
    """Each lane has a file of its own; what it prompted is an artifact of its rounds."""
    own = ("-p", f"base_model={LITE}", "-p", "steps=4", "-p", "allow_cpu=true")
    lanes = [f"workflow=@{EXAMPLES / name}" for name in (TEXT, IMAGE)]
    images = 'images=[{"node":"10"\\,"source":"data:image/png;base64\\,iVBORw0KGgoAAAA="}]'
    options = ("--lane", f"label=text,{lanes[0]}", "--lane", f"label=image,{lanes[1]},{images}")
    done = shell.call("run", "--workload", "workflow", *own, "--rounds", "2", *options, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert [lane["summary"]["image_s"]["n"] for lane in run["lanes"]] == [2, 2]
    assert [lane["label"] for lane in run["lanes"]] == ["text", "image"]
    events = shell.events()
    artifacts = {
        event["payload"]["digest"]: event["payload"]
        for event in events
        if event["type"] == "artifact"
    }
    records = [event["payload"]["record"] for event in events if event["type"] == "round_done"]
    assert len({record["seed"] for record in records}) == 3
    for record in records:
        assert artifacts[f"sha256:{record['workflow_sha256']}"]["name"] == "workflow.json"
