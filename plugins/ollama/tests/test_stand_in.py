"""The stand-in's truth: each recorded request is put to it, and its answer compared by field."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from benchrace.testing.limits import HANG_S

NEW, OLD = "0.33.0-rc2", "0.24.0"
# What a fault has to do with the recorded request, by the recording's name.
FAULTS = {
    "SIGKILL of the runner after line 5, /api/generate": ("error-line", 5),
    "SIGKILL of the runner after line 5, /api/chat": ("error-line", 5),
    "SIGKILL to the server after line 5, /api/generate": ("killed", 5),
    "SIGKILL of the runner 1 s into the evaluation of a long prompt": ("refused", 0),
    "request 4 (tiny-eos)": ("busy", 0),
    "the same token forced by a JSON schema: the stream stops after 31 equal pieces": (
        "no-done",
        0,
    ),
    "the same, /api/chat": ("no-done", 0),
}
# What it does not imitate: stop texts, unending answers, a load that dies, registries that differ.
LEFT_OUT = (
    "stop string",
    "the same, stream false",
    "num_predict 400 above num_ctx 256, shift false",
    "SIGKILL of the runner while it loads",
    "blob whose content does not match its digest",
    "num_predict 0, num_ctx 256: unlimited?",
    "no models",
    "bad model name",
    "system and a suffix",
)
PULLS = {"nomodel": "nomodel", "tiny": "no-host", "small": "other"}


class Answered(NamedTuple):
    """An answer: its status, its kind, its lines, and whether it ended as it should."""

    status: int
    kind: str | None
    lines: list[str]
    complete: bool


def exchanges(version: str) -> list[dict[str, Any]]:
    path = Path(__file__).with_name("recordings") / f"ollama-{version}.json"
    all_exchanges: list[dict[str, Any]] = json.loads(path.read_text())["exchanges"]
    return [exchange for exchange in all_exchanges if exchange["name"] not in LEFT_OUT]


CASES = [
    pytest.param(version, exchange, id=f"{version}: {exchange['name']}")
    for version in (NEW, OLD)
    for exchange in exchanges(version)
]


def ask(url: str, exchange: dict[str, Any]) -> Answered:
    request = exchange["request"]
    body = request.get("body_text", "").encode()
    if "body" in request:
        about = dict(request["body"])
        if request["path"] == "/api/pull" and "model" in about:
            last = about["model"].rpartition("/")[2]
            about["model"] = PULLS.get(last, about["model"])
        if str(about.get("prompt", "")).startswith("<the text"):
            about["prompt"] = "bako remi of kola " * 160
        if "messages" in about and str(about["messages"]).count("<the text"):
            about["messages"] = [{"role": "user", "content": "bako remi of kola " * 160}]
        body = json.dumps(about).encode()
    headers = {"Host": request["host"]} if "host" in request else {}
    lines, complete = b"", True
    with (
        httpx.Client(trust_env=False, verify=False, timeout=HANG_S) as client,
        client.stream(
            request["method"], f"{url}{request['path']}", content=body, headers=headers
        ) as answer,
    ):
        try:
            for part in answer.iter_raw():
                lines += part
        except httpx.RemoteProtocolError:
            complete = False
    text = lines.decode().split("\n")
    rest = text if text[-1] else text[:-1]
    return Answered(answer.status_code, answer.headers.get("content-type"), rest, complete)


def shape(value: Any) -> Any:
    """Names in their order and types; what a value is, where it does not depend on chance."""
    match value:
        case dict():
            return {name: shape(item) for name, item in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return value
        case _:
            return type(value).__name__


def shapes(lines: list[str]) -> list[str]:
    """The kinds of lines in the order of their first coming, order of names included."""
    result = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            value = line
        fields = (
            {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else value
        )
        text = json.dumps(fields)
        if text not in result:
            result.append(text)
    return result


@pytest.mark.slow
@pytest.mark.parametrize(("version", "exchange"), CASES)
def test_it_answers_as_ollama_did(shared: Any, version: str, exchange: dict[str, Any]) -> None:
    stand_in = shared(version)
    if exchange["name"] in FAULTS:
        fault, after = FAULTS[exchange["name"]]
        stand_in.tell(fault=fault, after=after)
    for name in ("tiny", "mid", "small"):
        stand_in.tell(model=name, token_ms=1.0, load_ms=0.0)
    if exchange["request"]["path"] == "/api/ps":
        loaded = '"name"' in exchange["lines"][0][1]
        _hold(stand_in, "tiny") if loaded else _hold(stand_in)
    reply = ask(stand_in.url, exchange)
    recorded = [text for _, text in exchange["lines"]]
    assert (reply.status, reply.kind) == (exchange["status"], exchange["type"])
    assert reply.complete is (exchange["end"] == "complete")
    if FAULTS.get(exchange["name"], ("", 0))[0] == "killed":
        # Its connections end a moment before its process does.
        stand_in.process.wait(5)
    if reply.status >= 400:
        assert [text.rstrip() for text in reply.lines] == recorded or "prompt_tokens" in str(
            recorded
        )
    else:
        assert shapes(reply.lines) == shapes(recorded)
    if exchange["end"] == "complete" and recorded and recorded[-1].startswith("{"):
        _ends_alike(json.loads(reply.lines[-1]), json.loads(recorded[-1]))


def _hold(stand_in: Any, *models: str) -> None:
    """Load these models and unload all others."""
    url = f"{stand_in.url}/api/generate"
    for name in stand_in.resident:
        httpx.post(url, json={"model": name, "keep_alive": 0})
    while stand_in.resident:
        continue
    for name in models:
        httpx.post(url, json={"model": name, "keep_alive": -1})


def _ends_alike(reply: dict[str, Any], recorded: dict[str, Any]) -> None:
    for name in ("model", "done", "done_reason", "status", "error", "version"):
        if name == "error" and "n_prompt_tokens" in str(recorded.get(name)):
            continue
        value = reply.get(name)
        value = value.replace("/no-host/", "/tiny/") if isinstance(value, str) else value
        assert value == recorded.get(name)
    if recorded.get("done_reason") == "length":
        assert reply["eval_count"] == recorded["eval_count"]
    if recorded.get("eval_count") == 1:
        assert reply.get("eval_duration") == recorded.get("eval_duration")


def test_the_recordings_are_enough() -> None:
    recorded = [exchange for version in (NEW, OLD) for exchange in exchanges(version)]
    assert len(recorded) > 80
    paths = {exchange["request"]["path"].removeprefix("/api/") for exchange in recorded}
    assert paths >= {"generate", "chat", "show", "ps", "tags", "version", "pull"}
