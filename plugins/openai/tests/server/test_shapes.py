"""Shapes that servers of this API differ in: what is needed is taken, what is odd is left out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.plugin import BenchraceError, Category, Chunk, Delta, Usage
from benchrace.plugin.llm.response.stream import ResponseReader
from benchrace_openai.server.info import models_of, props_of, slots_of
from benchrace_openai.stream import read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["a", "type", "text", "id", "message", "total", "processed", "value"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
# Nothing that text could be lost in, and nothing that reports an error.
NO_TEXT: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", {}, [], [{"type": "image_url"}], False]
)
EVENT = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            *("id", "object", "created", "model", "system_fingerprint", "service_tier", "type"),
            *("timings", "prompt_progress", "prompt_filter_results", "message", "detail", "x"),
        ),
        JSON,
    ),
)
CHOICE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("index", "logprobs", "matched_stop", "token_ids"), JSON)
)
DELTA = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("role", "tool_calls", "refusal", "annotations"), JSON),
        **dict.fromkeys(("reasoning_content", "reasoning"), NO_TEXT),
    },
)


def quiet(text: str, *, reasoning: bool = False) -> None:
    return


def read_events(events: list[Any]) -> ResponseReader:
    hearing = ResponseReader(quiet, lambda done, total: None)
    for event in events:
        hearing.take(Chunk(b"", 1, 1, 0), read(json.dumps(event).encode()))
    return hearing


@pytest.mark.slow
@given(
    st.lists(st.tuples(EVENT, CHOICE, DELTA), min_size=3, max_size=3),
    st.sampled_from([None, [], [None], [7], {}, "x", 3]),
    JSON,
    NO_TEXT,
)
def test_an_answer_with_its_text_its_end_and_its_count_is_whole(
    odd: list[tuple[Any, Any, Any]], choices: Any, usage: Any, content: Any
) -> None:
    (e0, c0, d0), (e1, c1, d1), (e2, c2, d2) = odd
    hearing = read_events(
        [
            {**e0, "choices": [{**c0, "delta": {**d0, "content": content}}], "usage": usage},
            {**e1, "choices": [{**c1, "delta": {**d1, "content": "hi"}}]},
            {**e2, "choices": [{**c2, "delta": d2, "finish_reason": "stop"}]},
            {"choices": choices, "usage": {"prompt_tokens": 3, "completion_tokens": 1}},
        ]
    )
    assert hearing.failure is None
    assert (hearing.begin, hearing.finish, hearing.ended) == ("hi", "stop", True)
    assert (hearing.usage.prompt, hearing.usage.output) == (3, 1)
    hearing.answer(request=0, t0_ns=0, send_ns=0, end_ns=2, connect_ns=None, clean=True)


@pytest.mark.parametrize("event", [None, [], 5, True, [1, {}], 1.5])
def test_an_event_that_is_no_object_is_passed_over(event: Any) -> None:
    assert read(json.dumps(event).encode()) == Delta(odd=("event",))


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ([{"type": "text", "text": "hi"}], "hi", ""),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}], "", "hm"),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "hi"}], "hi", "hm"),
        ([{"type": "reasoning", "text": "hm"}, "hi"], "hi", "hm"),
        ({"type": "output_text", "text": "hi"}, "hi", ""),
        ([{"type": "image_url", "image_url": {"url": "x"}}], "", ""),
    ],
)
def test_text_in_parts(content: Any, text: str, reasoning: str) -> None:
    piece = read(json.dumps({"choices": [{"delta": {"content": content}}]}).encode())
    assert (piece.text, piece.reasoning, piece.failure) == (text, reasoning, None)


@pytest.mark.parametrize("content", [5, True, 1.5])
def test_text_that_cannot_be_read_is_not_lost_in_silence(content: Any) -> None:
    with pytest.raises(BenchraceError, match="instead of text") as raised:
        read(json.dumps({"choices": [{"delta": {"content": content}}]}).encode())
    assert raised.value.category is Category.BAD_OUTPUT


def test_what_python_writes_and_json_has_not_costs_no_event() -> None:
    event = b'{"choices":[{"delta":{"content":"hi"},"logprobs":NaN}],"timings":{"prompt_ms":1e400}}'
    assert read(event).text == "hi"
    assert read(b"\xef\xbb\xbf" + event).text == "hi"


def test_the_first_count_that_counts_is_taken() -> None:
    usage = {"prompt_tokens": 9, "completion_tokens": 0}
    piece = read(json.dumps({"usage": usage, "timings": {"predicted_n": 5}}).encode())
    assert piece.usage == Usage(prompt=9, output=5)


@pytest.mark.parametrize(
    ("event", "category", "words"),
    [
        ({"error": "it broke"}, Category.STREAM_ERROR, "it broke"),
        ({"error": {"message": "it broke", "code": "500"}}, Category.STREAM_ERROR, "it broke"),
        ({"error": {"message": {"detail": "it broke"}}}, Category.STREAM_ERROR, "it broke"),
        ({"error": {"code": 429, "message": "slow"}, "choices": []}, Category.BUSY, "slow"),
        ({"detail": "it broke"}, Category.STREAM_ERROR, "it broke"),
        ({"detail": [{"msg": "a"}, {"msg": "b"}]}, Category.STREAM_ERROR, "a; b"),
        ({"message": "it broke"}, Category.STREAM_ERROR, "it broke"),
        ({"errors": ["it", "broke"]}, Category.STREAM_ERROR, "it; broke"),
        ({"object": "error", "message": "it broke"}, Category.STREAM_ERROR, "it broke"),
        ({"type": "error", "error": {"message": "it broke"}}, Category.STREAM_ERROR, "it broke"),
        ({"error": {"message": "Model x not found", "code": 404}}, Category.MISSING_MODEL, "x"),
        ({"error": 'upstream: {"error":{"message":"in"}}'}, Category.STREAM_ERROR, ": in"),
        ({"error": {"message": "a\u001b[2J\nb\u202e"}}, Category.STREAM_ERROR, ": a b"),
        ([{"error": {"code": 429, "message": "exhausted"}}], Category.BUSY, "exhausted"),
        ({"choices": [{"finish_reason": "error", "error": "gone"}]}, Category.STREAM_ERROR, "gone"),
        (
            {"choices": [{"error": {"code": 402, "message": "no credit"}}]},
            Category.STREAM_ERROR,
            "no credit",
        ),
        ({"error": {"code": 403, "message": "billing is off"}}, Category.VALIDATION, "billing"),
    ],
)
def test_an_error_has_many_shapes(event: Any, category: Category, words: str) -> None:
    failure = read(json.dumps(event).encode()).failure
    assert failure is not None
    assert failure.category is category
    assert words in failure.message
    assert failure.message.isprintable()


@pytest.mark.parametrize("nothing", [None, False, "", {}, [], 0])
def test_an_error_that_is_none_ends_nothing(nothing: Any) -> None:
    event = {"error": nothing, "detail": nothing, "choices": [{"delta": {"content": "hi"}}]}
    assert read(json.dumps(event).encode()) == Delta(text="hi")


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"data": [{"id": "a"}, None, 5, {"id": 7}, "b", {"name": "c"}]}, ["a", "b", "c"]),
        ([{"id": "a"}, {"id": "b", "meta": "?", "status": "loaded", "aliases": 4}], ["a", "b"]),
        ({"data": None}, []),
        ({"models": [{"model": "a"}]}, ["a"]),
        ({"data": [{"id": "a", "max_model_len": -1, "owned_by": ["x"]}]}, ["a"]),
    ],
)
def test_models_are_listed_in_many_shapes(data: Any, names: list[str]) -> None:
    models = models_of(data)
    assert models is not None
    assert [model.id for model in models.data] == names
    assert all(model.max_model_len is None for model in models.data)


@pytest.mark.parametrize("data", [None, "x", {}, {"error": "no"}, {"data": "x"}, {"data": 5}])
def test_what_is_no_list_of_models_is_none(data: Any) -> None:
    assert models_of(data) is None


@given(JSON)
def test_no_json_breaks_what_a_server_tells_of_itself(odd: Any) -> None:
    model = {"id": "m", "meta": odd, "status": odd, "aliases": odd, "max_model_len": odd}
    models = models_of({"data": [odd, model], "object": odd})
    assert models is not None
    assert models.data[-1].id == "m"
    models_of(odd)
    settings = {"n_ctx": odd}
    props = props_of({"default_generation_settings": settings, "build_info": odd, "role": odd})
    assert props is not None
    assert props_of({"default_generation_settings": odd, "total_slots": 2}) is not None
    props_of(odd)
    slots = slots_of([odd, {"is_processing": True, "id_task": odd}])
    assert slots is not None
    assert (len(slots), slots[1].is_processing) == (2, True)
    slots_of(odd)
