"""Language models through the whole product: a real llama.cpp, the command line, the log."""

import itertools
import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from tests.engine.llama_server import ROOT, Running, command, free_port, serving
from tests.engine.models import Models
from tests.flow.conftest import Shell, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

PROMPT = "bako remi kola tuva"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    return Models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory, models: Models) -> Iterator[Shell]:
    """Yield a fleet with one engine, for all tests that leave it as it was."""
    fleet = Shell(tmp_path_factory.mktemp("tiny"), token="a token of the tests")
    with engines(fleet, models, ("tiny", "f16")):
        try:
            fleet.serve()
            yield fleet
            fleet.stop()
        finally:
            fleet.end()


@contextmanager
def engines(shell: Shell, models: Models, *wanted: tuple[str, str]) -> Iterator[list[Running]]:
    """Serve models by shape and quantisation, and tell the agent of them as server-0, server-1."""
    with ExitStack() as stack:
        running = [stack.enter_context(serving(models.path(*model), slots=2)) for model in wanted]
        tables = [
            {"name": f"server-{number}", "base_url": server.url}
            for number, server in enumerate(running)
        ]
        configure(shell, tables)
        yield running


def configure(shell: Shell, tables: list[dict[str, Any]]) -> None:
    # JSON is YAML as well.
    (shell.root / "config/agent.yaml").write_text(json.dumps({"openai": tables}))


def arguments(kind: str, *lanes: str, rounds: int = 1, warmup: int = 1, **params: Any) -> list[str]:
    """Return the words that run lanes of this backend."""
    merged = {"prompt": PROMPT, **params}
    return [
        *("run", "--workload", kind, "--rounds", str(rounds), "--json"),
        *("--warmup", str(warmup)),
        *(part for name, value in merged.items() for part in ("-p", f"{name}={value}")),
        *(part for lane in lanes for part in ("--lane", f"backend=openai,{lane}")),
    ]


def run(shell: Shell, words: list[str]) -> dict[str, Any]:
    """Run it as a script would, and give the document."""
    done = shell.call(*words)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def values(lane: dict[str, Any], metric: str) -> list[float]:
    """Return a metric of all counted rounds."""
    return [
        measured["value"]
        for one in lane["rounds"]
        if not one["warmup"]
        for measured in one["measured"]
        if measured["metric"] == metric
    ]


def records(shell: Shell, lane: str | None = None, run: str = "*") -> list[dict[str, Any]]:
    """Return the records of all counted rounds, or of one lane's or one run's."""
    done = [event for event in shell.events(run) if event["type"] == "round_done"]
    return [
        record["payload"]["record"]
        for record in done
        if not record["payload"]["warmup"] and lane in (None, record["lane_id"])
    ]


def text(shell: Shell) -> str:
    """Return all text that was shown."""
    shown = [event["payload"]["text"] for event in shell.events() if event["type"] == "llm_token"]
    return "".join(shown)


def launched(models: Models, name: str, *model: str) -> dict[str, Any]:
    """Return the table of a server that does not run, with how to start it."""
    port = free_port()
    words = command(models.path(*model), port, context=2048, slots=1, alias="-".join(model))
    launch = {"command": words, "environment": {"PYTHONPATH": str(ROOT)}}
    return {"name": name, "base_url": f"http://127.0.0.1:{port}", "launch": launch}


def test_two_quantisations_of_a_model_race(shell: Shell, models: Models) -> None:
    quants = enumerate(("f16", "q8_0"))
    configure(shell, [launched(models, f"server-{i}", "slow", quant) for i, quant in quants])
    words = arguments(
        "llm_generate", "server=server-0", "model=slow-q8_0,server=server-1", rounds=5
    )
    done = run(shell, [*words, "-p", "max_tokens=32"])
    assert [lane["counted"] for lane in done["lanes"]] == [5, 5]
    for lane in done["lanes"]:
        assert values(lane, "gen_tokens") == [32] * 5
        client, engine = values(lane, "gen_tokens_per_s"), values(lane, "engine_gen_tokens_per_s")
        apart = [abs(c - e) / e for c, e in zip(client, engine, strict=True)]
        assert statistics.median(apart) < 0.02
    stored = records(shell)
    assert {record["engine"]["quantization"] for record in stored} == {"F16", "Q8_0"}
    assert {record["engine"]["name"] for record in stored} == {"llama-server"}
    assert {record["engine"]["host"] for record in stored} == {None}
    assert {(record["cache"], record["cache_proof"]) for record in stored} == {
        ("warm-unique", "engine")
    }
    # One was stopped before the other began.
    assert "memory_shared" not in json.dumps(done)


def test_two_streams_share_two_slots(shell: Shell, models: Models) -> None:
    with engines(shell, models, ("slow", "q8_0")):
        sizes = {"max_tokens": 24, "concurrency": 2, "requests": 4}
        done = run(shell, arguments("llm_serve", "server=server-0", rounds=2, warmup=0, **sizes))
    (lane,) = done["lanes"]
    assert lane["counted"] == 2
    assert values(lane, "answers") == [4, 4]
    for record in records(shell):
        answers = record["answers"]
        assert [answer["usage"]["output"] for answer in answers] == [24] * 4
        assert record["cache"] == "warm-unique"
        pairs = itertools.combinations(answers, 2)
        assert any(a["first_ns"] < b["last_ns"] and b["first_ns"] < a["last_ns"] for a, b in pairs)


def fails(
    fleet: Shell,
    words: list[str],
    engine: Callable[[], None],
    after: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Interfere with the engine once text arrives, and return the error of the round.

    `after` is called once the round has failed.
    """
    process = fleet.start(*words)
    wait_until(lambda: len(text(fleet)) > 20, "text")
    engine()
    wait_until(lambda: fleet.rounds() == 1, "the end of the round")
    after()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1, err
    (done,) = (event["payload"] for event in fleet.events() if event["type"] == "round_done")
    (ended,) = (event["payload"] for event in fleet.events() if event["type"] == "job_error")
    assert ended["category"] == done["error"]["category"]
    error: dict[str, Any] = done["error"]
    return error


def test_an_engine_that_is_killed_harms_no_later_job(fleet: Shell, models: Models) -> None:
    with engines(fleet, models, ("slow", "q8_0"), ("tiny", "f16")) as (dying, _):
        fleet.serve()
        words = arguments("llm_generate", "server=server-0", warmup=0, max_tokens=900)
        error = fails(fleet, words, dying.kill)
        assert error["category"] == "ended_early"
        assert error["remedy"]
        again = run(fleet, arguments("llm_generate", "server=server-1", max_tokens=8))
        assert again["lanes"][0]["counted"] == 1
        fleet.stop()


def test_an_engine_that_hangs_is_left_after_its_limit(fleet: Shell, models: Models) -> None:
    with engines(fleet, models, ("slow", "q8_0")) as (frozen,):
        fleet.serve()
        words = arguments("llm_generate", "server=server-0", warmup=0, max_tokens=900, idle_s=1)
        error = fails(fleet, words, frozen.freeze, frozen.thaw)
        assert error["category"] == "timeout_idle"
        again = run(fleet, arguments("llm_generate", "server=server-0", max_tokens=8))
        assert again["lanes"][0]["counted"] == 1
        fleet.stop()


def test_a_cold_round_starts_its_engine(shell: Shell, models: Models) -> None:
    configure(shell, [launched(models, "server-0", "tiny")])
    lane = "server=server-0,residence=cold"
    done = run(shell, arguments("llm_generate", lane, rounds=2, max_tokens=8))
    assert done["lanes"][0]["counted"] == 2
    for record in records(shell):
        assert (record["cache"], record["load_source"]) == ("cold-load", "client")
        assert 10_000_000 < record["load_ns"] < 30_000_000_000


def test_identical_prompts_hit_only_where_they_may(tiny: Shell) -> None:
    lanes = ("server=server-0,prefix=shared", "server=server-0,prefix=unique")
    done = run(tiny, arguments("llm_generate", *lanes, rounds=5, max_tokens=8))
    assert [lane["counted"] for lane in done["lanes"]] == [5, 5]
    shared, unique = (records(tiny, f"lane-{number}", done["run_id"]) for number in range(2))
    assert [record["cache"] for record in shared] == ["prefix-hit"] * 5
    # The last token of a prompt is always evaluated.
    counts = [record["answer"]["usage"] for record in shared]
    assert all(usage["cached"] == usage["prompt"] - 1 for usage in counts)
    assert [record["cache"] for record in unique] == ["warm-unique"] * 5
    assert [record["answer"]["usage"]["cached"] for record in unique] == [0] * 5


@pytest.mark.parametrize("kind", ["llm_generate", "llm_serve"])
def test_stamps_and_numbers_derive_again_to_what_they_were(tiny: Shell, kind: str) -> None:
    own: dict[str, dict[str, Any]] = {
        "llm_generate": {"perplexity": "true"},
        "llm_serve": {"requests": 4, "concurrency": 2},
    }
    done = run(tiny, arguments(kind, "label=one", rounds=2, max_tokens=40, **own[kind]))
    (lane,) = done["lanes"]
    assert lane["text"]["timing_source"]
    assert (kind == "llm_serve") or values(lane, "perplexity")[0] > 1
    result = tiny.call("runs", "derive", done["run_id"], "--json")
    assert result.returncode == 0, result.stderr
    derivation = json.loads(result.stdout)
    assert (derivation["changes"], derivation["problems"], derivation["rounds"]) == ([], [], 3)
    assert derivation["restamped"] == {"same": 3, "different": 0, "unknown": 0, "reasons": []}
