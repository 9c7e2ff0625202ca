"""Lanes checked against the nodes of recorded servers, before anything is queued."""

from collections.abc import Mapping
from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category, InvalidInput
from benchrace.testing import FakeClock
from benchrace_comfyui.client import Stats
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.names import Names, resolve
from benchrace_comfyui.graph.object_info import KEPT_NS, ObjectInfo
from benchrace_comfyui.graph.txt2img import template
from benchrace_comfyui.plan import Plan
from benchrace_comfyui.preflight import plan_image

from .harness import LITE, NEW, OLD, options, recording
from .stand_in.recorded import SKIP

BOTH = pytest.mark.parametrize("version", [NEW, OLD])


def nodes(version: str, **changes: Any) -> ObjectInfo:
    """Return the nodes of a version; `changes` replace some, with None for one that is missing."""
    described_nodes = {**recording(version)["object_info"], "CLIPSetLastLayer": SKIP, **changes}

    async def fetch(name: str) -> Mapping[str, Any]:
        return described_nodes.get(name) or {}

    return ObjectInfo(fetch, FakeClock())


def server(*, argv: tuple[str, ...] = (), device: str = "cuda") -> Server:
    system = {"comfyui_version": NEW, "argv": ["main.py", *argv]}
    return Server(Stats(system=system, devices=({"name": "a GPU", "type": device},)))


async def check(version: str = NEW, on: Server | None = None, **params: Any) -> Plan:
    return await plan_image(on or server(), nodes(version), options(**params))


@BOTH
async def test_a_good_lane_is_ready(version: str) -> None:
    answer = await check(version, vae="random_vae.safetensors", clip_skip=2)
    assert answer.readiness.ready, answer
    assert answer.template is not None
    assert (answer.template.sampler, answer.template.scheduler) == ("euler", "normal")


@BOTH
@pytest.mark.parametrize(
    ("params", "field", "text"),
    [
        ({"model": ""}, "model", "name a checkpoint"),
        (
            {"model": "nope.safetensors"},
            "model",
            f"safetensors, {LITE}",
        ),
        ({"vae": "nope.pt"}, "vae", "is not one of random_vae.safetensors, pixel_space"),
        ({"loras": ({"name": "nope"},)}, "loras[0].name", "is not one of random_lora.safetensors"),
        ({"sampler": "fancy"}, "sampler", "'fancy' is not one of euler, euler_cfg_pp"),
        ({"sampler": "eulr_ancestral"}, "sampler", "is not one of euler_ancestral, "),
        ({"scheduler": "fancy"}, "scheduler", "is not one of simple, sgm_uniform, karras"),
        ({"width": 65}, "width", "65 is not a multiple of 8: ComfyUI would make 64 of it"),
        ({"cfg": 7.005}, "cfg", "7.005 is not a multiple of 0.01: use 7 or 7.01"),
        ({"seed": 5}, "seed", "in its cache"),
        (
            {"sampler": "DPM++ 2M Karras", "scheduler": "simple"},
            "scheduler",
            "implies karras; leave it empty",
        ),
    ],
)
async def test_a_bad_lane_names_the_field(
    version: str, params: dict[str, Any], field: str, text: str
) -> None:
    answer = await check(version, **params)
    messages = {error.path: error.message for error in answer.fields}
    assert set(messages) == {field}
    assert text in messages[field]
    with pytest.raises(InvalidInput):
        answer.require()


async def test_numbers_are_those_that_the_server_takes() -> None:
    described = recording(NEW)["object_info"]["KSampler"]
    inputs = described["input"]["required"]
    small = {**inputs, "steps": ["INT", {"default": 20, "min": 1, "max": 12}]}
    info = nodes(NEW, KSampler={**described, "input": {"required": small}})
    assert (await plan_image(server(), info, options(steps=12))).readiness.ready
    answer = await plan_image(server(), info, options(steps=13))
    assert "13 is outside 1 to 12" in answer.fields[0].message


async def test_a_cpu_is_raced_only_where_that_is_allowed() -> None:
    cpu = server(device="cpu")
    refused = await check(on=cpu, allow_cpu=False)
    assert refused.readiness.category is Category.UNSUPPORTED_HARDWARE
    with pytest.raises(BenchraceError, match="runs on the CPU"):
        refused.require()
    assert (await check(on=cpu, allow_cpu=True)).readiness.ready
    assert (await check(on=server(), allow_cpu=False)).readiness.ready


async def test_a_server_without_a_cache_races_cold_alone() -> None:
    bare = server(argv=("--cache-none",))
    assert [error.path for error in (await check(on=bare)).fields] == ["residence"]
    assert (await check(on=bare, residence="cold", seed=5)).readiness.ready


async def test_a_missing_node_and_an_unknown_input_are_problems() -> None:
    lacking = nodes(NEW, CLIPSetLastLayer=None)
    answer = await plan_image(server(), lacking, options(clip_skip=2))
    assert "no node CLIPSetLastLayer" in answer.problems[0].message
    described = recording(NEW)["object_info"]["SaveImage"]
    inputs = {**described["input"]["required"], "shape": ["STRING", {}]}
    changed = nodes(NEW, SaveImage={**described, "input": {"required": inputs}})
    answer = await plan_image(server(), changed, options())
    assert "SaveImage.shape" in answer.problems[0].message


async def test_nodes_are_asked_for_again_after_a_while() -> None:
    clock, requests = FakeClock(), []

    async def fetch(name: str) -> Mapping[str, Any]:
        requests.append(name)
        return {}

    info = ObjectInfo(fetch, clock)
    for _ in range(2):
        assert await info.node("KSampler") is None
    assert len(requests) == 1
    clock.pass_s(KEPT_NS / 1e9)
    await info.node("KSampler")
    assert len(requests) == 2
    info.refresh()
    await info.node("KSampler")
    assert len(requests) == 3


@pytest.mark.parametrize(
    ("sampler", "scheduler", "names"),
    [
        ("euler", "", ("euler", "normal", None)),
        ("Euler a", "Karras", ("euler_ancestral", "karras", None)),
        ("euler_a", "", ("euler_ancestral", "normal", None)),
        ("DPM++ 2M Karras", "", ("dpmpp_2m", "karras", "karras")),
        ("DPM++ 2M SDE Exponential", "", ("dpmpp_2m_sde", "exponential", "exponential")),
        ("dpmpp_2m_k", "", ("dpmpp_2m", "karras", "karras")),
        ("UniPC", "SGM Uniform", ("uni_pc", "sgm_uniform", None)),
        ("DDIM", "DDIM", ("ddim", "ddim_uniform", None)),
        ("LCM", "Uniform", ("lcm", "normal", None)),
        ("PLMS", "Align Your Steps", ("PLMS", "Align Your Steps", None)),
    ],
)
def test_display_names_are_mapped(sampler: str, scheduler: str, names: tuple[str, ...]) -> None:
    inputs = recording(NEW)["object_info"]["KSampler"]["input"]["required"]
    assert resolve(sampler, scheduler, inputs["sampler_name"][0], inputs["scheduler"][0]) == names


def limit_s(**params: Any) -> float:
    return template(options(**params), Names("euler", "normal")).limit_s


def test_the_time_limit_grows_with_the_work() -> None:
    assert limit_s() < limit_s(width=1024, height=1024, steps=40, batch=2)
    assert limit_s(time_limit_s=9) == 9
    # The run's own limit is an hour.
    assert limit_s(width=4096, height=4096, steps=500) < 3600
