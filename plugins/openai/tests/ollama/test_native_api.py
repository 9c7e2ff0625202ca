"""Ollama behind OpenAI's API: what only its own API tells is asked there."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from benchrace.events import Level, RoundDone
from benchrace.plugin import BenchraceError, Category, Lane, Residence
from benchrace.testing import RecordingContext, job_lane, job_spec, plugin_ref, run_job
from benchrace.testing.contract import BackendContract
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine, OpenAIConfig

from ..ollama_stand_in import OllamaStandIn, serving_ollama
from ..stand_in import StandIn, backend, context, lane, table

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
PROMPT = "bako " * 80


@pytest.fixture
def ollama() -> Iterator[OllamaStandIn]:
    with serving_ollama() as running:
        yield running


@pytest.fixture
def runners() -> Iterator[OllamaStandIn]:
    """One whose models are processes that can be seen."""
    with serving_ollama("--runner") as running:
        yield running


class Racing:
    """An open lane, and the context of its rounds."""

    def __init__(self, url: str, **params: Any) -> None:
        self.context = RecordingContext()
        self.backend = OpenAIBackend(OpenAIConfig(base_url=url))
        self.lane: Lane[Any] = lane(**{"model": "tiny", "max_tokens": 12, **params})

    async def round(self, number: int = 0) -> Any:
        self.context.begin(number)
        return await self.backend.round(self.lane, self.context)

    @property
    def codes(self) -> list[str]:
        result = [reason.code for reason in self.context.verdict.reasons]
        return [code for code in result if code not in ("coarse_stamps", "rates_disagree")]


@asynccontextmanager
async def racing(at: OllamaStandIn, **params: Any) -> AsyncIterator[Racing]:
    one = Racing(at.url, **params)
    try:
        await one.backend.open(one.lane, one.context)
        yield one
        await one.backend.close(one.lane, one.context)
    finally:
        await one.context.aclose()


class TestContract(BackendContract):
    backend = OpenAIBackend
    params = {"model": "tiny", "max_tokens": 12, "prompt": "bako"}  # noqa: RUF012
    long_params = {"model": "small", "max_tokens": 3000, "prompt": "bako"}  # noqa: RUF012

    @pytest.fixture(autouse=True)
    def _at(self, ollama: OllamaStandIn) -> None:
        type(self).config = OpenAIConfig(base_url=ollama.url)


async def test_it_is_recognized_and_named_as_the_own_api_names_it(ollama: OllamaStandIn) -> None:
    async with racing(ollama) as at:
        record = await at.round()
        engine = record.engine
        assert (engine.name, engine.version) == ("ollama", "0.33.0-rc2")
        assert (engine.model, engine.quantization) == ("tiny:latest", "F16")
        assert len(engine.digest) == 64
        assert engine.weights.startswith("sha256-")
        assert engine.tokenizer == "gpt2/gpt-2/973"
        assert (engine.settings["api"], engine.settings["num_ctx"]) == (
            "/v1/chat/completions",
            4096,
        )
        assert "digest_unknown" not in engine.settings
        assert (record.load_source, at.codes) == ("client", [])
        assert record.load_ns >= 200_000_000


async def test_what_imitates_it_is_not_taken_for_it() -> None:
    routes = {
        "/v1/models": {"data": [{"id": "m"}]},
        "/api/version": {"version": "0.7.0"},
        "/api/tags": {"models": []},
        "/api/ps": {"models": []},
        "/": "a page",
    }
    async with StandIn(table(routes)).served() as server, context() as recording:
        client = OpenAIClient(backend({"base_url": server.url}).servers[0], recording)
        assert (await client.identify()).engine is Engine.GENERIC


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "TINY"])
async def test_a_model_is_found_as_ollama_finds_it(ollama: OllamaStandIn, name: str) -> None:
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        assert (await openai.preflight(lane(model=name), recording)).ready
        assert not (await openai.preflight(lane(model=f"{name}:8b"), recording)).ready


async def test_no_models_are_no_wrong_address(ollama: OllamaStandIn) -> None:
    ollama.tell(without=[one.removesuffix(":latest") for one in await names(ollama)])
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        probe = await openai.probe(recording)
        assert (probe.reachable, probe.models, probe.problems) == (True, (), ())
        readiness = await openai.preflight(lane(model="small1"), recording)
        assert readiness.category is Category.MISSING_MODEL
        (field,) = readiness.fields
        assert "it has: none" in field.message
        assert "ollama pull small1" in field.message


async def names(ollama: OllamaStandIn) -> list[str]:
    async with context() as recording:
        result = await backend({"base_url": ollama.url}).probe(recording)
    return [model.name for model in result.models]


async def test_a_probe_tells_what_is_in_memory(ollama: OllamaStandIn) -> None:
    ollama.post("/api/generate", model="small", prompt="")
    async with context() as recording:
        probe = await backend({"base_url": ollama.url}).probe(recording)
    loaded = {model.name: model.loaded for model in probe.models if model.loaded is not None}
    assert list(loaded) == ["small:latest"]
    assert loaded["small:latest"].context == 4096
    assert all(model.digest and model.size for model in probe.models)


async def test_a_model_that_makes_no_text_is_refused(ollama: OllamaStandIn) -> None:
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        (problem,) = (await openai.preflight(lane(model="embed"), recording)).problems
    assert "it is for embedding" in problem.message


async def test_other_models_are_unloaded_and_the_same_weights_stay(ollama: OllamaStandIn) -> None:
    ollama.post("/api/generate", model="small", prompt="")
    ollama.post("/api/generate", model="tiny-copy", prompt="")
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        assert await openai.release(lane(model="tiny"), recording) == []
        assert ollama.resident == ["tiny-copy:latest"]
        assert await openai.release(None, recording) == []
        assert ollama.resident == []


async def test_models_are_unloaded_for_people(ollama: OllamaStandIn) -> None:
    for model in ("small", "tiny"):
        ollama.post("/api/generate", model=model, prompt="")
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        assert (await openai.unload("SMALL", recording)).models == ("small:latest",)
        assert ollama.resident == ["tiny:latest"]
        assert (await openai.unload(None, recording)).models == ("tiny:latest",)
        assert ollama.resident == []


@pytest.mark.alone
async def test_cold_rounds_unload_and_load_apart_from_the_answer(ollama: OllamaStandIn) -> None:
    async with racing(ollama, residence=Residence.COLD) as at:
        for number in range(2):
            record = await at.round(number)
            assert (record.cache, record.load_source) == ("cold-load", "client")
            assert record.load_ns >= 200_000_000
            assert record.answer.first_ns - record.answer.send_ns < 200_000_000
            assert record.engine.settings["num_ctx"] == 4096
            assert at.codes == []


@pytest.mark.alone
@pytest.mark.parametrize("how", ["unloaded", "other context", "killed"])
async def test_a_model_that_went_between_rounds_is_loaded_before_the_next(
    runners: OllamaStandIn, how: str
) -> None:
    async with racing(runners) as at:
        await at.round()
        if how == "unloaded":
            await at.backend.unload(None, at.context)
        elif how == "other context":
            runners.post("/api/generate", model="tiny", prompt="", options={"num_ctx": 512})
        else:
            runners.tell(kill_runners=True)
        record = await at.round(1)
        assert record.answer.first_ns - record.answer.send_ns < 200_000_000
        assert at.codes == []
        assert "was loaded again" in at.context.logs[-1][1]


async def test_a_load_inside_the_answer_is_no_result(runners: OllamaStandIn) -> None:
    async with racing(runners) as at:
        runners.tell(fault="reload")
        await at.round()
        assert at.codes == ["reloaded"]
        assert at.context.verdict.level is Level.INVALID
        await at.round(1)
        assert at.codes == []


async def test_another_context_after_the_round_is_no_result(ollama: OllamaStandIn) -> None:
    class Meddling(RecordingContext):
        def token(self, text: str, *, reasoning: bool = False) -> None:
            super().token(text, reasoning=reasoning)
            if len(self.tokens) == 12:
                ollama.post("/api/generate", model="tiny", prompt="", options={"num_ctx": 512})

    at = Racing(ollama.url)
    at.context = Meddling()
    await at.backend.open(at.lane, at.context)
    await at.round()
    assert at.codes == ["reloaded"]
    await at.context.aclose()


async def test_another_context_is_not_to_be_had_of_it(ollama: OllamaStandIn) -> None:
    async with context() as recording:
        openai = backend({"base_url": ollama.url})
        (problem,) = (await openai.preflight(lane(model="tiny", num_ctx=512), recording)).problems
    assert "OLLAMA_CONTEXT_LENGTH=512" in problem.remedy


async def test_a_model_that_does_not_go_is_said(
    ollama: OllamaStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchrace_openai.ollama.native_api.UNLOAD_S", 0.3)
    ollama.tell(model="tiny", token_ms=200.0)
    at = Racing(ollama.url, max_tokens=30)
    await at.backend.open(at.lane, at.context)
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(at.round)
            while not at.context.tokens:  # noqa: ASYNC110 - a context wakes nobody
                await anyio.sleep(0.01)
            (stayed,) = await at.backend.release(None, at.context)
            assert "did not unload tiny:latest" in stayed
            group.cancel_scope.cancel()
    finally:
        await at.context.aclose()


@pytest.mark.parametrize("first", ["ollama", "openai"])
def test_both_apis_race_on_one_server(ollama: OllamaStandIn, tmp_path: Path, first: str) -> None:
    ollama.tell(model="tiny", prefill_ms=1.0)
    params = {"model": "tiny", "prompt": PROMPT, "max_tokens": 8}
    order = [first, "openai" if first == "ollama" else "ollama"]
    done = run_job(
        job_spec(
            "llm_generate",
            [job_lane(at, name, params) for at, name in enumerate(order)],
            rounds=2,
            warmup=1,
        ),
        tmp_path,
        [plugin_ref(f"benchrace_{name}.plugin", name) for name in order],
        config={name: {"base_url": ollama.url} for name in order},
    )
    rounds: list[Any] = [event.payload for event in done.of(RoundDone)]
    assert len(rounds) == 6
    assert {round_.record["alone"] for round_ in rounds} == {True}
    codes = {reason.code for round_ in rounds for reason in round_.verdict.reasons}
    assert codes <= {"coarse_stamps", "rates_disagree"}
    # The second lane found nothing of the first one's prompts in the runner that they share.
    tokens = rounds[0].record["answer"]["usage"]["prompt"]
    for round_ in rounds:
        answer = round_.record["answer"]
        assert answer["first_ns"] - answer["send_ns"] >= 0.9 * tokens * 1_000_000
    assert len({round_.record["engine"]["digest"] for round_ in rounds}) == 1
    assert len({round_.record["engine"]["weights"] for round_ in rounds}) == 1


def test_a_second_model_in_memory_is_not_alone_and_goes(
    ollama: OllamaStandIn, tmp_path: Path
) -> None:
    ollama.post("/api/generate", model="small", prompt="")
    lanes = [job_lane(0, "openai", {"model": "tiny", "max_tokens": 4})]
    done = run_job(
        job_spec("llm_generate", lanes, rounds=1),
        tmp_path,
        [plugin_ref("benchrace_openai.plugin")],
        config={"openai": {"base_url": ollama.url}},
    )
    assert ollama.resident == ["tiny:latest"]
    assert {event.payload.record["alone"] for event in done.of(RoundDone)} == {True}


async def test_a_missing_model_is_named_with_its_category(ollama: OllamaStandIn) -> None:
    with pytest.raises(BenchraceError) as raised:
        async with racing(ollama, model="nothing"):
            pass
    assert raised.value.category is Category.MISSING_MODEL


async def test_both_backends_tell_that_they_reach_one_engine(ollama: OllamaStandIn) -> None:
    native = pytest.importorskip("benchrace_ollama.backend")
    native_config = pytest.importorskip("benchrace_ollama.config")
    port = ollama.url.rpartition(":")[2]
    tables = [
        {"name": "plain", "base_url": ollama.url},
        {"name": "v1", "base_url": ollama.url + "/v1"},
    ]
    async with context() as recording:
        config = native_config.OllamaConfig(base_url=f"http://localhost:{port}")
        one = await native.Ollama(config).probe(recording)
        other = await backend({"servers": tables}).probe(recording)
    engines = {model.name: model.engines for model in one.models}
    assert engines["tiny:latest"] == {"": f"localhost:{port}"}
    engines = {model.name: model.engines for model in other.models}
    assert engines["tiny:latest"] == dict.fromkeys(("plain", "v1"), f"localhost:{port}")
