"""The backend for OpenAI's API against a real llama.cpp: what it says is what is measured."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from benchrace.kinds.llm import LlmRecord
from benchrace.plugin import BenchraceError, Category, Lane, Prefix, Rendering, Writing
from benchrace.testing import RecordingContext
from benchrace.testing.contract import BackendContract
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.config import OpenAIConfig
from benchrace_openai.params import GenerateOptions
from tests.engine.llama_server import Running, serving
from tests.engine.models import Models

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]

LONG = "bako remi kola tuva " * 30


class OfEngine(BackendContract):
    backend = OpenAIBackend
    cancel_within_s = 5.0

    @pytest.fixture(autouse=True)
    def _configured(self, engine: Running) -> None:
        type(self).config = OpenAIConfig(base_url=engine.url)


class TestGenerate(OfEngine):
    kind = "llm_generate"
    params = {"max_tokens": 16, "prompt": "bako"}  # noqa: RUF012 - a ClassVar of the contract
    long_params = {"max_tokens": 8000, "prompt": LONG}  # noqa: RUF012


class TestServe(OfEngine):
    kind = "llm_serve"
    params = {"max_tokens": 8, "requests": 4, "concurrency": 2}  # noqa: RUF012
    long_params = {"max_tokens": 8000, "requests": 40, "concurrency": 2}  # noqa: RUF012


class EngineLane:
    """A lane that is open on a real engine."""

    def __init__(self, url: str, context: RecordingContext, **params: Any) -> None:
        self.context = context
        self.backend = OpenAIBackend(OpenAIConfig(base_url=url))
        part = params.pop("part", None)
        options = GenerateOptions(**params)
        self.lane: Lane[Any] = Lane(
            lane_id="l", label="l", kind="llm_generate", params=options, part=part
        )

    async def round(self, number: int = 0) -> LlmRecord:
        self.context.begin(number)
        record = await self.backend.round(self.lane, self.context)
        assert isinstance(record, LlmRecord)
        return record


@asynccontextmanager
async def racing(
    engine: Running, context: RecordingContext | None = None, **params: Any
) -> AsyncIterator[EngineLane]:
    context = RecordingContext() if context is None else context
    at = EngineLane(engine.url, context, **{"max_tokens": 16, **params})
    await at.backend.open(at.lane, at.context)
    try:
        yield at
    finally:
        await at.backend.close(at.lane, at.context)
        await at.context.aclose()


@pytest.mark.parametrize("rendering", Rendering)
async def test_every_token_is_counted(engine: Running, rendering: Rendering) -> None:
    async with racing(engine, rendering=rendering, max_tokens=40) as at:
        record = await at.round()
    answer = record.answer
    assert (answer.content, answer.usage.output, answer.finish) == (40, 40, "length")
    assert record.text.isascii()
    assert record.text.isprintable()
    assert answer.times.decode_tokens == 40
    assert answer.first is not None
    assert (answer.first.tokens, answer.last_tokens) == (answer.first.chunks, 40)
    assert answer.times.prefill_ns
    assert record.engine.host is None
    assert str(record.engine.settings["host_proof"]).startswith("process ")
    assert len(str(record.engine.settings["tokenizer_sha256"])) == 64
    assert (record.engine.quantization, record.engine.settings["n_ctx"]) == ("F16", 8192)


async def test_the_seed_makes_the_text_and_the_nonce_changes_it(engine: Running) -> None:
    async with racing(engine, temperature=0.0, prefix=Prefix.SHARED) as at:
        first, again = await at.round(0), await at.round(1)
        assert first.text == again.text
        assert first.answer.output_digest == again.answer.output_digest
    async with racing(engine, temperature=0.0) as at:
        assert (await at.round(0)).nonce != (await at.round(1)).nonce


async def test_prefill_progress_is_shown(engine: Running) -> None:
    async with racing(engine, prompt=LONG) as at:
        prompt = (await at.round()).answer.usage.prompt
    shown = [(done, total) for done, total, unit in at.context.steps if unit == "prompt tokens"]
    assert (prompt, prompt) in shown


async def test_an_end_token_is_counted_and_known_to_be_unseen(models: Models) -> None:
    sampling: dict[str, Any] = {"temperature": 1.5, "top_k": 0, "top_p": 1.0, "ignore_eos": False}
    with serving(models.path("tiny", ends=True)) as engine:
        async with racing(engine, max_tokens=900, **sampling) as at:
            answers = [(await at.round(number)).answer for number in range(8)]
    ended = [answer for answer in answers if answer.finish == "stop"]
    assert ended, "no answer ended by itself"
    for answer in ended:
        assert answer.usage.output == answer.content + 1
        assert answer.usage.unseen == 1


async def test_a_prompt_that_is_too_long_is_said_with_numbers(engine: Running) -> None:
    with pytest.raises(BenchraceError) as raised:
        async with racing(engine, prompt=LONG * 80) as at:
            await at.round()
    assert raised.value.category is Category.VALIDATION
    assert raised.value.message.endswith("tokens, the server's context 8192")


async def test_after_a_cancel_the_slots_are_idle(engine: Running) -> None:
    async with racing(engine, max_tokens=8000, prompt=LONG) as at:
        with anyio.move_on_after(0.3) as scope:
            await at.round()
        assert scope.cancelled_caught
    assert engine.idle()


@pytest.fixture
def dying(models: Models) -> Iterator[Running]:
    with serving(models.path("slow", "q8_0")) as running:
        yield running


class Killing(RecordingContext):
    """Kills the engine once a few tokens have come."""

    engine: Running

    def token(self, text: str, *, reasoning: bool = False) -> None:
        super().token(text, reasoning=reasoning)
        if len(self.tokens) == 5:
            self.engine.process.kill()


async def test_what_came_before_a_death_is_kept(dying: Running) -> None:
    context = Killing()
    context.engine = dying
    async with racing(dying, context, max_tokens=900) as at:
        with pytest.raises(BenchraceError) as raised:
            await at.round()
    assert raised.value.category is Category.ENDED_EARLY
    assert len(at.context.tokens) >= 5


async def test_a_text_is_written_outside_of_any_lane(engine: Running) -> None:
    context = RecordingContext()
    backend = OpenAIBackend(OpenAIConfig(base_url=engine.url))
    model = (await backend.probe(context)).models[0].name
    try:
        written = await backend.write(model, Writing(prompt="bako remi", max_tokens=8), context)
        assert written.text
        assert written.model == model
        assert written.finish in ("length", "stop")
        assert context.tokens == []
        with pytest.raises(BenchraceError) as raised:
            await backend.write("nobody", Writing(prompt="bako"), context)
        assert raised.value.category is Category.MISSING_MODEL
    finally:
        await context.aclose()
