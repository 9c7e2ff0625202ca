"""Rounds of workflows on the stand-in: uploads, seeds, artifacts, and what is refused."""

import hashlib
import json
from collections.abc import Callable

import pytest

from benchrace.events import Level
from benchrace.kinds import WORKFLOW
from benchrace.plugin import BenchraceError

from .harness import LITE, Racing, StandIn
from .test_workflow import IMAGE, LORA, PNG, STYLED, TEXT, document

pytestmark = pytest.mark.slow
Make = Callable[..., Racing]


async def test_a_workflow_races_as_images_from_text_do(either: StandIn, racing: Make) -> None:
    lane = racing(either, workflow=TEXT, steps=4, prompt="a cat")
    await lane.open()
    records = [await lane.round(n) for n in range(2)]
    assert lane.context.verdict.level is Level.VALID, lane.codes
    record = records[-1]
    assert record.seed != records[0].seed
    assert (record.engine.model, record.steps, record.batch) == (LITE, 4, 1)
    assert record.engine.settings["workflow"] == TEXT
    assert record.cached == ("4", "5", "6", "7")
    values = {one.metric: one for one in WORKFLOW.derive(record, lane.lane.params)}
    assert values["image_s"].value is not None
    assert values["sampler_it_per_s"].numerator == 3
    media_type, data = lane.context.artifacts["workflow.json"]
    assert media_type == "application/json"
    assert hashlib.sha256(data).hexdigest() == record.workflow_sha256
    stored = json.loads(data)
    assert stored["3"]["inputs"]["seed"] == record.seed
    assert stored["6"]["inputs"]["text"] == "a cat"
    assert records[0].prompt_digest == record.prompt_digest


async def test_loras_and_own_parameters_reach_the_server(stand_in: StandIn, racing: Make) -> None:
    lane = racing(
        stand_in,
        workflow=STYLED,
        steps=2,
        loras=[{"name": LORA, "strength": 0.3}],
        overrides=[{"node": "Load LoRA", "path": "lora_name", "value": LORA}],
        bindings=[{"parameter": "denoise", "node": "3", "path": "denoise"}],
        values={"denoise": 0.5},
    )
    await lane.open()
    await lane.round()
    graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    assert graph["11"]["inputs"]["strength_model"] == 0.3
    assert graph["10"]["inputs"]["model"] == ["11", 0]
    assert graph["3"]["inputs"]["denoise"] == 0.5


async def test_an_image_is_uploaded_before_the_rounds(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, workflow=IMAGE, steps=2, images=[{"node": "10", "source": PNG}])
    await lane.open()
    await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    state = stand_in.tell()
    assert f"input/{graph['10']['inputs']['image']}" in state["files"]
    assert state["requests"].count("POST /upload/image") == 1


async def test_previews_and_what_no_seed_changes_are_no_results(
    stand_in: StandIn, racing: Make
) -> None:
    own = document(IMAGE)
    own["20"] = {"class_type": "PreviewImage", "inputs": {"images": ["10", 0]}}
    own["21"] = {"class_type": "PreviewImage", "inputs": {"images": ["8", 0]}}
    lane = racing(stand_in, workflow=own, steps=2)
    await lane.open()
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert [output.node for output in record.outputs] == ["9"]
    assert record.images == 1


async def test_a_second_node_that_saves_makes_no_more_images(
    stand_in: StandIn, racing: Make
) -> None:
    own = document()
    own["20"] = {"class_type": "ImageBlur", "inputs": {"image": ["8", 0], "blur_radius": 1}}
    own["20"]["inputs"]["sigma"] = 1.0
    own["21"] = {"class_type": "SaveImage", "inputs": {"images": ["20", 0], "filename_prefix": "b"}}
    lane = racing(stand_in, workflow=own, steps=2, batch=2)
    await lane.open()
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert (record.images, [output.node for output in record.outputs]) == (
        2,
        ["9", "9", "21", "21"],
    )


async def test_two_samplers_are_told_apart(stand_in: StandIn, racing: Make) -> None:
    own = document()
    own["3"]["inputs"]["steps"] = 3
    second = {**own["3"]["inputs"], "steps": 6, "latent_image": ["3", 0]}
    own["30"] = {"class_type": "KSampler", "inputs": second}
    own["8"]["inputs"]["samples"] = ["30", 0]
    lane = racing(stand_in, workflow=own)
    await lane.open()
    record = await lane.round()
    assert lane.context.verdict.level is Level.VALID, lane.codes
    assert record.sampler is not None
    assert (record.sampler.first_step, record.sampler.last_step) == (1, 6)


async def test_a_stored_graph_has_no_secret_and_no_folder(stand_in: StandIn, racing: Make) -> None:
    own = document()
    own["9"]["inputs"] |= {"api_key": "sk-12345678", "note": "/home/me/models/x.safetensors"}
    own["6"]["inputs"]["text"] = "half/half, and /slashes"
    lane = racing(stand_in, workflow=own, steps=2)
    await lane.open()
    await lane.round()
    stored = json.loads(lane.context.artifacts["workflow.json"][1])
    assert stored["9"]["inputs"]["api_key"] == "(value)"
    assert stored["9"]["inputs"]["note"] == ".../x.safetensors"
    assert stored["6"]["inputs"]["text"] == "half/half, and /slashes"


async def test_without_a_seed_each_round_starts_cold(stand_in: StandIn, racing: Make) -> None:
    scaled = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    lane = racing(stand_in, workflow=scaled, base_model="", allow_no_seed=True, residence="cold")
    await lane.open()
    for n in range(2):
        record = await lane.round(n)
        assert lane.context.verdict.level is Level.VALID, lane.codes
        assert (record.cached, record.steps, record.sampler_name) == ((), 0, "")
        assert record.seed is None


async def test_a_lane_that_cannot_start_says_why(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, workflow="nope.json")
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert [error.path for error in readiness.fields] == ["workflow"]
    with pytest.raises(BenchraceError, match="not found"):
        await lane.open()
