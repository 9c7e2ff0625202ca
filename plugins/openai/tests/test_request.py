"""What is sent: all that an engine has, nothing that it has not, and what is not said is known."""

from typing import Any

import pytest

from benchrace.plugin import Ask, Prefix, Rendering, Thinking
from benchrace_openai.config import Engine
from benchrace_openai.params import GenerateOptions
from benchrace_openai.request import CONTINUOUS, body, unsupported_params


def sent(engine: Engine, system: str = "", unsent: tuple[str, ...] = (), **params: Any) -> Any:
    options = GenerateOptions(**params)
    ask = Ask(params=options, prompt="p", system=system, max_tokens=7)
    return body(ask, "m", engine, unsent)


@pytest.mark.parametrize("engine", Engine)
def test_lengths_and_sampling_are_said_to_every_engine(engine: Engine) -> None:
    fields = sent(engine, temperature=0.5, top_p=0.7, seed=3)
    assert fields["stream"] is True
    assert fields["stream_options"]["include_usage"] is True
    assert (fields["temperature"], fields["top_p"], fields["seed"]) == (0.5, 0.7, 3)
    assert fields["max_tokens"] == 7


def test_a_server_of_the_api_alone_is_sent_nothing_more() -> None:
    fields = sent(Engine.GENERIC)
    core = {"model", "messages", "stream", "stream_options", "max_tokens"}
    assert set(fields) == core | {"temperature", "top_p", "seed"}
    params = GenerateOptions(think=Thinking.OFF)
    assert unsupported_params(params, fields) == ("top_k", "ignore_eos", "think")


def test_how_many_tokens_a_chunk_holds_is_asked_for_where_the_engine_counts_so() -> None:
    for engine in (Engine.VLLM, Engine.SGLANG):
        options = {"include_usage": True, CONTINUOUS: True}
        assert sent(engine)["stream_options"] == options
        assert sent(engine, unsent=(CONTINUOUS,))["stream_options"] == {"include_usage": True}
    assert sent(Engine.LLAMA_SERVER)["timings_per_token"] is True
    for engine in (Engine.GENERIC, Engine.LMSTUDIO, Engine.MLX, Engine.LLAMA_SERVER):
        assert sent(engine)["stream_options"] == {"include_usage": True}


def test_a_prompt_that_is_new_is_evaluated_whole() -> None:
    assert sent(Engine.LLAMA_SERVER)["cache_prompt"] is False
    assert sent(Engine.LLAMA_SERVER, prefix=Prefix.SHARED)["cache_prompt"] is True


def test_a_full_length_is_asked_for_where_the_engine_can() -> None:
    assert sent(Engine.LLAMA_SERVER)["ignore_eos"] is True
    assert sent(Engine.VLLM)["min_tokens"] == 7
    assert "min_tokens" not in sent(Engine.SGLANG, ignore_eos=False)


def test_all_tokens_are_asked_for_in_each_engines_words() -> None:
    assert sent(Engine.LLAMA_SERVER, top_k=0)["top_k"] == 0
    assert sent(Engine.VLLM, top_k=0)["top_k"] == -1


def test_a_template_or_the_text_as_it_is() -> None:
    chat = sent(Engine.GENERIC, system="s")
    assert chat["messages"] == [
        {"role": "system", "content": "s"},
        {"role": "user", "content": "p"},
    ]
    raw = sent(Engine.GENERIC, system="s", rendering=Rendering.RAW)
    assert raw["prompt"] == "s\np"
    assert "messages" not in raw


def test_thinking_goes_to_the_template() -> None:
    fields = sent(Engine.VLLM, think=Thinking.OFF)
    assert fields["chat_template_kwargs"] == {"enable_thinking": False}


def test_what_was_refused_is_not_sent() -> None:
    fields = sent(Engine.LLAMA_SERVER, unsent=("min_p", "max_tokens"))
    assert "min_p" not in fields
    assert fields["max_completion_tokens"] == 7
