"""Texts without secrets, in every form in which a secret appears."""

import base64
from urllib.parse import quote, quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.errors import BenchraceError, Category, Failure, FieldError
from benchrace.events import codec
from benchrace.events.envelope import Log, Stream
from benchrace.events.payloads import LogPayload
from benchrace.plugin import Problem
from benchrace.redaction import (
    MARK,
    MIN_LENGTH,
    SECRETS,
    Redactor,
    has_secret_query,
    is_secret_name,
    redact,
    register_environment,
    register_settings,
    without_user,
)

KEY = "sk-planted/1+2 \"quoted\" \\ 'x'"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=MIN_LENGTH)


@given(PRINTABLE.filter(lambda key: len(key.strip()) >= MIN_LENGTH), st.binary(max_size=4))
def test_every_form_of_a_secret_is_found(key: str, before: bytes) -> None:
    redactor = Redactor()
    redactor.add(f" {key}\r\n")
    key = key.strip()
    encoded = base64.b64encode(before + key.encode() + b"after").decode()
    for form in (key, quote(key), quote(key, safe=""), quote_plus(key), repr(key)[1:-1]):
        assert redactor.text(f"a {form} b") == f"a {MARK} b"
    for form in (encoded, encoded.replace("+", "-").replace("/", "_")):
        shown = redactor.text(form)
        # Of the key's own characters at most one is left on each side.
        left = len(shown.replace(MARK, "", 1))
        assert left <= len(encoded) - (len(key) * 8 // 6 - 2)
    document = msgspec.json.encode({"payload": {"text": f"x{key}y", "n": 1.5}})
    assert msgspec.json.decode(redactor.encoded(document)) == {
        "payload": {"text": f"x{MARK}y", "n": 1.5}
    }


def test_a_document_keeps_what_is_no_text_and_what_stands_beside() -> None:
    SECRETS.add("12345678")
    document = b'{"type":"12345678","payload":{"n":12345678,"12345678":["12345678"]}}'
    assert SECRETS.encoded(document, only="payload") == (
        b'{"type":"12345678","payload":{"n":12345678,"[redacted]":["[redacted]"]}}'
    )
    assert SECRETS.encoded(b'{"n": 1}') == b'{"n": 1}'


@pytest.mark.parametrize("placeholder", ["EMPTY", "ollama", "", " \n", "none"])
def test_a_placeholder_takes_no_word_away(placeholder: str) -> None:
    register_settings({"api_key": placeholder}, {})
    assert redact(f"the engine ollama is EMPTY, {placeholder}") == (
        f"the engine ollama is EMPTY, {placeholder}"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:pw@host/x", "http://[redacted]@host/x"),
        ("http://:pw@host", "http://[redacted]@host"),
        ("http://u:p/w@host:80/x", "http://[redacted]@host:80/x"),
        ("http://u:p@w@host", "http://[redacted]@host"),
        ("http://host:8080/model/name@1.0", "http://host:8080/model/name@1.0"),
        ("http://host/model@1", "http://host/model@1"),
        ("/x?api_key=abc&n=1", "/x?api_key=[redacted]&n=1"),
        ("Illegal header value b'Bearer hunter2\\n'", "Illegal header value b'Bearer [redacted]'"),
        ("Authorization: Basic dTpw", "Authorization: Basic [redacted]"),
        ("{'authorization': 'secret'}", "{'authorization': '[redacted]'}"),
        ("[(b'Authorization', b'Bearer x1')]", "[(b'Authorization', b'Bearer [redacted]')]"),
        ("X-Api-Key: abc", "X-Api-Key: [redacted]"),
        ("`Authorization: Bearer <token>`", "`Authorization: Bearer <token>`"),
        ("the bearer token is missing", "the bearer token is missing"),
        ("Basic authentication is needed", "Basic authentication is needed"),
    ],
)
def test_what_looks_like_a_secret_is_redacted_once(text: str, shown: str) -> None:
    assert redact(text) == shown
    assert redact(shown) == shown


def test_configuration_is_searched_by_names_addresses_options_and_variables() -> None:
    settings = {
        "servers": [{"api_key": "planted-1-abc\n", "name": "planted-name"}],
        "base_url": "http://user:planted%202@host",
        "headers": {"Authorization": "Bearer planted-3-abc", "X-Other": "planted-other"},
        "key_env": "OF_KEY",
        "command": ["serve", "--api-key", "planted-5-abc", "--token=planted-6-abc", "planted-arg"],
        "max_tokens": "planted-limit",
    }
    register_settings(settings, {"OF_KEY": "planted-4-abc"})
    register_environment(
        {"MY_TOKEN": "planted-7-abc", "SSH_KEY": "/planted/path", "A": "planted-a"}
    )
    for number in (1, 3, 4, 5, 6, 7):
        assert redact(f"planted-{number}-abc") == MARK
    assert redact("planted 2 planted%202") == f"{MARK} {MARK}"
    plain = "planted-name planted-other planted-arg planted-limit /planted/path planted-a"
    assert redact(plain) == plain


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("api_key", True),
        ("OPENAI_API_KEY", True),
        ("x-api-key", True),
        ("HF_TOKEN", True),
        ("central_token", True),
        ("password", True),
        ("max_tokens", False),
        ("BENCHRACE_CLIENT_KEY", False),
        ("tokenizer", False),
        ("keyboard", False),
        ("api_key_env", False),
        ("base_url", False),
    ],
)
def test_names_tell_what_is_secret(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


def test_no_failure_holds_a_secret() -> None:
    SECRETS.add(KEY)
    text = f"engine: {KEY} http://u:p@h"
    clean = f"engine: {MARK} http://{MARK}@h"
    error = BenchraceError(Category.SYSTEM, text, text, detail=text)
    failure = Failure(category=Category.SYSTEM, message=text, remedy=text, detail=text)
    assert error.failure() == failure
    assert (str(error), failure.message, failure.remedy, failure.detail) == (clean,) * 4
    assert FieldError("path", text).message == clean
    problem = Problem(message=text, remedy=text)
    assert (problem.message, problem.remedy) == (clean, clean)
    arrived = msgspec.convert({"message": text, "remedy": text}, Problem)
    assert arrived == problem


def test_no_event_holds_a_secret() -> None:
    SECRETS.add(KEY)
    event = Log(
        run_id=None,
        job_id="j",
        machine_id="m",
        lane_id=None,
        round=None,
        stream=Stream.WORK,
        seq=0,
        t_ns=1,
        timestamp_s=1.5,
        payload=LogPayload(level="info", message=f"key {KEY}", source="engine"),
    )
    decoded = codec.decode(codec.encode(event))
    assert isinstance(decoded, Log)
    assert decoded.payload.message == f"key {MARK}"
    assert (decoded.seq, decoded.t_ns, decoded.timestamp_s) == (0, 1, 1.5)


def test_an_address_is_shown_without_its_user() -> None:
    assert without_user("http://u:p@w@host:1/x@y") == "http://host:1/x@y"
    assert without_user("http://host:1/x@y") == "http://host:1/x@y"


@pytest.mark.parametrize(
    "name",
    [
        *("X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token", "X-Amz-Expires"),
        *("X-Goog-Signature", "sig", "Signature", "AWSAccessKeyId", "token", "Expires"),
    ],
)
def test_signed_addresses_lose_what_signs_them(name: str) -> None:
    url = f"https://bucket.example/cat.png?width=8&{name}=abc%2Fdef"
    assert has_secret_query(url)
    assert redact(f"cannot read {url}.") == (
        f"cannot read https://bucket.example/cat.png?width=8&{name}={MARK}"
    )
    assert not has_secret_query("https://bucket.example/cat.png?width=8&signed=no&download=true")
