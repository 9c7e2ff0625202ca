"""The older agent's envelope as a native request, and its categories."""

from typing import Any

import pytest

from benchrace.api import decoding
from benchrace.compat.envelope.categories import FAILURE_CATEGORIES, FailureCategory, reason_code
from benchrace.compat.envelope.envelope import Envelope, digest
from benchrace.compat.envelope.request import as_sent, job_request
from benchrace.errors import REMEDY, Category, FieldError, InvalidInput

GRAPH = {"1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": ""}}}


def sent(**changes: Any) -> dict[str, Any]:
    """Return an envelope as older senders make it."""
    return {
        "jobId": "c7c4b87a-6c9e-4a53-9301-7a1d5f6d32b2",
        "user": {"id": "30d6", "username": "curator.one"},
        "workflow": {"id": "sdxl-default", "inline": GRAPH},
        "baseModel": {
            "bucket": "models",
            "key": "models/checkpoints/base.safetensors",
            "cacheStrategy": "persistent",
        },
        "loras": [],
        "parameters": {
            "prompt": "a neon city",
            "negativePrompt": "blurry",
            "seed": 7,
            "cfgScale": 7.5,
            "steps": 30,
            "resolution": {"width": 832, "height": 1216},
            "extra": {"sampler": "euler", "scheduler": "karras"},
        },
        "priority": "high",
        **changes,
    }


def native(fields: dict[str, Any]) -> dict[str, Any]:
    return job_request(decoding.convert(fields, Envelope))


def test_parameters_have_their_native_names() -> None:
    request = native(sent())
    assert (request["kind"], request["label"]) == ("workflow", "sdxl-default")
    assert request["params"] == {
        "workflow": GRAPH,
        "base_model": "base.safetensors",
        "prompt": "a neon city",
        "negative": "blurry",
        "width": 832,
        "height": 1216,
        "steps": 30,
        "cfg": 7.5,
        "sampler": "euler",
        "scheduler": "karras",
        "loras": [],
        "overrides": [],
        "bindings": [],
        "values": {},
        "seed": 7,
        "residence": "cold",
    }


@pytest.mark.parametrize("seed", [None, -1])
def test_without_a_seed_each_round_draws_one(seed: int | None) -> None:
    params = native(sent(parameters={"prompt": "x", "seed": seed}))["params"]
    assert "seed" not in params
    assert "residence" not in params


def test_bindings_and_overrides_are_translated() -> None:
    fields = sent(
        workflowOverrides=[{"node": 9, "path": "inputs.filename_prefix", "value": "x"}],
        workflowParameters=[
            {"parameter": "base_model_path", "node": 1, "path": "inputs.ckpt_name"},
            {"parameter": "primary_lora_name", "node": 2, "path": "inputs.lora_name"},
            {"parameter": "negative_prompt", "node": 4, "path": "inputs.text"},
            {"parameter": "cfg_scale", "node": 6, "path": "inputs.cfg"},
            {"parameter": "denoise", "node": 6, "path": "inputs.denoise"},
        ],
    )
    fields["parameters"]["extra"]["denoise"] = 0.6
    params = native(fields)["params"]
    assert params["overrides"] == [{"node": 9, "path": "inputs.filename_prefix", "value": "x"}]
    # No LoRA was sent, so that its binding has no value: the workflow's own one stays.
    assert [(entry["parameter"], entry["node"]) for entry in params["bindings"]] == [
        ("base_model", 1),
        ("negative", 4),
        ("cfg", 6),
        ("denoise", 6),
    ]
    assert params["values"] == {"denoise": 0.6}


LORAS = [
    {"bucket": "loras", "key": "loras/a.safetensors", "displayName": "Neon"},
    {"bucket": "loras", "key": "loras/b.bin", "originalName": "soft.safetensors"},
]


def test_loras_are_inserted_with_their_strengths() -> None:
    fields = sent(loras=LORAS)
    fields["parameters"]["extra"]["loras"] = [{"key": "loras/b.bin", "strength": 0.4}]
    assert native(fields)["params"]["loras"] == [
        {"name": "a.safetensors", "strength": 1.0},
        {"name": "soft.safetensors", "strength": 0.4},
    ]


def test_a_bound_lora_is_not_inserted_as_well() -> None:
    names = ("primary_lora_name", "primary_lora_strength_model")
    bindings = [{"parameter": name, "node": 2, "path": f"inputs.{name}"} for name in names]
    fields = sent(loras=LORAS, workflowParameters=bindings)
    fields["parameters"]["extra"] |= {"loras": [{"strength": 0.85}], names[0]: "../other"}
    params = native(fields)["params"]
    assert params["loras"] == [{"name": "soft.safetensors", "strength": 1.0}]
    assert params["values"] == {names[0]: "a.safetensors", names[1]: 0.85}


@pytest.mark.parametrize(
    ("workflow", "expected"),
    [
        ({"id": "w", "localPath": "sdxl.json"}, "sdxl.json"),
        ({"id": "w", "minioKey": "flows/a.json"}, "s3://models/flows/a.json"),
        ({"id": "w", "minioKey": "/a.json", "bucket": "flows"}, "s3://flows/a.json"),
    ],
)
def test_a_workflow_may_be_elsewhere(workflow: dict[str, str], expected: str) -> None:
    assert native(sent(workflow=workflow))["params"]["workflow"] == expected


def test_files_go_where_the_envelope_says() -> None:
    output = {"bucket": "out", "prefix": "a/b"}
    assert native(sent(output=output))["output"] == output
    assert native(sent())["output"] is None


def test_what_cannot_be_done_is_refused_by_its_field() -> None:
    with pytest.raises(InvalidInput) as caught:
        native(sent(workflow={"id": "w"}))
    assert caught.value.fields[0].path == "workflow"
    with pytest.raises(InvalidInput) as caught:
        decoding.convert(sent(parameters={"steps": "many"}), Envelope)
    paths = {field.path for field in caught.value.fields}
    assert paths == {"parameters.prompt", "parameters.steps"}


@pytest.mark.parametrize("loras", [5, "all", [{"strength": 10**400}], [{"strength": "strong"}]])
def test_odd_strengths_are_refused(loras: Any) -> None:
    fields = sent(loras=LORAS)
    fields["parameters"]["extra"]["loras"] = loras
    with pytest.raises(InvalidInput) as caught:
        native(fields)
    assert caught.value.fields[0].path == "parameters.extra.loras"


@pytest.mark.parametrize(
    ("native_path", "path"),
    [
        ("params.workflow", "workflow"),
        ("params.base_model", "baseModel"),
        ("params.cfg", "parameters.cfgScale"),
        ("params.width", "parameters.resolution.width"),
        ("params.steps", "parameters.steps"),
        ("params.values.denoise", "parameters.extra.denoise"),
        ("params.loras[1].name", "loras[1].name"),
        ("params.overrides[0].path", "workflowOverrides[0].path"),
        ("params.bindings[0].node", "workflowParameters[1].node"),
        ("callbacks.status", "callbacks.status"),
    ],
)
def test_fields_are_named_as_they_were_sent(native_path: str, path: str) -> None:
    bindings = [
        {"parameter": name, "node": 1, "path": "inputs.x"} for name in ("unknown", "prompt")
    ]
    envelope = decoding.convert(sent(workflowParameters=bindings), Envelope)
    assert as_sent(FieldError(native_path, "why"), envelope).path == path


def test_the_digest_is_of_the_content() -> None:
    fields = sent()
    assert digest(dict(reversed(fields.items()))) == digest(fields)
    assert digest(sent(jobId="other")) != digest(fields)


def test_every_failure_has_a_category_that_older_users_know() -> None:
    assert set(FAILURE_CATEGORIES) == set(Category)
    assert set(FAILURE_CATEGORIES.values()) == set(FailureCategory)
    assert all(REMEDY[category] for category in FAILURE_CATEGORIES)
    assert reason_code(FailureCategory.CANCELLED) == "CANCELED"
    assert reason_code(FailureCategory.MISSING_ASSET) == "MISSING_ASSET"
