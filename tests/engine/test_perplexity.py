"""Perplexity of a real llama.cpp: the sum of what its whole distributions say of a fixed text."""

import math
from typing import Any

import pytest

from benchrace.kinds.llm import LlmRecord
from benchrace.kinds.llm.single import derive
from benchrace.plugin import Lane
from benchrace.plugin.llm.chat_api import REFERENCE_TEXT as TEXT
from benchrace.testing import RecordingContext
from benchrace_openai.backend import OpenAIBackend
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import OpenAIConfig, servers
from benchrace_openai.params import GenerateOptions
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
    """Return the sum of the log-probabilities, taken from the whole distributions."""
    client = OpenAIClient(servers(OpenAIConfig(base_url=engine.url))[0], context)
    tokens = (await client.post("/tokenize", {"content": TEXT, "add_special": True})).data["tokens"]
    total = 0.0
    for at in range(1, len(tokens)):
        body = {"prompt": tokens[:at], "n_predict": 1, "n_probs": 100_000, "temperature": 0.0}
        reply = await client.post("/completion", body)
        top_logprobs = reply.data["completion_probabilities"][0]["top_logprobs"]
        total += next(entry["logprob"] for entry in top_logprobs if entry["id"] == tokens[at])
    return total, len(tokens) - 1


async def test_it_agrees_with_the_whole_distributions(engine: Running) -> None:
    context = RecordingContext()
    try:
        record = await played(engine, context, perplexity=True)
        log_p, tokens = await whole(engine, context)
    finally:
        await context.aclose()
    perplexity = record.perplexity
    assert perplexity is not None
    assert (perplexity.tokens, context.logs) == (tokens, [])
    assert perplexity.log_p == pytest.approx(log_p, rel=1e-3)
    options = GenerateOptions()
    metric = {measured.metric: measured for measured in derive(record, options)}["perplexity"]
    assert metric.value == pytest.approx(math.exp(-log_p / tokens), rel=1e-3)
    assert metric.value is not None
    assert metric.value > 1
    assert record.cache == "warm-unique"


async def test_it_is_not_measured_by_default(engine: Running) -> None:
    context = RecordingContext()
    try:
        record = await played(engine, context)
        assert record.perplexity is None
        assert not [unit for _, _, unit in context.steps if "reference" in unit]
    finally:
        await context.aclose()
