"""The two plugins for llama-server send it the same and name its tokenizer alike."""

from typing import Any

import pytest

from benchrace.kinds.llm import LlmParams
from benchrace.plugin import Ask, Prefix, Thinking, chat_api
from benchrace.testing import RecordingContext
from benchrace_llamacpp import request as llamacpp
from benchrace_llamacpp.client import ServerClient
from benchrace_openai import request as openai
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine, OpenAIConfig


@pytest.mark.parametrize(
    "params",
    [
        LlmParams(),
        LlmParams(think=Thinking.OFF, top_k=3, seed=5, prefix=Prefix.SHARED, ignore_eos=True),
    ],
)
def test_bodies_are_equal(params: LlmParams) -> None:
    ask = Ask(params=params, prompt="p", system="s", max_tokens=7)
    assert llamacpp.body(ask, "m") == openai.body(ask, "m", Engine.LLAMA_SERVER, ())


@pytest.mark.anyio
async def test_tokenizers_have_one_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Any] = []

    async def control(request: chat_api.ControlRequest, context: Any, remedies: Any) -> Any:
        sent.append(request.body["content"])
        data = {"tokens": [1, 22, 333]}
        return chat_api.Reply(status=200, text="", server="", remedies=remedies, data=data)

    monkeypatch.setattr(chat_api, "control", control)
    context = RecordingContext([])
    (server,) = OpenAIConfig(base_url="http://127.0.0.1:1").listed()
    one = await OpenAIClient(server, context).tokenizer("m", Engine.LLAMA_SERVER)
    other = await ServerClient("http://127.0.0.1:1", context).tokenizer()
    assert one == other == chat_api.tokens_digest({"tokens": [1, 22, 333]})
    assert sent == [chat_api.TOKENIZED_TEXT] * 2


@pytest.mark.parametrize(
    "answer", [None, {}, {"tokens": []}, {"tokens": ["a"]}, {"tokens": [True]}]
)
def test_an_answer_without_tokens_has_no_digest(answer: Any) -> None:
    assert chat_api.tokens_digest(answer) is None
