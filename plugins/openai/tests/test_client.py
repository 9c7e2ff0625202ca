"""What a server says of itself: which it is, what it has, and whether a lane can start there."""

import json
import socket
from pathlib import Path
from typing import Any

import anyio
import pytest

from benchrace.plugin import BenchraceError, Category, Fallback, Residence, TextLane
from benchrace.testing import RecordingContext
from benchrace.testing.limits import HANG_S
from benchrace_openai.client import OpenAIClient
from benchrace_openai.config import Engine
from benchrace_openai.server.choice import choose
from benchrace_openai.server.probing import alias_of

from .stand_in import Answers, StandIn, backend, context, lane, table

pytestmark = pytest.mark.anyio

CONTROL = json.loads((Path(__file__).parent / "recordings/control.json").read_bytes())
MODELS = "/v1/models"


def replayed(engine: str) -> Answers:
    recordings = CONTROL[engine]

    def answers(path: str, body: Any) -> tuple[int, Any]:
        result = recordings.get(path, {"status": 404, "body": {"detail": "Not Found"}})
        return result["status"], result["body"]

    return answers


def models(*ids: str, **more: Any) -> dict[str, Any]:
    return {"object": "list", "data": [{"id": model_id, **more} for model_id in ids]}


@pytest.mark.parametrize(
    ("answers", "header", "engine", "version"),
    [
        (replayed("llama-server"), "llama.cpp", Engine.LLAMA_SERVER, "b0-unknown"),
        (replayed("llama-cpp-python"), "uvicorn", Engine.GENERIC, None),
        (
            table({MODELS: models("m", owned_by="vllm"), "/version": {"version": "0.11"}}),
            "uvicorn",
            Engine.VLLM,
            "0.11",
        ),
        (
            table({MODELS: models("m"), "/get_server_info": {"version": "0.5"}}),
            "uvicorn",
            Engine.SGLANG,
            "0.5",
        ),
        (table({MODELS: models("m"), "/api/v0/models": models("m")}), "", Engine.LMSTUDIO, None),
        (table({MODELS: models("m")}), "BaseHTTP/0.6 Python/3.12", Engine.MLX, None),
        # LM Studio answers every path, with an error that is no error.
        (
            lambda path, body: (200, models("m") if path == MODELS else {"error": "unexpected"}),
            "",
            Engine.GENERIC,
            None,
        ),
        (table({MODELS: models("m")}), "", Engine.GENERIC, None),
    ],
)
async def test_a_server_is_known_by_what_only_it_says(
    answers: Answers, header: str, engine: Engine, version: str | None
) -> None:
    async with StandIn(answers, header).served() as server, context() as recording:
        made_backend = backend({"base_url": server.url})
        result = await OpenAIClient(made_backend.servers[0], recording).identify()
        assert (result.engine, result.version) == (engine, version)
        probe = await made_backend.probe(recording)
        assert probe.reachable
        assert probe.problems == ()


async def test_a_probe_tells_models_as_far_as_they_are_known() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        (model,) = (await backend({"base_url": server.url}).probe(recording)).models
    assert (model.name, model.quantization) == ("/models/tiny-f16.gguf", "F16")
    assert (model.size, model.parameters, model.slots) == (5724160, 2859776, 2)
    assert model.context_length == 4096
    assert model.digest is None
    assert model.loaded is not None
    assert model.loaded.context == 2048


async def test_a_stopped_server_with_a_start_command_is_offered_to_lanes() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        down = "http://127.0.0.1:9"
        command = ["llama-server", "-m", "m.gguf"]
        tables = [
            {"name": "up", "base_url": server.url, "launch": {"command": command}},
            {"name": "f16", "base_url": down, "launch": {"command": command}},
            {"name": "q8", "base_url": down, "launch": {"command": [*command, "-a", "small,s"]}},
            {"name": "unit", "base_url": down, "launch": {"unit": "llama"}},
            {"name": "remote", "base_url": down},
        ]
        probe = await backend({"servers": tables}).probe(recording)
    assert [(one.name, one.params) for one in probe.startable] == [
        ("f16", {"server": "f16"}),
        ("small", {"server": "q8", "model": "small"}),
        ("unit", {"server": "unit"}),
    ]


@pytest.mark.parametrize(
    ("command", "alias"),
    [
        (["llama-server", "-a", "one"], "one"),
        (["/opt/llama-server", "--alias=one,two"], "one"),
        (["vllm", "serve", "x/y", "--served-model-name", "one"], "one"),
        (["docker", "run", "-a", "stdout"], ""),
        (["llama-server", "-a"], ""),
        ([], ""),
    ],
)
def test_a_start_command_names_its_model(command: list[str], alias: str) -> None:
    assert alias_of(command) == alias


async def test_one_server_of_two_that_is_down_is_a_problem() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        tables = [
            {"name": "up", "base_url": server.url},
            {"name": "down", "base_url": "http://127.0.0.1:9"},
        ]
        probe = await backend({"servers": tables}).probe(recording)
    assert probe.reachable
    assert len(probe.models) == 1
    assert ["down cannot be reached" in problem.message for problem in probe.problems] == [True]


async def test_a_server_that_hangs_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchrace_openai.server.probing._LIMIT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hangs = f"http://127.0.0.1:{silent.getsockname()[1]}"
        async with StandIn(table({MODELS: models("a")})).served() as server, context() as recording:
            tables = [
                {"name": "hangs", "base_url": hangs},
                {"name": "well", "base_url": server.url},
            ]
            with anyio.fail_after(HANG_S):
                probe = await backend({"servers": tables}).probe(recording)
    assert [model.name for model in probe.models] == ["a"]
    (problem,) = probe.problems
    assert problem.message == "hangs did not answer /v1/models within 0.3 s"


async def test_without_a_name_it_is_the_server_that_has_the_model() -> None:
    one = StandIn(table({MODELS: models("a")}))
    other = StandIn(table({MODELS: models("b")}))
    async with one.served() as first, other.served() as second, context() as recording:
        tables = [
            {"name": "down", "base_url": "http://127.0.0.1:9"},
            {"name": "one", "base_url": first.url},
            {"name": "other", "base_url": second.url},
        ]
        openai = backend({"servers": tables})
        for model, server in (("a", "one"), ("b", "other"), ("c", "down"), ("", "down")):
            chosen = await choose(openai.servers, "", model, recording)
            assert chosen is not None
            assert chosen.name == server
        assert (await openai.preflight(lane(model="b"), recording)).ready
        assert not (await openai.preflight(lane(model="b", server="one"), recording)).ready


async def test_no_table_is_no_server_and_says_how_to_give_one() -> None:
    async with context() as recording:
        probe = await backend(None).probe(recording)
        result = await backend(None).preflight(lane(), recording)
    assert not probe.reachable
    assert "base_url" in probe.problems[0].remedy
    assert result.problems == probe.problems


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"model": "no-such-model"}, "model: b has no model 'no-such-model'; it has: /models/tiny"),
        ({"max_tokens": 2048}, "max_tokens: 2048 tokens exceed the context of 2048 of b"),
        ({"num_ctx": 4096}, "num_ctx is 4096, but b has a context of 2048 tokens"),
        ({"residence": Residence.COLD}, "b (llama-server) cannot unload its model"),
        ({"server": "a"}, "server: unknown server 'a'; configured: b"),
    ],
)
async def test_what_stands_in_the_way_is_said(params: dict[str, Any], words: str) -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        result = await backend({"name": "b", "base_url": server.url}).preflight(
            lane(**params), recording
        )
    messages = [*map(str, result.fields), *(problem.message for problem in result.problems)]
    assert len(messages) == 1
    assert words in messages[0]


@pytest.mark.parametrize(
    "params",
    [{}, {"model": "/models/tiny-f16.gguf", "num_ctx": 2048}],
)
async def test_a_good_lane_is_ready(params: dict[str, Any]) -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        assert (await backend({"base_url": server.url}).preflight(lane(**params), recording)).ready


async def test_a_server_that_loads_is_ready_and_is_waited_for() -> None:
    tries = 0

    def loading(path: str, body: Any) -> tuple[int, Any]:
        nonlocal tries
        tries += 1
        if tries < 4:
            error = {"message": "Loading model", "type": "unavailable_error", "code": 503}
            return 503, {"error": error}
        return replayed("llama-server")(path, body)

    async with StandIn(loading).served() as server, context() as recording:
        openai = backend({"base_url": server.url})
        assert (await openai.preflight(lane(), recording)).ready
        loaded = await openai.open_lane(lane(), recording).load()
        assert loaded.source == "client"
        assert loaded.ns is not None
        assert loaded.ns > 50_000_000
        assert recording.steps[-1][2] == "s of waiting"


async def test_a_mock_may_stand_in_for_a_server_that_is_down() -> None:
    async with context() as recording:
        openai = backend({"base_url": "http://127.0.0.1:9"})
        assert not (await openai.preflight(lane(), recording)).ready
        assert (await openai.preflight(lane(fallback=Fallback.MOCK), recording)).ready


async def test_facts_name_what_was_asked_and_what_was_not_said() -> None:
    async with StandIn(replayed("llama-server")).served() as server, context() as recording:
        openai = backend({"base_url": server.url})
        facts = await openai.open_lane(lane(), recording).facts()
        assert facts.host is None
        settings = facts.settings
        assert (settings["n_ctx"], settings["total_slots"], settings["top_k"]) == (2048, 2, 40)
        assert len(str(settings["chat_template_sha256"])) == 64
        assert "not_said_to_the_engine" not in settings
        assert facts.digest is None
        assert "no digest" in str(settings["digest_unknown"])


def opened(url: str, recording: RecordingContext, **params: Any) -> TextLane:
    """Return the object of a lane on the server at `url`."""
    return backend({"base_url": url}).open_lane(lane(**params), recording)


class Picky:
    """A server of the API alone that refuses fields; the trial is not streamed to its end."""

    def __init__(self, refused: set[str], *, named: bool) -> None:
        self.refused = refused
        self.named = named

    def __call__(self, path: str, body: Any) -> tuple[int, Any]:
        if path == "/v1/models":
            return 200, models("m", owned_by="vllm")
        if not path.startswith("/v1/"):
            return 404, {}
        bad = sorted(self.refused & set(body))
        if not bad:
            return 200, {"choices": []}
        words = f"extra fields not permitted: {bad[0]}" if self.named else "bad request"
        return 400, {"error": {"message": words}}


async def test_fields_that_a_server_names_are_left_out_openly() -> None:
    picky = Picky({"min_p", "ignore_eos"}, named=True)
    async with StandIn(picky).served() as server, context() as recording:
        facts = await opened(server.url, recording).facts()
    assert facts.settings["refused_by_the_engine"] == "ignore_eos, min_p"
    assert facts.settings["not_said_to_the_engine"] == "ignore_eos"
    assert "min_p" not in facts.settings
    assert facts.settings["top_k"] == 40
    assert [level for level, _ in recording.logs] == ["warning", "warning"]


async def test_fields_that_nobody_names_are_left_out_together() -> None:
    picky = Picky({"stream_options"}, named=False)
    async with StandIn(picky).served() as server, context() as recording:
        facts = await opened(server.url, recording).facts()
        sent = [body for path, body in server.requests if path == "/v1/chat/completions"][-1]
    assert set(sent) == {"model", "messages", "stream", "max_tokens"}
    assert "temperature" in str(facts.settings["not_said_to_the_engine"])


@pytest.mark.parametrize(
    "words",
    [
        "body.stream_options.continuous_usage_stats: extra inputs are not permitted",
        "stream_options: unexpected keyword",
        "bad request",
    ],
)
async def test_a_server_that_refuses_counts_by_chunk_still_tells_its_usage(words: str) -> None:
    def answers(path: str, body: Any) -> tuple[int, Any]:
        if path == "/v1/models":
            return 200, models("m", owned_by="vllm")
        if not path.startswith("/v1/"):
            return 404, {}
        refused = "continuous_usage_stats" in body["stream_options"]
        return (400, {"error": {"message": words}}) if refused else (200, {"choices": []})

    async with StandIn(answers).served() as server, context() as recording:
        facts = await opened(server.url, recording).facts()
        sent = [body for path, body in server.requests if path == "/v1/chat/completions"][-1]
    assert sent["stream_options"] == {"include_usage": True}
    assert sent["ignore_eos"] is True
    assert facts.settings["refused_by_the_engine"] == "continuous_usage_stats"


async def test_a_newer_name_of_the_length_is_taken_where_the_older_is_refused() -> None:
    picky = Picky({"max_tokens"}, named=True)
    async with StandIn(picky).served() as server, context() as recording:
        facts = await opened(server.url, recording, max_tokens=9).facts()
    assert facts.settings["max_completion_tokens"] == 9
    assert "max_tokens" not in facts.settings


async def test_a_server_that_refuses_everything_is_a_failure() -> None:
    picky = Picky({"messages"}, named=False)
    async with StandIn(picky).served() as server, context() as recording:
        with pytest.raises(BenchraceError) as raised:
            await opened(server.url, recording).facts()
    assert raised.value.category is Category.VALIDATION
    assert "bad request" in raised.value.message


async def test_a_key_is_sent_and_never_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVER_KEY", "sk-of-the-environment")

    def keyed(path: str, body: Any) -> tuple[int, Any]:
        return 401, {"error": {"message": "Invalid API Key"}}

    async with StandIn(keyed).served() as server, context() as recording:
        openai = backend({"base_url": server.url, "api_key_env": "SERVER_KEY"})
        result = await openai.preflight(lane(), recording)
        assert "authorization: Bearer sk-of-the-environment" in server.heads[0]
        assert "api_key" in result.problems[0].remedy
        assert "sk-of" not in f"{result} {recording.logs} {openai.servers} {openai.settings}"


async def test_a_server_that_takes_the_connection_and_says_nothing_is_not_unreachable() -> None:
    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as silent:
        port = silent.extra(anyio.abc.SocketAttribute.local_port)
        server = backend({"base_url": f"http://127.0.0.1:{port}"}).servers[0]
        async with context() as asking:
            with pytest.raises(BenchraceError) as raised:
                await OpenAIClient(server, asking, timeout_s=0.3).get(MODELS)
        assert raised.value.category is Category.TIMEOUT_FIRST
