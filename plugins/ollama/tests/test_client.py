"""Lines and answers of other shapes than Ollama's own: what is needed is taken, never more lost."""

import json
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.plugin import BenchraceError, Category, Chunk, Delta, EngineTimes, Usage
from benchrace.plugin.llm.response.stream import ResponseReader
from benchrace.testing import RecordingContext
from benchrace.testing.server import Peer, Request, serving
from benchrace_ollama import checks
from benchrace_ollama.client import OllamaClient
from benchrace_ollama.config import OllamaConfig, base_url
from benchrace_ollama.models import model
from benchrace_ollama.names import listed
from benchrace_ollama.stream import read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
NO_TEXT: st.SearchStrategy[Any] = st.sampled_from([None, "", {}, [], False])
ODD = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("model", "created_at", "context", "logprobs", "x"), JSON),
        **dict.fromkeys(("total_duration", "load_duration", "prompt_eval_duration"), JSON),
        "thinking": NO_TEXT,
    },
)


@given(ODD, st.booleans())
def test_a_line_with_its_text_is_read(odd: dict[str, Any], chat: bool) -> None:
    line = (
        {"message": {"content": "hi", "role": 5, "tool_calls": {}}} if chat else {"response": "hi"}
    )
    piece = read(json.dumps({**odd, **line, "done": False}).encode())
    assert (piece.text, piece.reasoning, piece.failure) == ("hi", "", None)
    last = {**odd, "response": None, "done": True, "done_reason": "stop", "eval_count": 5}
    piece = read(json.dumps(last).encode())
    assert (piece.done, piece.finish, piece.failure) == (True, "stop", None)
    assert piece.usage is not None
    assert piece.usage.output == 5


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ({"response": None, "thinking": "hm", "done": False}, Delta(reasoning="hm")),
        ({"message": {"content": None, "thinking": "hm"}}, Delta(reasoning="hm")),
        ({"response": [{"type": "text", "text": "hi"}], "done": False}, Delta(text="hi")),
        (
            {"response": "hi", "done": False, "done_reason": 5},
            Delta(text="hi", odd=("done_reason",)),
        ),
        ({"response": "hi", "error": None, "detail": ""}, Delta(text="hi")),
    ],
)
def test_other_shapes_are_read(line: dict[str, Any], wanted: Delta) -> None:
    assert read(json.dumps(line).encode()) == wanted


@pytest.mark.parametrize(
    "line",
    [
        {"error": "it broke"},
        {"error": {"message": "it broke"}},
        {"detail": "it broke"},
        {"message": "it broke"},
        {"error": "\u001b[31mit\n broke"},
    ],
)
def test_an_error_has_many_shapes(line: dict[str, Any]) -> None:
    failure = read(json.dumps(line).encode()).failure
    assert failure is not None
    assert failure.category is Category.STREAM_ERROR
    assert "it broke" in failure.message


@given(JSON)
def test_no_json_hides_the_models(odd: Any) -> None:
    anyio.run(_request, odd)


async def _request(odd: Any) -> None:
    name = {"name": "m", "model": "m"}
    answers = {
        "/api/version": {"version": odd},
        "/api/tags": {"models": [odd, {**name, "size": odd, "digest": odd, "details": odd}]},
        "/api/ps": {"models": [{**name, "size_vram": odd, "context_length": odd}, odd]},
        "/api/show": {"model_info": odd, "capabilities": odd, "details": odd, "template": odd},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(answers[request.url.path]))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        api = OllamaClient("http://h", http)
        await api.version()
        tags, resident = await api.tags(), await api.resident()
        assert tags[-1].name == resident[0].name == "m"
        described = model(
            tags[-1], await api.show("m"), listed(tags[-1], resident), None, "http://h"
        )
        assert described.name == "m"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "category", "words"),
    [
        (b'{"error": "it broke"}', Category.STREAM_ERROR, "it broke"),
        (b"<html><title>Sign in</title></html>", Category.BAD_OUTPUT, "Sign in"),
        (b"no healthy upstream", Category.BAD_OUTPUT, "no healthy upstream"),
    ],
)
async def test_what_is_no_answer_is_told_in_its_own_words(
    body: bytes, category: Category, words: str
) -> None:
    async def answer(peer: Peer, request: Request) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    context = RecordingContext()
    async with serving(answer) as served:
        with pytest.raises(BenchraceError, match=words) as raised:
            await OllamaClient(served.url.rstrip("/"), context.http).tags()
    await context.aclose()
    assert raised.value.category is category


@pytest.mark.anyio
async def test_an_answer_that_breaks_off_is_not_called_unreachable() -> None:
    async def cut(peer: Peer, request: Request) -> None:
        await peer.say(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
        await peer.close()

    context = RecordingContext()
    async with serving(cut) as served:
        with pytest.raises(BenchraceError) as raised:
            await OllamaClient(served.url.rstrip("/"), context.http).tags()
    await context.aclose()
    assert raised.value.category is Category.ENDED_EARLY


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ('"10.0.0.1:99"', "http://10.0.0.1:99"),
        (" '10.0.0.1' ", "http://10.0.0.1:11434"),
        ('" 0.0.0.0 "', "http://127.0.0.1:11434"),
        ('""', "http://127.0.0.1:11434"),
        ("::1", "http://[::1]:11434"),
        ("[fe80::1%25eth0]:5", "http://[fe80::1%25eth0]:5"),
        ("fe80::1%eth0", "http://[fe80::1%eth0]:11434"),
        ('"http://h/sub/"', "http://h:80/sub"),
    ],
)
def test_an_address_is_read_as_it_was_meant(host: str, wanted: str) -> None:
    assert base_url(OllamaConfig(), {"OLLAMA_HOST": host}) == wanted
    if "//" in host:
        assert base_url(OllamaConfig(), {"OLLAMA_BASE_URL": host}) == wanted


@pytest.mark.parametrize(
    ("times", "doubted"),
    [
        (EngineTimes(total_ns=10**9, prefill_ns=10**8, decode_ns=2 * 10**8, decode_tokens=9), True),
        (EngineTimes(total_ns=10**9, prefill_ns=0, decode_ns=2 * 10**8, decode_tokens=9), False),
        (EngineTimes(total_ns=10**9, decode_ns=2 * 10**8, decode_tokens=9), False),
        (EngineTimes(total_ns=10**9, prefill_ns=10**8, decode_ns=0, decode_tokens=9), False),
        (EngineTimes(total_ns=10**9, prefill_ns=10**8), False),
    ],
)
def test_no_waiting_is_made_of_faulty_times(times: EngineTimes, doubted: bool) -> None:
    hearing = ResponseReader(lambda text, *, reasoning=False: None, lambda done, total: None)
    for text in "ab":
        hearing.take(Chunk(b"", 1, 1, 0), Delta(text=text))
    hearing.take(Chunk(b"", 1, 1, 0), Delta(times=times, usage=Usage(prompt=9, output=9)))
    timed = hearing.answer(request=0, t0_ns=0, send_ns=0, end_ns=2, connect_ns=None, clean=True)
    assert (checks.waited(timed) is not None) is doubted
