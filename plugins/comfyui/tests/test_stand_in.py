"""The stand-in behaves as the recordings: the same answers, and the same messages in order."""

import json
import threading
import uuid
from base64 import b64decode
from typing import Any
from urllib.error import HTTPError

import httpx
import pytest
from websockets.sync.client import connect

from benchrace.testing.limits import HANG_S

from .harness import LITE, StandIn, recording

pytestmark = pytest.mark.slow
# The wording of these is not needed, and not imitated.
LEFT_OUT = (
    "link",
    "cycle",
    "output slot",
    "image filename",
    "node without class_type",
    "prompt is a list",
    "node is a string",
    "node without inputs",
    "number not a number",
    "type mismatch",
)


def version_of(at: StandIn) -> str:
    return str(at.ask("/system_stats")["system"]["comfyui_version"])


def posted(at: StandIn, data: bytes) -> tuple[int, Any]:
    """Post a prompt as it is; return status and body."""
    import urllib.request

    try:
        with urllib.request.urlopen(
            urllib.request.Request(f"{at.url}/prompt", data=data), timeout=HANG_S
        ) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            text = error.read().decode()
        return error.code, json.loads(text) if text.startswith("{") else text


def kinds(body: Any) -> Any:
    """Return what is wrong by node: types, messages and details, in any order."""
    nodes = {
        node: sorted((error["type"], error["details"]) for error in part["errors"])
        for node, part in body["node_errors"].items()
    }
    error = body.get("error", {})
    return error.get("type"), error.get("message"), nodes


def test_refusals_are_those_of_the_recording(either: StandIn) -> None:
    compared = 0
    for entry in recording(version_of(either))["exchanges"]:
        if any(part in entry["tag"] for part in LEFT_OUT):
            continue
        raw = entry["raw"] if entry["raw"] is not None else json.dumps(entry["body"])
        status, body = posted(either, raw.encode())
        assert status == entry["status"], entry["tag"]
        if entry["answer"] is None:
            assert body == entry["text"], entry["tag"]
        else:
            assert kinds(body) == kinds(entry["answer"]), entry["tag"]
        compared += 1
    assert compared > 12


def graph(seed: int, steps: int = 4) -> dict[str, Any]:
    """Return the recorded graph of a warm run, with a seed and steps."""
    entry = next(one for one in recording("0.33.0")["prompts"] if one["tag"].startswith("warm"))
    nodes = json.loads(json.dumps(recording("0.33.0")["graphs"][entry["graph"]]))
    nodes["3"]["inputs"] |= {"seed": seed, "steps": steps}
    assert nodes["4"]["inputs"]["ckpt_name"] == LITE
    return dict(nodes)


def types(frames: list[Any]) -> list[str]:
    """Return the types of messages in order, those of progress once."""
    names = [frame["type"] for frame in frames]
    return [name for at, name in enumerate(names) if name != "progress" or names[at - 1] != name]


def messages(at: StandIn, nodes: dict[str, Any]) -> list[Any]:
    """Run a graph and return what its client's socket receives, to the last message."""
    client = str(uuid.uuid4())
    frames = []
    with connect(f"ws://127.0.0.1:{at.port}/ws?clientId={client}") as socket:
        json.loads(socket.recv(HANG_S))
        body = {"prompt": nodes, "client_id": client}
        threading.Thread(target=at.ask, args=("/prompt", body)).start()
        while True:
            frames.append(json.loads(socket.recv(HANG_S)))
            last = frames[-1]
            if last["type"] == "executing" and last["data"]["node"] is None:
                return frames


def test_messages_come_in_the_recorded_order(either: StandIn) -> None:
    recorded = {entry["tag"]: entry for entry in recording(version_of(either))["prompts"]}
    messages(either, graph(1))
    for tag, seed in (("warm, new seed", 2), ("identical to previous", 2)):
        wanted = types([frame for _, frame in recorded[tag]["frames"]])
        assert types(messages(either, graph(seed))) == wanted, tag


def test_a_hit_repeats_the_old_file(stand_in: StandIn) -> None:
    first = messages(stand_in, graph(31))
    files = stand_in.tell()["files"]
    again = messages(stand_in, graph(31))
    (one, other) = (
        next(frame["data"]["output"] for frame in frames if frame["type"] == "executed")
        for frames in (first, again)
    )
    assert one == other
    assert stand_in.tell()["files"] == files


@pytest.mark.parametrize("body", [b"{", b"", b"null"])
def test_what_it_cannot_read_is_a_500_without_json(stand_in: StandIn, body: bytes) -> None:
    status, text = posted(stand_in, body or b" ")
    assert status == 500
    assert str(text).startswith("500 Internal Server Error")


def test_uploads_are_answered_as_was_recorded(stand_in: StandIn) -> None:
    """A name that is taken by other content gets a number, and folders are not left."""
    compared = 0
    for entry in recording(version_of(stand_in))["uploads"]:
        form = entry["form"]
        fields = {field["name"]: field["value"] for field in form if "value" in field}
        files = {
            field["name"]: (field["filename"], b64decode(field["base64"]))
            for field in form
            if "base64" in field
        }
        # A form without a file is sent as one nevertheless.
        sent = files or {"other": (None, b"x")}
        answer = httpx.post(
            f"{stand_in.url}/upload/image", data=fields, files=sent, timeout=HANG_S, trust_env=False
        )
        assert answer.status_code == entry["status"], entry["tag"]
        assert (answer.json() if answer.content else None) == entry["answer"], entry["tag"]
        compared += 1
    assert compared > 6
