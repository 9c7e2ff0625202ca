"""The backend against a stand-in: what it sends, what it says, what it waits for."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from benchrace.events import Level
from benchrace.kinds import LLM, SERVE
from benchrace.kinds.llm import Fallback, Prefix, Residence
from benchrace.plugin import BenchraceError, Category, Rendering, Thinking, Writing
from benchrace.testing import RecordingContext
from benchrace.testing.contract import BackendContract
from benchrace.worker.job.verdict import numbers
from benchrace_ollama.backend import Ollama
from benchrace_ollama.config import OllamaConfig

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


class TestContract(BackendContract):
    backend = Ollama
    params = {"model": "tiny", "max_tokens": 12, "prompt": "bako remi"}  # noqa: RUF012
    long_params = {"model": "small", "max_tokens": 3000, "prompt": "bako"}  # noqa: RUF012

    version: ClassVar[str] = "0.33.0-rc2"

    @pytest.fixture(autouse=True)
    def at(self, shared: Any) -> None:
        type(self).config = OllamaConfig(base_url=shared(self.version).url)


class TestServeContract(TestContract):
    kind = "llm_serve"
    params = {**TestContract.params, "concurrency": 2, "requests": 4}  # noqa: RUF012
    long_params = {**TestContract.long_params, "concurrency": 2, "requests": 4}  # noqa: RUF012


class TestOlderContract(TestContract):
    version = "0.24.0"


@pytest.mark.alone
async def test_one_answer_gives_the_numbers_of_both_sides(stand_in: Any, racing: Make) -> None:
    stand_in.tell(model="tiny", token_ms=5.0)
    at = racing(stand_in, max_tokens=40)
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    metrics = {number.metric: number for number in numbers(LLM, record, at.lane.params, ())}
    assert metrics["gen_tokens"].value == 40
    assert metrics["gen_tokens_per_s"].value == pytest.approx(200, rel=0.4)
    assert metrics["engine_gen_tokens_per_s"].numerator == 39
    assert metrics["itl_ms"].value == pytest.approx(5, rel=0.4)
    assert metrics["prefill_tokens_per_s"].value is None
    assert 250 <= (metrics["load_ms"].value or 0) < 1000
    assert (record.cache, record.cache_proof) == ("warm-unique", "inferred")
    assert record.load_source == "client"
    assert at.codes == []
    await at.backend.close(at.lane, at.context)


async def test_a_second_lane_finds_the_model_resident(stand_in: Any, racing: Make) -> None:
    for wanted in (True, False):
        at = racing(stand_in)
        await at.backend.open(at.lane, at.context)
        assert ((await at.round()).load_ns is not None) is wanted


# A call that takes 200 ms on a busy machine is taken for a load.
@pytest.mark.alone
@pytest.mark.parametrize(
    ("params", "loads"),
    [({}, False), ({"seed": 1, "temperature": 0.0}, False), ({"num_ctx": 512}, True)],
)
async def test_only_what_loads_again_is_loading(
    stand_in: Any, racing: Make, params: Any, loads: bool
) -> None:
    first = racing(stand_in)
    await first.backend.open(first.lane, first.context)
    again = racing(stand_in, **params)
    await again.backend.open(again.lane, again.context)
    assert ((await again.round()).load_ns is not None) is loads
    assert again.codes == []


async def test_all_options_are_sent_always(stand_in: Any, racing: Make) -> None:
    params = {"num_ctx": 2048, "temperature": 0.0, "top_k": 7, "top_p": 0.5, "seed": 9}
    at = racing(stand_in, system="be brief", think=Thinking.OFF, **params)
    await at.backend.open(at.lane, at.context)
    await at.round()
    load, *_, request = stand_in.requests
    wanted = {**params, "num_predict": 12, "repeat_penalty": 1.0, "min_p": 0.0}
    assert wanted.items() <= request["options"].items()
    assert load["options"] == request["options"]
    assert (load["prompt"], load["keep_alive"]) == ("", request["keep_alive"])
    assert (request["truncate"], request["think"], request["stream"]) == (False, False, True)
    assert request["prompt"] == "bako remi of kola"
    nonce, rest = request["system"].split("\n")
    assert (len(nonce), rest) == (23, "be brief")


async def test_raw_text_has_no_template(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, rendering=Rendering.RAW)
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    assert stand_in.requests[-1]["raw"] is True
    assert "system" not in stand_in.requests[-1]
    assert record.answer.usage.prompt == 1 + 6 + 4
    assert record.engine.settings["api"] == "/api/generate"


@pytest.mark.parametrize("model", ["tiny-think", "tiny-jthink"])
async def test_thinking_is_told_apart(stand_in: Any, racing: Make, model: str) -> None:
    at = racing(stand_in, model=model)
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    answer = record.answer
    assert record.engine.settings["api"] == "/api/chat"
    assert answer.first_ns < answer.output_ns
    assert answer.content == answer.usage.output == 12


async def test_an_end_token_has_no_line(stand_in: Any, racing: Make) -> None:
    stand_in.tell(model="tiny-eos", token_ms=10.0)
    at = racing(stand_in, model="tiny-eos")
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    usage = record.answer.usage
    assert (usage.output, usage.unseen, record.answer.content) == (10, 1, 9)
    metrics = {number.metric: number for number in numbers(LLM, record, at.lane.params, ())}
    client, engine = metrics["gen_tokens_per_s"], metrics["engine_gen_tokens_per_s"]
    assert (client.numerator, engine.numerator) == (8, 9)
    assert at.codes == ["early_stop"]


@pytest.mark.parametrize("version", ["0.33.0-rc2", "0.24.0"])
async def test_one_token_has_no_rate(start: Make, racing: Make, version: str) -> None:
    at = racing(start("--version", version), max_tokens=1)
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    assert record.answer.times.decode_ns is None
    assert record.answer.times.printed_rate is None
    assert record.engine.version == version


async def test_facts_say_what_runs(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, model="TINY", num_ctx=1024)
    await at.backend.open(at.lane, at.context)
    engine = (await at.round()).engine
    assert (engine.name, engine.model, engine.quantization) == ("ollama", "tiny:latest", "F16")
    assert engine.digest is not None
    assert len(engine.digest) == 64
    assert (engine.host, engine.tokenizer) == (None, "gpt2/gpt-2/973")
    assert str(engine.settings["host_proof"]).startswith("process ")
    assert engine.settings["num_ctx"] == engine.settings["num_ctx_asked"] == 1024
    assert "num_predict" in str(engine.settings["ignore_eos"])


async def test_cold_unloads_before_each_round(start: Make, racing: Make) -> None:
    stand_in = start("--runner")
    at = racing(stand_in, residence=Residence.COLD)
    await at.backend.open(at.lane, at.context)
    pids = []
    for n in range(2):
        record = await at.round(n)
        assert (record.cache, record.load_source) == ("cold-load", "client")
        assert record.load_ns >= 250_000_000
        assert record.engine.settings["num_ctx"] == 4096
        assert at.codes == []
        pids += [runner.pid for runner in stand_in.runners()]
    assert len(set(pids)) == len(pids) == 2


@pytest.mark.parametrize("other", ["tiny-copy", "tiny-ctx"])
async def test_another_name_of_the_same_file_is_unloaded_too(
    stand_in: Any, racing: Make, other: str
) -> None:
    first = racing(stand_in, model=other)
    await first.backend.open(first.lane, first.context)
    assert stand_in.resident == [f"{other}:latest"]
    at = racing(stand_in)
    await at.backend.open_lane(at.lane, at.context).unload()
    assert stand_in.resident == []


async def test_a_runner_that_outlived_its_server_is_named(
    start: Make, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchrace_ollama.load._ENDED_S", 0.2)
    dead = start("--runner")
    at = racing(dead)
    await at.backend.open(at.lane, at.context)
    (orphan,) = dead.runners()
    dead.kill()
    try:
        again = racing(start())
        await again.backend.open_lane(again.lane, again.context).unload()
        assert str(orphan.pid) in again.context.logs[-1][1]
    finally:
        orphan.kill()


async def test_shared_prompts_have_an_unknown_cache(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, prefix=Prefix.SHARED)
    await at.backend.open(at.lane, at.context)
    assert (await at.round()).cache == "unknown"
    assert at.codes == ["cache_unknown"]
    assert stand_in.requests[-1]["prompt"] == "bako remi of kola"


async def test_loading_inside_an_answer_is_no_result(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault="reload")
    await at.round()
    assert at.codes == ["reloaded"]
    assert at.context.verdict.level is Level.INVALID


async def test_waiting_inside_ollama_is_doubted(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in)
    await at.backend.open(at.lane, at.context)
    stand_in.tell(fault="queued")
    await at.round()
    assert at.codes == ["queued"]


async def test_a_prompt_that_the_context_cannot_hold_is_an_error(
    stand_in: Any, racing: Make
) -> None:
    at = racing(stand_in, prompt="a-b " * 60, num_ctx=128, max_tokens=60)
    await at.backend.open(at.lane, at.context)
    with pytest.raises(BenchraceError, match=r"longer than the context.*exceeds") as raised:
        await at.round()
    assert raised.value.category is Category.VALIDATION


async def test_a_mock_answers_only_where_it_was_asked_for(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, model="nothing", fallback=Fallback.MOCK, max_tokens=2)
    assert (await at.backend.preflight(at.lane, at.context)).ready
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    assert (record.simulated, record.fallback_reason) == (True, "missing_model")
    assert at.context.verdict.level is Level.INVALID


async def test_many_streams_wait_for_the_one_slot(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, SERVE, concurrency=3, requests=6, max_tokens=10)
    await at.backend.open(at.lane, at.context)
    record = await at.round()
    assert [answer.usage.output for answer in record.answers] == [10] * 6
    begins = {request["prompt"].split("\n")[0] for request in stand_in.requests[-6:]}
    assert len(begins) == 6
    assert at.codes == []


async def test_prompts_of_unlike_lengths_are_no_cut_ones(stand_in: Any, racing: Make) -> None:
    at = racing(stand_in, SERVE, prompts=("bako", "bako " * 60), requests=4, concurrency=1)
    await at.backend.open(at.lane, at.context)
    await at.round()
    assert at.codes == []


async def test_a_text_is_written_outside_of_any_lane(stand_in: Any) -> None:
    stand_in.tell(model="tiny")
    context = RecordingContext()
    backend = Ollama(OllamaConfig(base_url=stand_in.url))
    try:
        written = await backend.write("tiny", Writing(prompt="bako", max_tokens=9), context)
        assert written.text
        assert written.model.startswith("tiny")
        assert context.tokens == []
    finally:
        await context.aclose()
