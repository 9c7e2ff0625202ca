"""Perplexity by the log-probabilities of a prompt, on a stand-in that answers as is documented."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from benchrace.plugin import BenchraceError, Category, Perplexity
from benchrace.plugin.llm.chat_api import REFERENCE_TEXT as TEXT
from benchrace.testing import RecordingContext
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import OpenAIConfig, servers
from benchrace_openai.perplexity.prompt_logprobs import prompt_perplexity

pytestmark = pytest.mark.anyio
Answer = Callable[[dict[str, Any]], Any]
WORDS = TEXT.split(" ")
TOKENS = [WORDS[0], *(f" {word}" for word in WORDS[1:])]
N = len(TOKENS)


async def measured(answer: Answer, status: int = 200) -> tuple[Perplexity, list[dict[str, Any]]]:
    bodies = []

    def reply(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/completions"
        bodies.append(json.loads(request.content))
        return httpx.Response(status, json=answer(bodies[-1]))

    context = RecordingContext(transport=httpx.MockTransport(reply))
    server = servers(OpenAIConfig(base_url="http://127.0.0.1:1"))[0]
    try:
        return await prompt_perplexity(OpenAIClient(server, context), "m"), bodies
    finally:
        await context.aclose()


def completion(choice: dict[str, Any], n: int = N) -> dict[str, Any]:
    usage = {"prompt_tokens": n, "completion_tokens": 1}
    return {"choices": [{"index": 0, "text": " x", **choice}], "usage": usage}


def echo(**changes: Any) -> dict[str, Any]:
    """The prompt and one token more, as `echo` with `logprobs` has it."""
    logprobs = {
        "text_offset": list(range(N + 1)),
        "tokens": [*TOKENS, " x"],
        "token_logprobs": [None, *[-0.5] * (N - 1), -9.0],
        "top_logprobs": [None, *[{"x": -0.1}] * N],
        **changes,
    }
    return completion({"text": f"{TEXT} x", "logprobs": logprobs})


def vllm(entry: dict[str, Any] | None = None, first: Any = None) -> dict[str, Any]:
    """`prompt_logprobs`, by the tokens' numbers."""
    own = {"logprob": -0.25, "rank": 3, "decoded_token": "x"}
    positions = [
        first,
        *[{str(at): own} if entry is None else entry for at in range(1, N)],
    ]
    return completion({"logprobs": None, "prompt_logprobs": positions})


async def test_an_echo_tells_all_tokens_but_the_first_and_what_was_made() -> None:
    result, bodies = await measured(lambda body: echo())
    assert (result.log_p, result.tokens) == (-0.5 * (N - 1), N - 1)
    assert result.text_digest.startswith("sha256:")
    (body,) = bodies
    assert (body["prompt"], body["max_tokens"], body["echo"]) == (TEXT, 1, True)
    # Any scaling by temperature is none.
    assert body["temperature"] == 1.0


async def test_other_tokens_of_the_text_are_another_digest() -> None:
    other = [*TOKENS[:-1], " ashore.", " x"]
    first, _ = await measured(lambda body: echo())
    second, _ = await measured(lambda body: echo(tokens=other))
    assert first.text_digest != second.text_digest


async def test_where_nothing_is_echoed_the_other_form_is_asked_for() -> None:
    result, bodies = await measured(
        lambda body: vllm() if "prompt_logprobs" in body else completion({})
    )
    assert (result.log_p, result.tokens) == (-0.25 * (N - 1), N - 1)
    assert [("echo" in body, "prompt_logprobs" in body) for body in bodies] == [
        (True, False),
        (False, True),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        completion({}),
        # The generated token alone, as servers answer that pass over `echo`.
        completion({"logprobs": {"tokens": [" x"], "token_logprobs": [-1.0]}}),
        # The tokens of a prompt without their probabilities.
        echo(token_logprobs=[None] * (N + 1)),
        echo(token_logprobs=[None, 0.5, *[-0.5] * (N - 1)]),
        echo(token_logprobs=[None, -0.5]),
        echo(tokens=TOKENS[:3], token_logprobs=[None, -1, -1]),
        vllm(entry={"1": {"logprob": -1.0}, "2": {"logprob": -2.0}}),
        completion({"prompt_logprobs": [None, {"1": {"logprob": -1.0}}]}),
        {"choices": [], "usage": {"prompt_tokens": N}},
        [],
        "no",
    ],
)
async def test_a_server_that_does_otherwise_gives_none(answer: Any) -> None:
    with pytest.raises(BenchraceError, match="does not report the log-prob") as raised:
        await measured(lambda body: answer)
    assert raised.value.category is Category.BAD_OUTPUT
    assert "perplexity" in raised.value.remedy


async def test_a_server_that_refuses_gives_none() -> None:
    with pytest.raises(BenchraceError, match="does not report the log-prob"):
        await measured(lambda body: {"error": "echo is not supported"}, status=400)
