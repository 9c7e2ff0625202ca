"""Graphs beyond the examples: which inputs take texts and seeds, and what of them is refused."""

from typing import Any

import pytest

from benchrace.testing import RecordingContext
from benchrace_comfyui.graph.graph import Template
from benchrace_comfyui.plan import Plan
from benchrace_comfyui.workflow.preflight import plan

from .harness import EXAMPLES, NEW, workflow_options
from .test_preflight import nodes, server
from .test_workflow import LORA, document

Json = dict[str, Any]
NEVER: Json = {}


def described(output: tuple[str, ...] = (), *, saves: bool = False, **inputs: Any) -> Json:
    """Return what a server says of a class of nodes; an input is its kind, or a list of it."""
    required = {name: [own] if isinstance(own, str) else list(own) for name, own in inputs.items()}
    return {"input": {"required": required}, "output": list(output), "output_node": saves}


def node(kind: str, **inputs: Any) -> Json:
    return {"class_type": kind, "inputs": inputs}


COMBINE = described(("CONDITIONING",), conditioning_1="CONDITIONING", conditioning_2="CONDITIONING")
ZERO = described(("CONDITIONING",), conditioning="CONDITIONING")
GUIDER = described(("GUIDER",), model="MODEL", conditioning="CONDITIONING")
INT = described(("INT",), value=("INT", {"min": 0, "max": (1 << 32) - 1}))
SWITCH = described(("IMAGE",), on="BOOLEAN", on_true="IMAGE", on_false="IMAGE")


async def check(own: Json, info: Json = NEVER, **params: Any) -> Plan:
    lane = workflow_options(**{"workflow": own, **params})
    return await plan(server(), nodes(NEW, **info), lane, EXAMPLES, RecordingContext([]))


async def ready(own: Json, info: Json = NEVER, **params: Any) -> Template:
    return (await check(own, info, **params)).require()


async def refused(own: Json, info: Json = NEVER, **params: Any) -> dict[str, str]:
    fields = (await check(own, info, **params)).fields
    return {error.path: error.message for error in fields}


def bound(parameter: str, name: str, path: str) -> Json:
    return {"bindings": [{"parameter": parameter, "node": name, "path": path}]}


# Seeds.


@pytest.mark.parametrize(
    ("binding", "text"),
    [
        (("9", "filename_prefix"), "SaveImage (9).filename_prefix takes STRING"),
        (("3", "sed"), "KSampler (3) has no input 'sed'; it has model, seed"),
        (("3", "seed.x"), "KSampler (3) has no input 'seed.x'"),
        (("3", "cfg"), "KSampler (3).cfg takes FLOAT"),
    ],
)
async def test_a_seed_is_for_an_input_that_takes_one(binding: tuple[str, str], text: str) -> None:
    assert text in (await refused(document(), **bound("seed", *binding)))["seed"]


async def test_a_sampler_depends_on_the_seed() -> None:
    own = document()
    own["20"] = node("Grain", image=["8", 0], seed=1)
    own["9"]["inputs"]["images"] = ["20", 0]
    info = {"Grain": described(("IMAGE",), image="IMAGE", seed="INT")}
    message = (await refused(own, info, **bound("seed", "20", "seed")))["seed"]
    assert message.startswith("KSampler (3) does not depend on it")
    assert (await ready(own, info)).make(5, False).works == {"3", "8", "9", "20"}


async def test_seeds_are_drawn_from_what_all_inputs_take() -> None:
    own = document()
    own["20"] = node("Seeder", value=4)
    own["3"]["inputs"]["seed"] = ["20", 0]
    assert (await ready(own, {"Seeder": INT})).seeds == range(1 << 32)
    assert (await ready(document())).seeds == range(1 << 53)
    high: Json = {"residence": "cold", "seed": 1 << 40}
    assert "is outside 0 to 4294967295" in (await refused(own, {"Seeder": INT}, **high))["seed"]
    assert (await ready(document(), **high)).seeds == range(1 << 53)
    odd = described(("INT",), value=("INT", {"min": 8, "max": 4}))
    assert "no number is a seed" in (await refused(own, {"Seeder": odd}))["seed"]


# Texts.


async def test_a_negative_prompt_never_replaces_the_prompt() -> None:
    own = document()
    own["20"] = node("ConditioningZeroOut", conditioning=["6", 0])
    own["3"]["inputs"]["negative"] = ["20", 0]
    info = {"ConditioningZeroOut": ZERO}
    message = (await refused(own, info, negative="blurry"))["negative"]
    assert message.startswith("CLIPTextEncode (6).text has the prompt, too; bind it")
    graph = (await ready(own, info, prompt="a cat")).make(1, False)
    assert graph.nodes["6"]["inputs"]["text"] == "a cat"


async def test_a_guider_without_a_negative_condition_takes_none() -> None:
    own = document()
    own["3"] = node(
        "SamplerCustomAdvanced",
        noise=["20", 0],
        guider=["21", 0],
        sampler=["22", 0],
        sigmas=["23", 0],
        latent_image=["5", 0],
    )
    own["20"] = node("RandomNoise", noise_seed=1)
    own["21"] = node("BasicGuider", model=["4", 0], conditioning=["6", 0])
    own["22"] = node("KSamplerSelect", sampler_name="euler")
    own["23"] = node("BasicScheduler", model=["4", 0], scheduler="normal", steps=5, denoise=1.0)
    info = {"BasicGuider": GUIDER}
    assert "no text leads" in (await refused(own, info, negative="blurry"))["negative"]
    graph = (await ready(own, info, prompt="a cat")).make(1, False)
    assert graph.nodes["6"]["inputs"]["text"] == "a cat"


async def test_several_texts_behind_one_condition_need_a_binding() -> None:
    own = document()
    own["20"] = node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["7", 0])
    own["3"]["inputs"]["positive"] = ["20", 0]
    info = {"ConditioningCombine": COMBINE}
    message = (await refused(own, info, prompt="a cat"))["prompt"]
    assert "several texts could take it" in message
    assert "CLIPTextEncode (6).text" in message
    assert "CLIPTextEncode (7).text" in message
    graph = (await ready(own, info, prompt="a cat", **bound("prompt", "6", "text"))).make(1, False)
    assert graph.nodes["6"]["inputs"]["text"] == "a cat"
    assert graph.nodes["7"]["inputs"]["text"] == document()["7"]["inputs"]["text"]


async def test_a_value_comes_from_a_node_that_only_holds_it() -> None:
    own = document()
    own["20"] = node("Seeder", value=4)
    own["3"]["inputs"]["steps"] = ["20", 0]
    graph = (await ready(own, {"Seeder": INT}, steps=6)).make(1, False)
    assert graph.nodes["20"]["inputs"]["value"] == 6
    two = described(("INT",), value="INT", number="INT")
    own["20"]["inputs"]["number"] = 5
    assert "it is unclear" in (await refused(own, {"Seeder": two}, steps=6))["steps"]
    add = described(("INT",), value="INT", other="INT")
    own["20"]["inputs"] = {"value": 4, "other": ["21", 0]}
    own["21"] = node("Held", value=1)
    refusals = await refused(own, {"Seeder": add, "Held": INT}, steps=6)
    assert "it is unclear" in refusals["steps"]


async def test_a_digest_is_that_of_the_texts() -> None:
    first = await ready(document(), steps=4)
    other = document()
    other["60"] = other.pop("6")
    other["3"]["inputs"]["positive"] = ["60", 0]
    other["9"]["inputs"]["filename_prefix"] = "mine"
    assert (await ready(other, steps=9)).digest == first.digest
    assert (await ready(document(), prompt="a cat")).digest != first.digest
    linked = document()
    linked["20"] = node("Text", value=linked["6"]["inputs"]["text"])
    linked["6"]["inputs"]["text"] = ["20", 0]
    info = {"Text": described(("STRING",), value="STRING")}
    assert (await ready(linked, info)).digest == first.digest


# What the server describes, and accepts.


async def test_dynamic_inputs_are_left_to_the_server() -> None:
    own = document()
    joined = {"images.image0": ["8", 0], "images.image1": ["8", 0]}
    own["20"] = node("BatchImagesNode", **joined)
    own["21"] = node("Any", image=["20", 0], **{"mode": "scale", "mode.width": 64})
    own["9"]["inputs"]["images"] = ["21", 0]
    info = {
        "BatchImagesNode": described(("IMAGE",), images=("COMFY_AUTOGROW_V3", {})),
        "Any": described(
            ("COMFY_MATCHTYPE_V3",),
            image="COMFY_MATCHTYPE_V3",
            mode=("COMFY_DYNAMICCOMBO_V3", {"options": []}),
        ),
    }
    width = {"overrides": [{"node": "21", "path": "mode.width", "value": 128}]}
    graph = (await ready(own, info, **width)).make(1, False)
    assert graph.nodes["21"]["inputs"]["mode.width"] == 128
    assert graph.works == {"3", "8", "9", "20", "21"}
    del own["20"]["inputs"]["images.image0"], own["20"]["inputs"]["images.image1"]
    assert "lacks its input images" in (await refused(own, info))["workflow"]


@pytest.mark.parametrize(
    ("gives", "takes", "fits"),
    [
        ("IMAGE", "MASK, IMAGE", True),
        ("IMAGE", "MASK,*", True),
        ("LATENT , IMAGE", "IMAGE", True),
        ("LATENT", "MASK, IMAGE", False),
    ],
)
async def test_kinds_of_links_may_be_lists(gives: str, takes: str, fits: bool) -> None:
    own = document()
    own["20"] = node("Pass", image=["8", 0])
    own["21"] = node("Take", image=["20", 0])
    own["9"]["inputs"]["images"] = ["21", 0]
    info = {
        "Pass": described((gives,), image="IMAGE"),
        "Take": described(("IMAGE",), image=takes),
    }
    assert (await check(own, info)).readiness.ready == fits


async def test_a_size_off_its_steps_is_refused_only_where_it_is_set() -> None:
    own = document()
    own["5"]["inputs"]["width"] = 65
    assert (await check(own)).readiness.ready
    assert "multiple of 8" in (await refused(document(), width=65))["width"]


async def test_a_link_names_its_node_by_a_text() -> None:
    own = document()
    own["3"]["inputs"]["model"] = [4, 0]
    change = [{"node": "8", "path": "vae", "value": [4, 2]}]
    graph = (await ready(own, overrides=change)).make(1, False)
    assert graph.nodes["3"]["inputs"]["model"] == ["4", 0]
    assert graph.nodes["8"]["inputs"]["vae"] == ["4", 2]


# Reading back.


STACK = {"Stack": described(("MODEL",), model="MODEL", lora_1="LORA")}


def stacked() -> Json:
    own = document()
    own["20"] = node("Stack", model=["4", 0], lora_1={"on": True, "strength": 1.0})
    own["3"]["inputs"]["model"] = ["20", 0]
    return own


async def test_a_place_below_another_conflicts_with_it() -> None:
    overrides = [
        {"node": "20", "path": "lora_1.strength", "value": 0.5},
        {"node": "20", "path": "lora_1", "value": 3},
    ]
    refusals = await refused(stacked(), STACK, overrides=overrides)
    assert refusals == {"overrides[0]": "Stack (20).lora_1.strength is also set by overrides[1]"}
    refusals = await refused(stacked(), STACK, overrides=overrides[::-1])
    assert "below a value" in refusals["overrides[1]"]


async def test_a_misspelt_key_below_an_input_is_refused() -> None:
    wrong = [{"node": "20", "path": "lora_1.strenght", "value": 0.5}]
    refusals = await refused(stacked(), STACK, overrides=wrong)
    assert refusals == {"overrides[0]": "unknown key 'strenght'; it has on, strength"}


async def test_a_sampler_may_name_its_scheduler_alone() -> None:
    named: Json = {"sampler": "DPM++ 2M Karras", "scheduler": "simple"}
    assert "implies karras; leave it empty" in (await refused(document(), **named))["scheduler"]
    named["scheduler"] = "karras"
    assert (await ready(document(), **named)).scheduler == "karras"


# The batch, and where graphs end.


async def test_the_workflows_own_batch_is_expected_unless_a_node_changes_it() -> None:
    own = document()
    own["5"]["inputs"]["batch_size"] = 3
    assert (await ready(own)).images == 3
    own["20"] = node("RepeatImageBatch", image=["8", 0])
    own["9"]["inputs"]["images"] = ["20", 0]
    info = {"RepeatImageBatch": described(("IMAGE",), image="IMAGE")}
    assert (await ready(own, info)).images is None


async def test_nodes_of_subgraphs_take_loras() -> None:
    own = document()
    for old, new in (("4", "12:4"), ("3", "12:3")):
        own[new] = own.pop(old)
    for part in own.values():
        for name, value in part["inputs"].items():
            if isinstance(value, list) and value[0] in ("3", "4"):
                part["inputs"][name] = [f"12:{value[0]}", value[1]]
    graph = (await ready(own, loras=[{"name": LORA, "strength": 0.5}])).make(7, False)
    assert graph.nodes["10"]["inputs"]["model"] == ["12:4", 0]
    assert graph.nodes["12:3"]["inputs"]["model"] == ["10", 0]
    assert graph.nodes["12:3"]["inputs"]["seed"] == 7
    assert graph.works == {"12:3", "8", "9"}


async def test_a_workflow_without_a_seed_has_none_to_record() -> None:
    own = {"1": node("LoadImage", image="example.png")}
    own["2"] = node("SaveImage", images=["1", 0], filename_prefix="x")
    template = await ready(own, base_model="", allow_no_seed=True, residence="cold")
    assert template.seeds is None
