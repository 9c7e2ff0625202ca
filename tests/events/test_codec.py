"""One event, one line; unknown events are kept, garbage is rejected."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category
from benchrace.events import (
    MAX_LINE_BYTES,
    TERMINAL,
    TERMINAL_TYPES,
    ComputeLine,
    Known,
    Level,
    LlmToken,
    RunLifecycle,
    Stream,
    Unknown,
    Verdict,
    decode,
    encode,
    head,
)
from benchrace.events import payloads as p
from benchrace.events.codec import TAGS

ENVELOPE: dict[str, Any] = {
    "run_id": "r",
    "job_id": "j",
    "machine_id": "m",
    "lane_id": "lane-0",
    "round": 1,
    "stream": Stream.WORK,
    "seq": 7,
    "t_ns": 5,
    "timestamp_s": 1.5,
}


def token(text: str) -> LlmToken:
    return LlmToken(**ENVELOPE, payload=p.LlmTokenPayload(text=text))


@given(st.text())
def test_any_text_makes_one_line_and_comes_back(text: str) -> None:
    line = encode(token(text))
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == token(text)


def test_what_does_not_apply_is_null_and_there() -> None:
    event = LlmToken(**{**ENVELOPE, "lane_id": None}, payload=p.LlmTokenPayload(text="x"))
    plain = json.loads(encode(event))
    assert plain["lane_id"] is None
    assert plain["type"] == "llm_token"
    assert set(plain) == {*ENVELOPE, "type", "payload"}


def test_an_unknown_event_is_kept_as_it_is() -> None:
    plain = {**json.loads(encode(token("x"))), "type": "of_next_year", "payload": {"a": [1]}}
    event = decode(json.dumps(plain).encode())
    assert isinstance(event, Unknown)
    assert json.loads(encode(event)) == plain


def test_a_known_event_with_a_new_word_is_kept_as_it_is() -> None:
    event = RunLifecycle(**ENVELOPE, payload=p.RunLifecyclePayload(phase=p.RunPhase.RUN_END))
    plain = json.loads(encode(event))
    plain["payload"]["phase"] = "of_next_year"
    read = decode(json.dumps(plain).encode())
    assert isinstance(read, Unknown)
    assert json.loads(encode(read)) == plain


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"null", b"\xff", b'{"type":"llm_token"}', b'{"type":"x","seq":"y"}'],
)
def test_garbage_is_refused(line: bytes) -> None:
    with pytest.raises(BenchraceError) as caught:
        decode(line)
    assert caught.value.category is Category.BAD_OUTPUT


def test_a_known_event_with_a_wrong_payload_is_not_taken_for_an_unknown_one() -> None:
    plain = {**json.loads(encode(token("x"))), "payload": {"text": 5}}
    with pytest.raises(BenchraceError):
        decode(json.dumps(plain).encode())


def test_a_line_has_a_limit() -> None:
    spare = MAX_LINE_BYTES - len(encode(token("")))
    assert len(encode(token("x" * spare))) == MAX_LINE_BYTES
    with pytest.raises(BenchraceError, match="over the limit"):
        encode(token("x" * (spare + 1)))


def test_readers_can_route_without_the_payload() -> None:
    event = ComputeLine(**ENVELOPE, payload=p.ComputeLinePayload(line="2"))
    result = head(encode(event))
    assert (result.type, result.job_id, result.stream, result.seq) == (
        "compute_line",
        "j",
        "work",
        7,
    )
    with pytest.raises(msgspec.DecodeError):
        head(b"{}")


def test_the_tags_are_the_contract() -> None:
    assert {item.__struct_config__.tag for item in TERMINAL} == TERMINAL_TYPES
    assert TERMINAL_TYPES < TAGS
    assert len(TAGS) == len(Known.__args__)


def test_a_verdict_only_gets_worse() -> None:
    verdict = Verdict().worse(Level.INVALID, "a", "x").worse(Level.SUSPECT, "b", "y")
    assert verdict.level is Level.INVALID
    assert [reason.code for reason in verdict.reasons] == ["a", "b"]
