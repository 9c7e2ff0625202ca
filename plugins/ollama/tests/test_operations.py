"""Ollama as a service: what it has, and starting, stopping, unloading and pulling."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from benchrace.kinds import SERVE
from benchrace.plugin import (
    BenchraceError,
    Category,
    Device,
    InvalidInput,
    KvLayers,
    Launch,
    NotOffered,
    Operation,
    Rendering,
    Thinking,
)
from benchrace.testing import RecordingContext
from benchrace_ollama import pull
from benchrace_ollama.backend import Ollama
from benchrace_ollama.config import OllamaConfig, base_url

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
HERE = Path(__file__).parent


async def until(holds: Callable[[], bool]) -> None:
    """Look again and again; the test's own limit ends it."""
    while True:
        if holds():
            return
        await anyio.sleep(0.005)


def test_all_that_ollama_can_is_offered() -> None:
    wanted = set(Operation) - {Operation.SYNC, Operation.LEND}
    assert set(Ollama.operations()) == wanted


async def test_a_probe_tells_what_memory_is_reckoned_from(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, num_ctx=1024)
    await at.backend.open(at.lane, at.context)
    probe = await at.backend.probe(at.context)
    assert (probe.reachable, probe.version) == (True, "0.33.0-rc2")
    models = {model.name: model for model in probe.models}
    tiny = models["tiny:latest"]
    assert (tiny.size, tiny.quantization, tiny.family) == (5_754_133, "F16", "llama")
    assert (tiny.parameters, tiny.context_length, tiny.layers) == (2_859_776, 4096, 4)
    assert tiny.kv == (KvLayers(count=4, kv_heads=4, k_dim=32, v_dim=32),)
    assert tiny.slots == 1
    assert tiny.loaded is not None
    assert (tiny.loaded.vram, tiny.loaded.context) == (0, 1024)
    varied = models["varied:latest"]
    assert [(layer.count, layer.kv_heads) for layer in varied.kv] == [(2, 4), (2, 8)]
    assert varied.loaded is None
    legacy = at.backend.legacy(probe)
    assert legacy["ollama_reachable"] is True
    assert legacy["ollama_models"] == legacy["llm_models"] == list(models)


async def test_how_the_server_was_started_counts(start: Make, racing: Make) -> None:
    variables = {"OLLAMA_NUM_PARALLEL": "3", "OLLAMA_KV_CACHE_TYPE": "q8_0", "OLLAMA_SECRET": "x"}
    at = racing(start(**variables))
    tiny = (await at.backend.probe(at.context)).models[0]
    assert tiny.slots == 3
    assert (tiny.kv[0].k_bytes, tiny.kv[0].v_bytes) == (1.0625, 1.0625)
    await at.backend.open(at.lane, at.context)
    environment = (await at.round()).engine.settings["environment"]
    assert environment == "OLLAMA_KV_CACHE_TYPE=q8_0 OLLAMA_NUM_PARALLEL=3"


async def test_a_server_that_is_away_is_said_with_what_to_do(start: Make, racing: Make) -> None:
    stand_in = start()
    stand_in.kill()
    at = racing(stand_in)
    probe = await at.backend.probe(at.context)
    assert not probe.reachable
    assert "ollama serve" in probe.problems[0].remedy
    assert at.backend.legacy(probe)["ollama_reachable"] is False
    (problem,) = (await at.backend.preflight(at.lane, at.context)).problems
    assert stand_in.url in problem.message


@pytest.mark.parametrize(
    ("params", "field", "says"),
    [
        ({"num_ctx": 8192}, "num_ctx", "trained for 4096"),
        ({"num_ctx": 3}, "num_ctx", "at least 4"),
        ({"num_ctx": 64, "max_tokens": 64}, "max_tokens", "does not fit into the context of 64"),
        ({"num_ctx": 64, "max_tokens": 62}, "num_ctx", "at least 4"),
        ({"num_ctx": 64, "prompt_tokens": 60}, "num_ctx", "at least 60"),
        ({"model": "tiny-ctx", "max_tokens": 1024}, "max_tokens", "1024"),
        ({"max_tokens": 5000}, "max_tokens", "4096"),
        ({"think": Thinking.ON}, "think", "cannot think"),
        ({"rendering": Rendering.RAW, "system": "s"}, "system", "no system prompt"),
        ({"model": ""}, "model", "name a model"),
    ],
)
async def test_what_ollama_would_do_in_silence_is_refused(
    shared: Make, racing: Make, params: Any, field: str, says: str
) -> None:
    at = racing(shared("0.33.0-rc2"), **params)
    readiness = await at.backend.preflight(at.lane, at.context)
    assert field in [field.path for field in readiness.fields]
    assert any(says in field.message for field in readiness.fields)


@pytest.mark.parametrize("model", ["tiny", "TINY:latest", "tiny-think"])
async def test_a_model_that_is_there_is_ready(shared: Make, racing: Make, model: str) -> None:
    at = racing(shared("0.33.0-rc2"), model=model)
    assert (await at.backend.preflight(at.lane, at.context)).ready


async def test_a_model_for_other_work_is_not(shared: Make, racing: Make) -> None:
    at = racing(shared("0.33.0-rc2"), model="embed")
    (problem,) = (await at.backend.preflight(at.lane, at.context)).problems
    assert "embedding" in problem.message


async def test_unloading_waits_until_ollama_lists_none(start: Make, racing: Make) -> None:
    stand_in = start("--runner")
    at = racing(stand_in)
    for model in ("tiny", "small", "mid"):
        stand_in.tell(model=model, load_ms=0.0)
        other = racing(stand_in, model=model)
        await other.backend.open(other.lane, other.context)
    one = await at.backend.unload("SMALL", at.context)
    assert (one.models, one.freed) == (("small:latest",), 23_037_213)
    assert sorted(stand_in.resident) == ["mid:latest", "tiny:latest"]
    rest = await at.backend.unload(None, at.context)
    assert (set(rest.models), rest.freed) == ({"mid:latest", "tiny:latest"}, 2 * 23_037_213)
    assert rest.waited_ms > 0
    assert stand_in.resident == stand_in.runners() == []
    assert (await at.backend.unload(None, at.context)).models == ()


@pytest.mark.parametrize(
    ("keep", "stays"),
    [("TINY", ["tiny:latest"]), ("tiny-copy", ["tiny:latest"]), ("embed", []), ("nothing", [])],
)
async def test_a_lane_has_the_memory_to_itself(
    stand_in: Any, racing: Make, keep: str, stays: list[str]
) -> None:
    for model in ("tiny", "small"):
        other = racing(stand_in, model=model)
        await other.backend.open(other.lane, other.context)
    at = racing(stand_in, model=keep)
    assert await at.backend.release(at.lane, at.context) == ()
    assert stand_in.resident == stays
    assert await at.backend.release(None, at.context) == ()
    assert stand_in.resident == []
    stand_in.kill()
    assert await at.backend.release(None, at.context) == ()


async def test_unloading_waits_for_the_answer_that_runs(stand_in: Any, racing: Make) -> None:
    stand_in.tell(model="tiny", token_ms=20.0)
    at = racing(stand_in, max_tokens=50)
    await at.backend.open(at.lane, at.context)
    async with anyio.create_task_group() as group:
        group.start_soon(at.round)
        # A request that has only arrived could still load the model again after the unload.
        await until(lambda: len(at.context.tokens) > 0)
        unloaded = await at.backend.unload(None, at.context)
    assert unloaded.waited_ms > 200
    assert stand_in.resident == []


async def test_a_pull_shows_its_bytes(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    await at.backend.pull("fresh", at.context)
    done = [step[0] for step in at.context.steps]
    assert done == sorted(done)
    assert at.context.steps[-1] == (8 << 20, 8 << 20, "B")
    assert at.context.lines == [
        "pulling manifest",
        "verifying sha256 digest",
        "writing manifest",
        "success",
    ]
    assert "fresh:latest" in [model.name for model in (await at.backend.probe(at.context)).models]


async def test_a_pull_that_is_left_goes_on_where_it_was(stand_in: Any, racing: Make) -> None:
    first = racing(stand_in)
    async with anyio.create_task_group() as group:
        group.start_soon(first.backend.pull, "fresh", first.context)
        await until(lambda: len(first.context.steps) > 3)
        group.cancel_scope.cancel()
    again = racing(stand_in)
    await again.backend.pull("fresh", again.context)
    assert again.context.steps[0][0] >= first.context.steps[3][0]


@pytest.mark.parametrize(
    ("model", "category", "says"),
    [
        ("nomodel", Category.MISSING_MODEL, "registry has no such model"),
        ("no-host", Category.UNREACHABLE, "cannot reach the registry"),
        ("broken", Category.BAD_OUTPUT, "digest mismatch"),
        ("stuck", Category.TIMEOUT_IDLE, "no progress for 0.3 s"),
        ("a b", Category.STREAM_ERROR, "invalid model name"),
    ],
)
async def test_a_pull_that_fails_is_an_error(
    stand_in: Any,
    racing: Make,
    monkeypatch: pytest.MonkeyPatch,
    model: str,
    category: Category,
    says: str,
) -> None:
    monkeypatch.setattr(pull, "IDLE_S", 0.3)
    at = racing(stand_in)
    with pytest.raises(BenchraceError, match=says) as raised:
        await at.backend.pull(model, at.context)
    assert raised.value.category is category
    assert raised.value.remedy


async def test_it_is_reset_by_a_command(
    start: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path))
    gone = start()
    gone.kill()
    words = (sys.executable, "-m", "stand_in", "--port", str(gone.port))
    launch = Launch(command=words, environment={"PYTHONPATH": str(HERE)}, stop_timeout_s=5)
    backend = Ollama(OllamaConfig(base_url=gone.url, launch=launch))
    context = RecordingContext()
    try:
        assert (await backend.start(context)).ok
        assert (await backend.probe(context)).started
        reset = await backend.reset(context)
        assert (reset.stopped, reset.healthy, reset.notes) == (True, True, ())
        assert reset.time_to_ready_ms is not None
        assert reset.start_stdout_tail == f"{gone.port}\n"
        assert (await backend.stop(context)).ok
        assert not (await backend.probe(context)).reachable
    finally:
        await backend.stop(context)
        await context.aclose()


@pytest.mark.parametrize("running", [True, False])
async def test_a_lane_has_it_started_on_its_gpu(
    start: Make, racing: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, running: bool
) -> None:
    monkeypatch.setenv("RESET_LOG_DIR", str(tmp_path))
    gone = start()
    gone.kill()
    words = (sys.executable, "-m", "stand_in", "--port", str(gone.port))
    launch = Launch(command=words, environment={"PYTHONPATH": str(HERE)}, stop_timeout_s=5)
    at = racing(gone, gpu="1")
    at.backend = Ollama(OllamaConfig(base_url=gone.url, launch=launch))
    at.context.gpus = [
        Device(index=n, kind="nvidia", number=n, uuid=f"GPU-{n}", name="A100") for n in range(2)
    ]
    try:
        if running:
            # On a GPU of its own choice: the lane has it started anew.
            assert (await at.backend.start(at.context)).ok
        assert (await at.backend.preflight(at.lane, at.context)).ready
        await at.backend.open(at.lane, at.context)
        facts = (await at.round()).engine
        assert facts.settings["gpu"] == "1 (A100, GPU-1)"
        assert facts.settings["environment"] == "CUDA_VISIBLE_DEVICES=GPU-1"
        other = msgspec.structs.replace(
            at.lane, lane_id="o", params=msgspec.structs.replace(at.lane.params, gpu="0")
        )
        with pytest.raises(InvalidInput, match="cannot run on two GPUs at the same time"):
            await at.backend.open(other, at.context)
        await at.backend.close(at.lane, at.context)
        await at.backend.open(other, at.context)
        at.lane = other
        assert (await at.round()).engine.settings["gpu"] == "0 (A100, GPU-0)"
    finally:
        await at.backend.stop(at.context)


async def test_an_ollama_of_others_is_put_on_no_gpu(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, gpu="0")
    assert not (await at.backend.probe(at.context)).started
    (none,) = (await at.backend.preflight(at.lane, at.context)).fields
    assert (none.path, none.message) == (
        "gpu",
        "unknown GPU '0': this machine has no GPU",
    )
    at.context.gpus = [Device(index=0, kind="nvidia", number=0, uuid="GPU-0")]
    (fixed,) = (await at.backend.preflight(at.lane, at.context)).fields
    assert fixed.path == "gpu"
    assert "only an engine that is started by `launch.command`" in fixed.message


async def test_without_a_way_to_start_it_that_is_said(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    with pytest.raises(NotOffered) as raised:
        await at.backend.reset(at.context)
    assert "table `ollama`" in raised.value.remedy


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, "http://configured:1234/ollama"),
        ({"OLLAMA_HOST": "0.0.0.0"}, "http://127.0.0.1:11434"),
        ({"OLLAMA_HOST": "10.0.0.5:99"}, "http://10.0.0.5:99"),
        ({"OLLAMA_HOST": "https://box"}, "https://box:443"),
        ({"OLLAMA_HOST": "box", "OLLAMA_PORT": "77"}, "http://box:77"),
        ({"OLLAMA_PORT": "77"}, "http://127.0.0.1:77"),
        ({"OLLAMA_HOST": "[::1]:5"}, "http://[::1]:5"),
        ({"OLLAMA_HOST": "x", "OLLAMA_BASE_URL": "http://other:8"}, "http://other:8"),
    ],
)
def test_the_environment_wins_over_the_file(environ: dict[str, str], wanted: str) -> None:
    config = OllamaConfig(base_url="http://configured:1234/ollama/")
    assert base_url(config, environ) == wanted


def test_what_is_no_address_is_refused() -> None:
    assert base_url(OllamaConfig(), {}) == "http://127.0.0.1:11434"
    for bad in ("ftp://box", "http://box:70000", "http://box:x"):
        with pytest.raises(BenchraceError, match="OLLAMA_BASE_URL"):
            base_url(OllamaConfig(), {"OLLAMA_BASE_URL": bad})


def test_an_address_with_a_password_is_refused_without_telling_it() -> None:
    for bad in ("http://u:hush@box", "u:hush@box:1", "ftp://hush@box:70000"):
        with pytest.raises(BenchraceError, match="user or a password") as raised:
            base_url(OllamaConfig(), {"OLLAMA_BASE_URL": bad})
        assert "hush" not in str(raised.value)


async def test_the_longest_of_several_prompts_has_to_fit(shared: Make, racing: Make) -> None:
    params = {"prompts": ("bako", "bako " * 60), "num_ctx": 64, "max_tokens": 12}
    at = racing(shared("0.33.0-rc2"), SERVE, **params)
    (field,) = (await at.backend.preflight(at.lane, at.context)).fields
    assert "at least 60" in field.message
