"""Races of models on a stand-in for Ollama: through the real command line, agent and worker."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from benchrace.testing.limits import HANG_S
from tests.flow.conftest import Shell

HERE = Path(__file__).parents[2] / "plugins/ollama/tests"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]
RACE = ("run", "--workload", "llm_generate", "-p", "max_tokens=40", "-p", "prompt=bako remi")


class StandIn:
    """The stand-in, on a port of its own."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stand_in"],
            cwd=HERE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def tell(self, **settings: Any) -> dict[str, Any]:
        """Set a fault or a model; gives what it was asked."""
        data = json.dumps(settings).encode() if settings else None
        with urlopen(Request(f"{self.url}/_stand_in", data=data), timeout=HANG_S) as answer:
            answers: dict[str, Any] = json.loads(answer.read())
        return answers


@pytest.fixture
def stand_in(shell: Shell) -> Iterator[StandIn]:
    started = StandIn()
    shell.env["OLLAMA_BASE_URL"] = started.url
    yield started
    started.process.kill()
    started.process.wait()
    assert started.process.stdout is not None
    started.process.stdout.close()


def lanes(*models: str) -> list[str]:
    return [word for model in models for word in ("--lane", f"backend=ollama,model={model}")]


def events(shell: Shell, kind: str) -> list[dict[str, Any]]:
    """All events of a kind in the run's log."""
    matching = []
    for path in sorted((shell.data / "runs").glob("*/*.ndjson")):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        matching += [line for line in lines if line.get("type") == kind]
    return matching


def test_two_models_race(shell: Shell, stand_in: StandIn) -> None:
    stand_in.tell(model="tiny", token_ms=4.0)
    # Far slower, so that it also is on a computer that other tests keep busy.
    stand_in.tell(model="small", token_ms=40.0)
    done = shell.call(*RACE, "--rounds", "3", *lanes("tiny", "small"))
    assert done.returncode == 0, done.stderr
    (fast,) = (line for line in done.stdout.splitlines() if line.startswith("1st"))
    assert "tiny" in fast
    records = [event["payload"]["record"] for event in events(shell, "round_done")]
    assert {record["engine"]["version"] for record in records} == {"0.33.0-rc2"}
    assert {record["cache"] for record in records} == {"warm-unique"}
    requests = stand_in.tell()["asked"]
    # Beside the rounds it is asked for one token, to see that it is idle.
    prompts = [
        request["prompt"] for request in requests if request.get("prompt") not in (None, "", ".")
    ]
    assert len(set(prompts)) == len(prompts) == 8
    assert shell.processes() == []


def test_the_backend_that_has_the_model_is_found_by_a_probe(
    shell: Shell, stand_in: StandIn
) -> None:
    done = shell.call(*RACE, "-p", "model=tiny", "--dry-run", "--json")
    assert done.returncode == 0, done.stderr
    assert [lane["backend"] for lane in json.loads(done.stdout)["lanes"]] == ["ollama"]


def test_a_cold_race_unloads_before_each_round(shell: Shell, stand_in: StandIn) -> None:
    params = ("-p", "residence=cold", "--rounds", "2", "--warmup", "0")
    done = shell.call(*RACE, *params, *lanes("tiny"))
    assert done.returncode == 0, done.stderr
    requests = stand_in.tell()["asked"]
    kinds = ["unload" if request.get("keep_alive") == 0 else "load" for request in requests]
    kinds = [
        "answer" if request.get("prompt") else kind
        for request, kind in zip(requests, kinds, strict=True)
    ]
    assert kinds == ["unload", "load", "answer"] * 2
    records = [event["payload"]["record"] for event in events(shell, "round_done")]
    assert all(record["load_ns"] >= 250_000_000 for record in records)
    assert {record["cache"] for record in records} == {"cold-load"}


def test_lanes_that_fail_leave_the_others_unharmed(shell: Shell, stand_in: StandIn) -> None:
    faults = ["error-line", "no-done", "malformed", "hang-middle", "zero-tokens"]
    models = [f"fault-{fault}" for fault in faults]
    params = ("-p", "idle_s=1", "-p", "first_token_s=5", "--rounds", "1", "--warmup", "0")
    done = shell.call(*RACE, *params, *lanes(*models, "tiny"))
    assert done.returncode == 1
    output = " ".join(done.stdout.split() + done.stderr.split())
    assert "31 times" in output
    assert "Ollama's log" in output
    (first,) = (line for line in done.stdout.splitlines() if line.startswith("1st"))
    assert "tiny" in first
    # A machine that is busy with much else makes it suspect, and no fault of the others invalid.
    assert "INVALID" not in first
    text = "".join(event["payload"]["text"] for event in events(shell, "llm_token"))
    assert text.count("a" * 31) == 1
    assert shell.processes() == []


def test_a_server_that_is_killed_ends_one_run_and_not_the_next(
    shell: Shell, stand_in: StandIn
) -> None:
    stand_in.tell(fault="killed")
    params = ("--rounds", "1", "--warmup", "0")
    done = shell.call(*RACE, *params, *lanes("tiny"))
    assert done.returncode == 1
    assert len(events(shell, "llm_token")) > 0
    again = StandIn()
    try:
        shell.env["OLLAMA_BASE_URL"] = again.url
        well = shell.call(*RACE, *params, *lanes("tiny"))
        assert well.returncode == 0, well.stderr
    finally:
        again.process.terminate()
        again.process.communicate()
    assert shell.processes() == []


def test_what_is_not_ready_is_refused_with_its_remedy(shell: Shell, stand_in: StandIn) -> None:
    done = shell.call(*RACE, *lanes("nothing", "tiny,num_ctx=9999"))
    assert done.returncode == 2
    assert "ollama pull nothing" in done.stderr
    assert "lanes[1].params.num_ctx" in done.stderr
    stand_in.process.kill()
    away = shell.call(*RACE, *lanes("tiny"))
    assert away.returncode == 2
    assert "ollama serve" in away.stderr


def test_a_mock_is_shown_only_where_it_was_asked_for(shell: Shell, stand_in: StandIn) -> None:
    params = ("--rounds", "1", "--warmup", "0", "-p", "fallback=mock")
    done = shell.call(*RACE, *params, *lanes("nothing", "tiny"))
    assert done.returncode == 1
    (first,) = (line for line in done.stdout.splitlines() if line.startswith("1st"))
    assert "tiny" in first
    records = [event["payload"]["record"] for event in events(shell, "round_done")]
    assert [record["simulated"] for record in records] == [True, False]
