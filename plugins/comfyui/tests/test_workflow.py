"""Workflows changed as lanes ask, and checked against the nodes of recorded servers."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchrace.plugin import NEW_SEED, BenchraceError, Category, Lora
from benchrace.testing import RecordingContext
from benchrace_comfyui.graph.graph import Graph, Link
from benchrace_comfyui.plan import Plan
from benchrace_comfyui.workflow.document import MAX_NODES, InvalidWorkflow, read
from benchrace_comfyui.workflow.loras import Chain, insert, is_applied
from benchrace_comfyui.workflow.preflight import plan

from .harness import EXAMPLES, LITE, NEW, OLD, workflow_options
from .test_preflight import nodes, server

BOTH = pytest.mark.parametrize("version", [NEW, OLD])
LORA = "random_lora.safetensors"
TEXT, STYLED, IMAGE = (f"sd15-{name}.json" for name in ("text-to-image", "lora", "image-to-image"))
PNG = "data:image/png;base64,iVBORw0KGgoAAAA="


def document(name: str = TEXT) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((EXAMPLES / name).read_text())
    return loaded


async def check(version: str = NEW, folder: Path | None = EXAMPLES, **params: Any) -> Plan:
    own = workflow_options(**{"workflow": TEXT, **params})
    return await plan(server(), nodes(version), own, folder, RecordingContext([]))


async def graph(seed: int = 7, *, light: bool = False, **params: Any) -> Graph:
    return (await check(**params)).require().make(seed, light)


async def refused(field: str, **params: Any) -> str:
    """Return why a lane is refused, by one field alone."""
    fields = (await check(**params)).fields
    assert [error.path for error in fields] == [field], fields
    return fields[0].message


@BOTH
@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.json")))
async def test_every_example_is_ready_on_both_versions(version: str, name: str) -> None:
    lora = [{"node": "Load LoRA", "path": "lora_name", "value": LORA}] if name == STYLED else []
    answer = await check(version, workflow=name, overrides=lora)
    assert answer.readiness.ready, answer
    own = answer.require()
    assert (own.model, own.steps, own.sampler, own.scheduler) == (LITE, 20, "euler", "normal")
    assert own.make(7, False).works == {"3", "8", "9"}


async def test_parameters_reach_the_inputs_that_the_links_lead_to() -> None:
    own = await graph(
        prompt="a cat",
        negative="a dog",
        steps=9,
        cfg=5.5,
        sampler="DPM++ 2M Karras",
        width=768,
        height=320,
        batch=3,
    )
    inputs = {node: part["inputs"] for node, part in own.nodes.items()}
    assert inputs["6"]["text"] == "a cat"
    assert inputs["7"]["text"] == "a dog"
    assert inputs["5"] == {"width": 768, "height": 320, "batch_size": 3}
    assert inputs["4"]["ckpt_name"] == LITE
    expected = {"steps": 9, "cfg": 5.5, "sampler_name": "dpmpp_2m", "scheduler": "karras"}
    assert expected.items() <= inputs["3"].items()
    assert inputs["3"]["seed"] == 7


async def test_what_is_not_set_stays_and_one_step_loads_the_models() -> None:
    own = await graph(light=True)
    assert own.nodes["3"]["inputs"]["steps"] == 1
    original = document()
    original["3"]["inputs"] |= {"steps": 1, "seed": 7}
    original["4"]["inputs"]["ckpt_name"] = LITE
    assert own.nodes == original


async def test_overrides_and_bindings_name_nodes_by_number_or_title() -> None:
    own = await graph(
        overrides=[
            {"node": 3, "path": "inputs.cfg", "value": 4.5},
            {"node": "Save Image", "path": "filename_prefix", "value": "mine"},
        ],
        bindings=[
            {"parameter": "denoise", "node": "KSampler", "path": "denoise"},
            {"parameter": "prompt", "node": "7", "path": "text"},
        ],
        values={"denoise": 0.5, "prompt": "bound", "checkpoint": LITE},
        base_model="",
    )
    assert own.nodes["3"]["inputs"]["cfg"] == 4.5
    assert own.nodes["3"]["inputs"]["denoise"] == 0.5
    assert own.nodes["9"]["inputs"]["filename_prefix"] == "mine"
    assert own.nodes["7"]["inputs"]["text"] == "bound"
    assert own.nodes["6"]["inputs"]["text"] == document()["6"]["inputs"]["text"]


async def test_loras_follow_each_other_between_the_loader_and_all_that_used_it() -> None:
    loras = [{"name": LORA, "strength": 0.5}, {"name": LORA, "clip_strength": 0.25}]
    own = (await graph(workflow=STYLED, loras=loras, overrides=_own_lora())).nodes
    first, second = own["11"]["inputs"], own["12"]["inputs"]
    assert (first["model"], first["clip"]) == (["4", 0], ["4", 1])
    assert (first["strength_model"], first["strength_clip"]) == (0.5, 0.5)
    assert (second["model"], second["clip"]) == (["11", 0], ["11", 1])
    assert (second["strength_model"], second["strength_clip"]) == (1.0, 0.25)
    # The workflow's own comes after them, and the VAE is the checkpoint's.
    assert (own["10"]["inputs"]["model"], own["10"]["inputs"]["clip"]) == (["12", 0], ["12", 1])
    assert own["8"]["inputs"]["vae"] == ["4", 2]


def _own_lora() -> list[dict[str, Any]]:
    return [{"node": "10", "path": "lora_name", "value": LORA}]


async def test_model_and_text_encoder_may_come_from_two_loaders() -> None:
    split = document()
    unet = {"unet_name": "u", "weight_dtype": "default"}
    split["12"] = {"class_type": "UNETLoader", "inputs": unet}
    split["3"]["inputs"]["model"] = ["12", 0]
    own = workflow_options(
        workflow=split,
        loras=[{"name": LORA}],
        base_model="",
        overrides=[{"node": "4", "path": "ckpt_name", "value": LITE}],
    )
    info = nodes(NEW, UNETLoader=_choices("unet_name", "u"))
    answer = await plan(server(), info, own, None, RecordingContext([]))
    prompted = answer.require().make(1, False).nodes
    assert prompted["13"]["inputs"]["model"] == ["12", 0]
    assert prompted["13"]["inputs"]["clip"] == ["4", 1]
    assert prompted["3"]["inputs"]["model"] == ["13", 0]
    assert prompted["6"]["inputs"]["clip"] == ["13", 1]


def test_without_a_text_encoder_loras_are_for_the_model_alone() -> None:
    own = read(document())
    chain = insert(own, Chain(Link("4", 0), None), [Lora(name=LORA, strength=0.5)])
    assert own["10"]["class_type"] == "LoraLoaderModelOnly"
    assert own["10"]["inputs"] == {"lora_name": LORA, "strength_model": 0.5, "model": ["4", 0]}
    assert own["3"]["inputs"]["model"] == ["10", 0]
    assert is_applied(own, chain, [Lora(name=LORA, strength=0.5)])
    own["3"]["inputs"]["model"] = ["4", 0]
    assert not is_applied(own, chain, [Lora(name=LORA, strength=0.5)])


def _choices(name: str, *values: str) -> dict[str, Any]:
    inputs = {"required": {name: [list(values)], "weight_dtype": [["default"]]}}
    return {"input": inputs, "output": ["MODEL"], "output_node": False}


async def test_the_seed_is_found_where_noise_is_made() -> None:
    custom = document()
    custom["3"] = {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["20", 0],
            "guider": ["21", 0],
            "sampler": ["22", 0],
            "sigmas": ["23", 0],
            "latent_image": ["5", 0],
        },
    }
    custom["20"] = {"class_type": "RandomNoise", "inputs": {"noise_seed": 1}}
    custom["21"] = {
        "class_type": "BasicGuider",
        "inputs": {"model": ["4", 0], "conditioning": ["6", 0]},
    }
    custom["22"] = {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}}
    custom["23"] = {
        "class_type": "BasicScheduler",
        "inputs": {"model": ["4", 0], "scheduler": "normal", "steps": 5, "denoise": 1.0},
    }
    guider = {
        "input": {"required": {"model": ["MODEL"], "conditioning": ["CONDITIONING"]}},
        "output": ["GUIDER"],
        "output_node": False,
    }
    own = workflow_options(workflow=custom, prompt="p", steps=6, sampler="heun")
    answer = await plan(server(), nodes(NEW, BasicGuider=guider), own, None, RecordingContext([]))
    prompted = answer.require().make(9, False)
    assert prompted.nodes["20"]["inputs"]["noise_seed"] == 9
    assert prompted.nodes["6"]["inputs"]["text"] == "p"
    assert prompted.nodes["23"]["inputs"]["steps"] == 6
    assert prompted.nodes["22"]["inputs"]["sampler_name"] == "heun"
    assert prompted.works == {"20", "3", "8", "9"}


async def test_images_are_uploaded_under_a_name_of_their_content() -> None:
    answer = await check(workflow=IMAGE, images=[{"node": "10", "source": PNG}])
    (upload,) = answer.uploads
    assert answer.require().make(1, False).nodes["10"]["inputs"]["image"] == upload.path
    assert upload.path.startswith("benchrace/")
    assert upload.data.startswith(b"\x89PNG")
    text, image = (await check()).require(), answer.require()
    assert image.limit_s > text.limit_s


@pytest.mark.parametrize(
    ("params", "field", "text"),
    [
        ({"workflow": ""}, "workflow", "name a file"),
        ({"workflow": "nope.json"}, "workflow", "file 'nope.json' not found; the folder has sd15-"),
        ({"workflow": "../x.json"}, "workflow", "outside of the folder"),
        ({"workflow": "/etc/passwd"}, "workflow", "outside of the folder"),
        ({"workflow": "ftp://bucket/x.json"}, "workflow", "cannot read from ftp://"),
        ({"workflow": "x.json", "folder": None}, "workflow", "set comfyui.workflows"),
        ({"workflow": "{1"}, "workflow", "not JSON"),
        ({"workflow": {"nodes": [], "links": []}}, "workflow", "Workflow > Export (API)"),
        ({"workflow": {"1": {"inputs": {}}}}, "workflow", "no class_type"),
        (
            {"overrides": [{"node": "33", "path": "x", "value": 1}]},
            "overrides[0]",
            "unknown node '33'",
        ),
        (
            {"overrides": [{"node": "3", "path": "stpes", "value": 1}]},
            "overrides[0]",
            "KSampler (3) has no input 'stpes'; it has model, seed, steps",
        ),
        (
            {"overrides": [{"node": "3", "path": "model", "value": ["5", 0]}]},
            "overrides[0]",
            "it takes MODEL, and EmptyLatentImage (5) gives LATENT",
        ),
        (
            {"overrides": [{"node": "3", "path": "seed", "value": 5}]},
            "overrides[0]",
            "KSampler (3).seed is also set by seed",
        ),
        (
            {"cfg": 2.0, "overrides": [{"node": "3", "path": "cfg", "value": 5.5}]},
            "overrides[0]",
            "also set by cfg",
        ),
        ({"values": {"denoise": 0.5}}, "values.denoise", "is not bound"),
        ({"values": {"seed": 5}}, "values.seed", "use the parameter seed"),
        ({"steps": 4, "values": {"steps": 5}}, "values.steps", "set already, by steps"),
        ({"values": {"steps": "many"}}, "values.steps", "not a number (INT)"),
        ({"values": {"steps": 2.5}}, "values.steps", "not a whole number"),
        ({"width": 65}, "width", "65 is not a multiple of 8"),
        ({"base_model": "nope"}, "base_model", "is not one of corrupt_truncated"),
        ({"sampler": "fancy"}, "sampler", "is not one of euler"),
        ({"loras": [{"name": "nope"}]}, "loras[0].name", f"is not one of {LORA}"),
        (
            {"bindings": [{"parameter": "stpes", "node": "3", "path": "steps"}]},
            "bindings[0].parameter",
            "has no value",
        ),
        (
            {"prompt": "x", "bindings": [{"parameter": "prompt", "node": "9", "path": "x"}]},
            "prompt",
            "does not lead to the sampler",
        ),
        ({"seed": 5}, "seed", "in its cache"),
        (
            {"bindings": [{"parameter": "seed", "node": "33", "path": "seed"}]},
            "seed",
            "unknown node '33'",
        ),
        ({"workflow": STYLED}, "workflow", "LoraLoader (10).lora_name: 'style.safetensors' is not"),
        ({"workflow": IMAGE, "width": 64}, "width", "no input takes it; bind it"),
        (
            {"workflow": IMAGE, "images": [{"node": "10", "source": "data:x"}]},
            "images[0].source",
            "invalid data: URL",
        ),
        (
            {"workflow": IMAGE, "images": [{"node": "10", "source": TEXT}]},
            "images[0].source",
            "is not a PNG, JPEG, WebP or GIF",
        ),
    ],
)
async def test_a_bad_lane_names_the_field(params: dict[str, Any], field: str, text: str) -> None:
    assert text in await refused(field, **params)


@pytest.mark.parametrize(
    ("node", "change", "text"),
    [
        ("9", {"class_type": "PreviewAny", "inputs": {}}, None),
        ("9", None, "no output node"),
        ("3", {"inputs": {"model": ["99", 0]}}, "leads to node '99'"),
        ("3", {"inputs": {"model": ["4", 7]}}, "has no output 7: it has 3"),
        ("3", {"inputs": {"model": "sd15"}}, "takes the output of a node (MODEL)"),
        ("8", {"inputs": {"vae": ["4", 2]}}, "VAEDecode (8) lacks its input samples"),
        ("5", {"inputs": {"width": 8}}, "8 is outside 16"),
    ],
)
async def test_a_graph_that_cannot_run_is_refused(
    node: str, change: dict[str, Any] | None, text: str | None
) -> None:
    own = document()
    if change is None:
        del own[node]
    elif node == "8":
        own[node] |= change
    else:
        own[node] = {**own[node], **change, "inputs": {**own[node]["inputs"], **change["inputs"]}}
    answer = await check(workflow=own)
    if text is None:
        assert "no node PreviewAny" in answer.problems[0].message
        assert "custom nodes" in answer.problems[0].remedy
    else:
        assert any(text in error.message for error in answer.fields), answer.fields


async def test_a_node_that_leads_nowhere_cannot_be_changed() -> None:
    own = document()
    own["40"] = {"class_type": "EmptyLatentImage", "inputs": {**own["5"]["inputs"]}}
    change = [{"node": "40", "path": "width", "value": 64}]
    assert "would change nothing" in await refused("overrides[0]", workflow=own, overrides=change)
    # It is not checked either, as the server does not.
    own["40"]["inputs"]["width"] = 1
    assert (await check(workflow=own)).readiness.ready


async def test_a_circle_is_refused() -> None:
    own = document()
    own["20"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["4", 2]}}
    own["3"]["inputs"]["latent_image"] = ["20", 0]
    assert "form a cycle" in await refused("workflow", workflow=own)


async def test_a_workflow_without_a_seed_needs_a_word_and_a_cold_start() -> None:
    scaled = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
        "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "x"}},
    }
    own: dict[str, Any] = {"workflow": scaled, "base_model": ""}
    assert "answer from its cache" in await refused("seed", **own)
    assert "use cold" in await refused("residence", **own, allow_no_seed=True)
    answer = await check(**own, allow_no_seed=True, residence="cold")
    assert answer.require().make(NEW_SEED, False).works == {"1", "2"}


async def test_two_inputs_that_fit_need_a_binding() -> None:
    own = document()
    own["30"] = {
        "class_type": "KSampler",
        "inputs": {**own["3"]["inputs"], "latent_image": ["3", 0]},
    }
    own["8"]["inputs"]["samples"] = ["30", 0]
    assert "several inputs could take it: KSampler (3).steps, KSampler (30).steps" in await refused(
        "steps", workflow=own, steps=4
    )
    bound = [{"parameter": "steps", "node": "30", "path": "steps"}]
    prompted = await graph(workflow=own, steps=4, bindings=bound, seed=11)
    assert prompted.nodes["30"]["inputs"]["steps"] == 4
    # Both sample with the seed of the round.
    assert [prompted.nodes[node]["inputs"]["seed"] for node in ("3", "30")] == [11, 11]


async def test_a_gpu_that_is_none_is_refused_unless_that_is_allowed() -> None:
    own = workflow_options(workflow=TEXT, allow_cpu=False)
    answer = await plan(server(device="cpu"), nodes(NEW), own, EXAMPLES, RecordingContext([]))
    assert answer.category is Category.UNSUPPORTED_HARDWARE
    with pytest.raises(BenchraceError, match="runs on the CPU"):
        answer.require()


def test_a_body_of_a_prompt_is_a_workflow_too() -> None:
    assert read({"prompt": document(), "client_id": "x"}).keys() == document().keys()
    with pytest.raises(InvalidWorkflow, match="at most"):
        read({str(n): {"class_type": "X", "inputs": {}} for n in range(MAX_NODES + 1)})
