"""The table, the parameters, and what a probe and a preflight find."""

import socket
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.plugin import Operation
from benchrace.worker.params import configuration
from benchrace_llamacpp.backend import LlamaCpp
from benchrace_llamacpp.config import LlamaCppConfig
from benchrace_llamacpp.coordinator.plan import context_of, slots_of
from benchrace_llamacpp.params import GenerateOptions, ServeOptions

from .harness import Bench, lane


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"port": 8080}, "8080"),
        ({"port": 0}, "port"),
        ({"models": ["gguf"]}, "not an absolute path"),
        ({"models": ["~nosuchuser/x"]}, "the home of '~nosuchuser/x' is unknown"),
        ({"rpc_host": "::1"}, "IPv4"),
        ({"rpc_host": "::ffff:0.0.0.0"}, "IPv4"),
        ({"rpc_host": "0.0.0.0"}, "name one address of this machine"),
        ({"rpc_host": "0"}, "name one address of this machine"),
        ({"rpc_host": "224.0.0.1"}, "name one address of this machine"),
        ({"rpc_arguments": ["-H", "0.0.0.0"]}, "rpc_arguments: '-H' is not accepted"),
        ({"rpc_arguments": ["-t", "1", "--host"]}, "set `rpc_host` instead"),
        ({"rpc_arguments": ["-p", "1"]}, "set `rpc_port` instead"),
        ({"rpc_arguments": ["--port=1"]}, "set `rpc_port` instead"),
        ({"arguments": ["--host", "0.0.0.0"]}, "arguments: '--host' is not accepted"),
        ({"arguments": ["--port", "1"]}, "set `port` instead"),
        ({"arguments": ["--api-key", "x"]}, "without a key"),
        ({"arguments": ["-m", "/x"]}, "each lane names its model"),
        ({"arguments": ["--model", "/x"]}, "each lane names its model"),
        ({"arguments": ["--rpc", "x"]}, "each lane names its workers"),
        ({"start_timeout_s": 0}, "start_timeout_s"),
        ({"llama_sever": "x"}, "llama_sever"),
    ],
)
def test_what_the_table_refuses(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        configuration(table, LlamaCppConfig)
    assert problem in str(raised.value)


def test_the_port_is_not_that_of_other_servers() -> None:
    assert LlamaCppConfig().port == 18080


def test_what_it_offers() -> None:
    assert {Operation.LEND, Operation.WRITE} <= set(LlamaCpp.operations())
    assert all(workload.spans for workload in LlamaCpp.workloads)


@pytest.mark.parametrize(
    ("params", "context"),
    [
        (GenerateOptions(), 4096),
        (GenerateOptions(num_ctx=2000), 2000),
        (GenerateOptions(prompt_tokens=8000, max_tokens=512), 13_312),
        (GenerateOptions(prompt="字" * 4000, max_tokens=16), 12_288),
        (GenerateOptions(system="字" * 4000, prompt="", max_tokens=16), 12_288),
    ],
)
def test_the_context_holds_prompt_and_answer(params: GenerateOptions, context: int) -> None:
    assert context_of(params) == context


def test_a_slot_for_each_stream() -> None:
    assert slots_of(GenerateOptions()) == 1
    assert slots_of(ServeOptions(concurrency=8)) == 8
    assert slots_of(ServeOptions(concurrency=8, slots=2)) == 2


@pytest.mark.anyio
async def test_a_probe_lists_builds_and_models(bench: Bench) -> None:
    probe = await bench.backend().probe(bench.context())
    assert probe.reachable
    assert probe.version == "b11434-0c1e570"
    assert [model.name for model in probe.models] == ["mid", "other"]
    assert probe.problems == ()
    assert bench.starts == 0


@pytest.mark.anyio
async def test_a_probe_without_the_programs_says_what_to_install(
    bench: Bench, tmp_path: Path
) -> None:
    nothing = str(tmp_path / "nothing")
    probe = await bench.backend(llama_server=nothing, rpc_server=nothing).probe(bench.context())
    assert not probe.reachable
    (problem,) = probe.problems
    assert problem.message == f"program not found: {nothing}"
    assert "brew install llama.cpp" in problem.remedy
    alone = await bench.backend(rpc_server=nothing).probe(bench.context())
    assert alone.reachable
    assert alone.problems[0].message.startswith("this machine cannot be a worker")


@pytest.mark.anyio
async def test_a_preflight_starts_nothing(bench: Bench) -> None:
    backend, context = bench.backend(), bench.context()
    assert (await backend.preflight(lane(), context)).ready
    unknown = await backend.preflight(lane(model="med"), context)
    assert unknown.fields[0].path == "model"
    assert "near names: mid" in unknown.fields[0].message
    long = await backend.preflight(lane(num_ctx=100, max_tokens=100), context)
    assert "exceed the context of 100" in long.fields[0].message
    assert bench.starts == 0


@pytest.mark.anyio
async def test_a_preflight_names_what_listens_on_the_port(bench: Bench) -> None:
    config = bench.config()
    backend = bench.backend(port=config.port)
    with socket.create_server(("127.0.0.1", config.port)):
        readiness = await backend.preflight(lane(), bench.context())
    (problem,) = readiness.problems
    assert f"port {config.port} is in use by process" in problem.message
