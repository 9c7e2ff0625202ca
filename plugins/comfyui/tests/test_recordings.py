"""What real ComfyUIs answered and sent, read by the modules that read it in a race."""

import json
from functools import partial
from typing import Any

import pytest

from benchrace.plugin import BenchraceError, Category, ImagePhases
from benchrace_comfyui.client import Stats
from benchrace_comfyui.errors import node_reasons, refusal
from benchrace_comfyui.facts import Server
from benchrace_comfyui.graph.graph import Graph, Role
from benchrace_comfyui.graph.object_info import Input, read_inputs
from benchrace_comfyui.history import Finished, finished
from benchrace_comfyui.prompt.completion import require_success
from benchrace_comfyui.prompt.socket import Frame
from benchrace_comfyui.prompt.trace import Trace

from .harness import NEW, OLD, recording

BOTH = pytest.mark.parametrize("version", [NEW, OLD])
# Of the recorded graphs, which number their nodes as ComfyUI's own example does.
ROLES = {
    "4": Role.LOAD,
    "10": Role.LOAD,
    "11": Role.LOAD,
    "6": Role.ENCODE,
    "7": Role.ENCODE,
    "3": Role.SAMPLING,
    "8": Role.DECODE,
    "9": Role.SAVE,
    "5": Role.OTHER,
}


def prompt(version: str, tag: str) -> dict[str, Any]:
    """Return what was recorded of a prompt."""
    prompts = recording(version)["prompts"]
    return next(entry for entry in prompts if entry["tag"].startswith(tag))


def ended(version: str, tag: str) -> Finished:
    return finished(prompt(version, tag)["history"])


def traced(version: str, tag: str) -> tuple[Trace, bool]:
    """Read a prompt's frames; return also whether one of them said that it was over."""
    entry = prompt(version, tag)
    trace = Trace(entry["prompt_id"], Graph({}, ROLES))
    over = False
    for t_s, frame in entry["frames"]:
        if "closed" in frame:
            continue
        data = bytes.fromhex(frame["binary"]) if "binary" in frame else json.dumps(frame)
        over = trace.read(Frame(int(t_s * 1e9), data)) or over
    return trace, over


@BOTH
def test_a_cold_run_has_every_phase_and_the_sampler_all_steps(version: str) -> None:
    trace, over = traced(version, "cold")
    span = trace.sampler(0)
    assert over
    assert span is not None
    assert (span.first_step, span.last_step, span.steps, span.passes) == (1, 4, 4, 1)
    phases = trace.phases()
    assert None not in (phases.load, phases.encode, phases.sampling, phases.decode, phases.save)
    outcome = ended(version, "cold")
    assert outcome.cached == set()
    assert [image.node for image in outcome.images] == ["9"]


def test_a_step_that_does_not_increase_begins_another_pass() -> None:
    trace = Trace("id", Graph({}, ROLES))
    for at, step in enumerate([1, 2, 3, 1, 2, 3, 3]):
        data = {"value": step, "max": 3, "node": "3", "prompt_id": "id"}
        trace.read(Frame(at, json.dumps({"type": "progress", "data": data})))
    span = trace.sampler(0)
    assert span is not None
    assert span.passes == 3


@BOTH
def test_a_warm_run_loads_and_encodes_nothing(version: str) -> None:
    trace, _ = traced(version, "warm, new seed")
    assert trace.phases().load is None
    assert trace.phases().encode is None
    assert ended(version, "warm, new seed").cached == {"4", "5", "6", "7"}


@BOTH
def test_the_same_prompt_again_is_a_success_that_ran_nothing(version: str) -> None:
    trace, over = traced(version, "identical to previous")
    outcome = ended(version, "identical to previous")
    assert over
    assert trace.phases() == ImagePhases()
    assert trace.sampler(0) is None
    assert outcome.succeeded
    assert "3" in outcome.cached
    assert outcome.images == ended(version, "warm, new seed").images
    assert outcome.times.end_ms is not None
    assert outcome.times.start_ms is not None
    assert outcome.times.end_ms - outcome.times.start_ms <= 2


@pytest.mark.parametrize(
    ("ran_ms", "decode_ms", "save_ms", "incomplete"),
    [
        # Not believed; not late; late; late, as is the message of the node before.
        (None, 40, 400, set()),
        (1_425, 40, 400, set()),
        (1_042, 40, 2, set()),
        # Which of the last two ms were the last node's is unknown.
        (1_039, 40, None, {Role.SAVE}),
        (1_020, None, None, {Role.DECODE, Role.SAVE}),
    ],
)
def test_an_end_that_was_reported_late_is_that_of_the_stamps(
    ran_ms: int | None, decode_ms: int | None, save_ms: int | None, incomplete: set[Role]
) -> None:
    roles = {node: ROLES[node] for node in "389"}
    trace = Trace("id", Graph({}, roles))
    trace.read(frame(0, "execution_start"))
    for t_ms, node in ((0, "3"), (1_000, "8"), (1_040, "9")):
        trace.read(frame(t_ms, "executing", node=node))
    trace.read(frame(1_440, "execution_success"))
    trace.read(frame(1_441, "executing", node=None))
    phases = trace.phases(frozenset(), ran_ms)
    assert phases.sampling == 1_000_000_000
    assert (phases.decode, phases.save) == (ns(decode_ms), ns(save_ms))
    assert trace.incomplete(frozenset(), ran_ms) == incomplete


def frame(t_ms: int, kind: str, **data: Any) -> Frame:
    message = {"type": kind, "data": {**data, "prompt_id": "id"}}
    return Frame(t_ms * 1_000_000, json.dumps(message))


def ns(ms: int | None) -> int | None:
    return None if ms is None else ms * 1_000_000


def test_only_the_newer_version_says_when_it_accepted_a_prompt() -> None:
    new, old = ended(NEW, "warm, new seed").times, ended(OLD, "warm, new seed").times
    assert new.create_ms == 1795313441888
    assert new.end_ms == 1795313452947
    assert old.create_ms is None
    assert old.end_ms is not None


def test_steps_are_values_and_never_counted() -> None:
    """Version 0.33 left out five of twelve reports after it had stood still."""
    span = traced(NEW, "running at SIGSTOP")[0].sampler(0)
    assert span is not None
    assert (span.first_step, span.last_step) == (1, 12)
    assert span.last_ns - span.first_ns == pytest.approx(9.787e9, rel=1e-3)


def test_a_batch_has_an_image_for_each() -> None:
    assert len(ended(NEW, "batch 2").images) == 2


def test_progress_of_prompts_without_a_client_belongs_to_nobody_here() -> None:
    entry = prompt(NEW, "no client_id")
    trace = Trace("another-id", Graph({}, ROLES))
    assert not any(trace.read(Frame(0, json.dumps(frame))) for _, frame in entry["frames"])
    assert trace.sampler(0) is None
    assert trace.queued == 1


@BOTH
def test_recorded_previews_are_told_apart_by_their_header(version: str) -> None:
    """Only the beginning of each frame was recorded: too little of the header with metadata."""
    for tag, count in (("a legacy client", 3), ("b flags client", 0)):
        entry = prompt(version, tag)
        shown: list[tuple[str, bytes]] = []
        pair = partial(_append, shown)
        trace = Trace(entry["prompt_id"], Graph({}, ROLES), show_preview=pair)
        for t_s, frame in entry["frames"]:
            if "closed" not in frame:
                binary = frame.get("binary")
                data = json.dumps(frame) if binary is None else bytes.fromhex(binary)
                trace.read(Frame(int(t_s * 1e9), data))
        assert [media_type for media_type, _ in shown] == ["image/jpeg"] * count


def _append(shown: list[tuple[str, bytes]], media_type: str, data: bytes) -> None:
    shown.append((media_type, data))


@BOTH
def test_previews_are_seen_where_nobody_looks(version: str) -> None:
    assert traced(version, "a legacy client")[0].previews == 3
    assert traced(version, "b flags client")[0].previews == 3
    assert traced(NEW, "c no previews")[0].previews == 0


@pytest.mark.parametrize("version", [NEW, OLD])
@pytest.mark.parametrize("tag", ["a: to be interrupted", "b: targeted"])
def test_an_interruption_is_told_from_a_failure(version: str, tag: str) -> None:
    with pytest.raises(BenchraceError, match="interrupted") as raised:
        require_success(ended(version, tag))
    assert raised.value.category is Category.INTERRUPTED


@BOTH
@pytest.mark.parametrize(
    ("tag", "category", "text"),
    [
        ("truncated checkpoint", Category.MISSING_MODEL, "invalid header length"),
        ("not a checkpoint", Category.MISSING_MODEL, "Could not detect model type of: .../not_a"),
        ("fails in the last node", Category.STREAM_ERROR, "SaveImage (9)"),
    ],
)
def test_a_node_that_failed_is_named(version: str, tag: str, category: Category, text: str) -> None:
    with pytest.raises(BenchraceError) as raised:
        require_success(ended(version, tag))
    assert raised.value.category is category
    assert text in raised.value.message
    assert "/app/" not in f"{raised.value.message} {raised.value.detail}"


@BOTH
def test_every_refusal_says_why(version: str) -> None:
    refused = [entry for entry in recording(version)["exchanges"] if entry["status"] != 200]
    for entry in refused:
        data = json.dumps(entry["answer"]) if entry["answer"] is not None else entry["text"] or ""
        error = refusal(entry["status"], data.encode())
        wanted = Category.VALIDATION if entry["status"] == 400 else Category.STREAM_ERROR
        assert error.category is wanted, entry["tag"]
        assert len(error.message) > len("ComfyUI rejects the prompt: "), entry["tag"]


@BOTH
@pytest.mark.parametrize(
    ("tag", "text"),
    [
        ("unknown checkpoint name", "CheckpointLoaderSimple (4): Value not in list: ckpt_name"),
        ("missing required inputs", "KSampler (3): Required input is missing: seed"),
        ("out of range", "KSampler (3): Value 0 smaller than min of 1: steps"),
        ("no output node", "Prompt has no outputs"),
    ],
)
def test_a_refusal_names_node_and_input(version: str, tag: str, text: str) -> None:
    entry = next(one for one in recording(version)["exchanges"] if one["tag"].startswith(tag))
    assert text in refusal(400, json.dumps(entry["answer"]).encode()).message


@BOTH
def test_an_accepted_prompt_may_lack_an_output(version: str) -> None:
    reasons = node_reasons(prompt(version, "two outputs")["node_errors"])
    assert "upscale_method: 'no_such_method' not in" in reasons


def test_choices_have_two_forms_and_change_between_them() -> None:
    """The same node of two versions: a list, and then COMBO with options."""

    def sampler(version: str) -> Input:
        described = recording(version)["object_info"]["KSamplerSelect"]
        return read_inputs(described["input"])["sampler_name"]

    forms = [recording(v)["object_info"]["KSamplerSelect"]["input"]["required"] for v in (OLD, NEW)]
    assert isinstance(forms[0]["sampler_name"][0], list)
    assert forms[1]["sampler_name"][0] == "COMBO"
    for version in (OLD, NEW):
        choices = sampler(version).choices
        assert choices is not None
        assert "dpmpp_2m" in choices
        assert sampler(version).refuses_choice("no_such_sampler") is not None


@BOTH
def test_versions_flags_and_device_are_facts(version: str) -> None:
    stats = recording(version)["stats"]
    server = Server(Stats(system=stats["system"], devices=tuple(stats["devices"])))
    assert server.version == version
    assert server.on_cpu
    assert server.settings["pytorch"] == "2.13.0+cpu"
    assert str(server.settings["flags"]).startswith("--cpu --listen 127.0.0.1")
