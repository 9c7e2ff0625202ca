"""Perplexity against servers that do not do what it needs."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from benchrace.plugin import BenchraceError, Category, Perplexity
from benchrace.plugin.llm.chat_api import token_perplexity
from benchrace.testing import RecordingContext
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import OpenAIConfig, servers

pytestmark = pytest.mark.anyio
TOKENS = list(range(100, 120))
Answer = Callable[[dict[str, Any]], Any]


async def measured(answer: Answer, tokens: Any = None) -> Perplexity:
    tokenized = {"tokens": TOKENS} if tokens is None else tokens

    def reply(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        return httpx.Response(
            200, json=tokenized if request.url.path == "/tokenize" else answer(body)
        )

    context = RecordingContext(transport=httpx.MockTransport(reply))
    server = servers(OpenAIConfig(base_url="http://127.0.0.1:1"))[0]
    try:
        return await token_perplexity(OpenAIClient(server, context), "m", context)
    finally:
        await context.aclose()


def sampled(token: int, logprob: float) -> dict[str, Any]:
    return {"completion_probabilities": [{"id": token, "logprob": logprob, "token": "x"}]}


async def test_each_token_is_asked_for_after_those_before_it() -> None:
    prompts: list[Any] = []

    def forced(body: dict[str, Any]) -> Any:
        prompts.append(body["prompt"])
        ((token, bias),) = body["logit_bias"]
        assert bias > 100
        assert (body["n_predict"], body["post_sampling_probs"]) == (1, False)
        return sampled(token, -0.5)

    result = await measured(forced)
    assert prompts == [TOKENS[:at] for at in range(1, len(TOKENS))]
    assert (result.log_p, result.tokens) == (-0.5 * 19, 19)
    assert result.text_digest.startswith("sha256:")


@pytest.mark.parametrize(
    "answer",
    [
        lambda body: sampled(1, -0.5),
        lambda body: sampled(body["logit_bias"][0][0], 0.5),
        lambda body: {"completion_probabilities": []},
        lambda body: {"content": "x"},
        lambda body: [],
    ],
)
async def test_a_server_that_does_otherwise_gives_none(answer: Answer) -> None:
    with pytest.raises(BenchraceError) as raised:
        await measured(answer)
    assert raised.value.category is Category.BAD_OUTPUT


@pytest.mark.parametrize("tokens", [{}, {"tokens": []}, {"tokens": ["a"]}, []])
async def test_a_server_without_tokens_gives_none(tokens: Any) -> None:
    with pytest.raises(BenchraceError, match="does not report the tokens of a text"):
        await measured(lambda body: {}, tokens)
