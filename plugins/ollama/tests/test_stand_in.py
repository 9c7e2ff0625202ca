"""The stand-in's truth: each recorded request is put to it, and its answer compared by field."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

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


class Heard(NamedTuple):
    """An answer: its status, its kind, its lines, and whether it ended as it should."""

    status: int
    kind: str | None
    lines: list[str]
    complete: bool


def exchanges(version: str) -> list[dict[str, Any]]:
    path = Path(__file__).with_name("recordings") / f"ollama-{version}.json"
    found: list[dict[str, Any]] = json.loads(path.read_text())["exchanges"]
    return [each for each in found if each["name"] not in LEFT_OUT]


CASES = [
    pytest.param(version, each, id=f"{version}: {each['name']}")
    for version in (NEW, OLD)
    for each in exchanges(version)
]


def ask(url: str, said: dict[str, Any]) -> Heard:
    asked = said["request"]
    body = asked.get("body_text", "").encode()
    if "body" in asked:
        about = dict(asked["body"])
        if asked["path"] == "/api/pull" and "model" in about:
            last = about["model"].rpartition("/")[2]
            about["model"] = PULLS.get(last, about["model"])
        if str(about.get("prompt", "")).startswith("<the text"):
            about["prompt"] = "bako remi of kola " * 160
        if "messages" in about and str(about["messages"]).count("<the text"):
            about["messages"] = [{"role": "user", "content": "bako remi of kola " * 160}]
        body = json.dumps(about).encode()
    headers = {"Host": asked["host"]} if "host" in asked else {}
    lines, complete = b"", True
    with (
        httpx.Client(trust_env=False, timeout=10) as client,
        client.stream(
            asked["method"], f"{url}{asked['path']}", content=body, headers=headers
        ) as answer,
    ):
        try:
            for part in answer.iter_raw():
                lines += part
        except httpx.RemoteProtocolError:
            complete = False
    text = lines.decode().split("\n")
    kept = text if text[-1] else text[:-1]
    return Heard(answer.status_code, answer.headers.get("content-type"), kept, complete)


def shape(value: Any) -> Any:
    """Names in their order and types; what a value is, where it is no matter of chance."""
    match value:
        case dict():
            return {name: shape(each) for name, each in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return value
        case _:
            return type(value).__name__


def shapes(lines: list[str]) -> list[str]:
    """The kinds of lines in the order of their first coming, order of names included."""
    found = []
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            value = line
        fields = (
            {key: shape(each) for key, each in value.items()} if isinstance(value, dict) else value
        )
        text = json.dumps(fields)
        if text not in found:
            found.append(text)
    return found


@pytest.mark.parametrize(("version", "said"), CASES)
def test_it_answers_as_ollama_did(kept: Any, version: str, said: dict[str, Any]) -> None:
    stand_in = kept(version)
    if said["name"] in FAULTS:
        fault, after = FAULTS[said["name"]]
        stand_in.tell(fault=fault, after=after)
    for name in ("tiny", "mid", "small"):
        stand_in.tell(model=name, token_ms=1.0, load_ms=0.0)
    if said["request"]["path"] == "/api/ps":
        loaded = '"name"' in said["lines"][0][1]
        _hold(stand_in, "tiny") if loaded else _hold(stand_in)
    heard = ask(stand_in.url, said)
    recorded = [text for _, text in said["lines"]]
    assert (heard.status, heard.kind) == (said["status"], said["type"])
    assert heard.complete is (said["end"] == "complete")
    if FAULTS.get(said["name"], ("", 0))[0] == "killed":
        # Its connections end a moment before its process does.
        stand_in.process.wait(5)
    if heard.status >= 400:
        assert [text.rstrip() for text in heard.lines] == recorded or "prompt_tokens" in str(
            recorded
        )
    else:
        assert shapes(heard.lines) == shapes(recorded)
    if said["end"] == "complete" and recorded and recorded[-1].startswith("{"):
        _ends_alike(json.loads(heard.lines[-1]), json.loads(recorded[-1]))


def _hold(stand_in: Any, *models: str) -> None:
    """Have these models in memory and no others."""
    url = f"{stand_in.url}/api/generate"
    for each in stand_in.resident:
        httpx.post(url, json={"model": each, "keep_alive": 0})
    while stand_in.resident:
        continue
    for each in models:
        httpx.post(url, json={"model": each, "keep_alive": -1})


def _ends_alike(heard: dict[str, Any], recorded: dict[str, Any]) -> None:
    for name in ("model", "done", "done_reason", "status", "error", "version"):
        if name == "error" and "n_prompt_tokens" in str(recorded.get(name)):
            continue
        found = heard.get(name)
        found = found.replace("/no-host/", "/tiny/") if isinstance(found, str) else found
        assert found == recorded.get(name)
    if recorded.get("done_reason") == "length":
        assert heard["eval_count"] == recorded["eval_count"]
    if recorded.get("eval_count") == 1:
        assert heard.get("eval_duration") == recorded.get("eval_duration")


def test_the_recordings_are_enough() -> None:
    found = [each for version in (NEW, OLD) for each in exchanges(version)]
    assert len(found) > 80
    asked = {each["request"]["path"].removeprefix("/api/") for each in found}
    assert asked >= {"generate", "chat", "show", "ps", "tags", "version", "pull"}
