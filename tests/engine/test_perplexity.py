"""Perplexity of a real llama.cpp: the sum of what its whole distributions say of a fixed text."""

import math
from typing import Any

import pytest

from benchrace.kinds.llm import LlmRecord
from benchrace.kinds.llm.single import derive
from benchrace.plugin import Lane
from benchrace.testing import RecordingContext
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.calls import Calls
from benchrace_openai.options import GenerateOptions
from benchrace_openai.perplexity import TEXT
from benchrace_openai.settings import OpenAIConfig, servers
from tests.engine.llama_server import Running

pytestmark = [pytest.mark.anyio, pytest.mark.slow, pytest.mark.timeout(120)]


async def played(engine: Running, context: RecordingContext, **params: Any) -> LlmRecord:
    backend = OpenAIBackend(OpenAIConfig(base_url=engine.url))
    options = GenerateOptions(max_tokens=8, prompt="bako", **params)
    lane: Lane[Any] = Lane(lane_id="l", label="l", kind="llm_generate", params=options)
    await backend.open(lane, context)
    try:
        context.begin(0)
        record = await backend.round(lane, context)
    finally:
        await backend.close(lane, context)
    assert isinstance(record, LlmRecord)
    return record


async def whole(engine: Running, context: RecordingContext) -> tuple[float, int]:
    """Sum what the server says of each token among all that there are."""
    calls = Calls(servers(OpenAIConfig(base_url=engine.url))[0], context)
    tokens = (await calls.post("/tokenize", {"content": TEXT, "add_special": True})).data["tokens"]
    total = 0.0
    for at in range(1, len(tokens)):
        asked = {"prompt": tokens[:at], "n_predict": 1, "n_probs": 100_000, "temperature": 0.0}
        reply = await calls.post("/completion", asked)
        known = reply.data["completion_probabilities"][0]["top_logprobs"]
        total += next(each["logprob"] for each in known if each["id"] == tokens[at])
    return total, len(tokens) - 1


async def test_it_is_what_the_whole_distributions_say(engine: Running) -> None:
    context = RecordingContext()
    try:
        record = await played(engine, context, perplexity=True)
        log_p, tokens = await whole(engine, context)
    finally:
        await context.aclose()
    found = record.perplexity
    assert found is not None
    assert (found.tokens, context.logs) == (tokens, [])
    assert found.log_p == pytest.approx(log_p, rel=1e-3)
    options = GenerateOptions()
    told = {each.metric: each for each in derive(record, options)}["perplexity"]
    assert told.value == pytest.approx(math.exp(-log_p / tokens), rel=1e-3)
    assert told.value is not None
    assert told.value > 1
    assert record.cache == "warm-unique"


async def test_who_does_not_ask_pays_nothing(engine: Running) -> None:
    context = RecordingContext()
    try:
        record = await played(engine, context)
        assert record.perplexity is None
        assert not [unit for _, _, unit in context.steps if "reference" in unit]
    finally:
        await context.aclose()
