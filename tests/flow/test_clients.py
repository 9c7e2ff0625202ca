"""One lane whose load two agents make together, against one server."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchrace.testing.limits import HANG_S
from tests.engine.llama_server import free_port
from tests.flow.conftest import LIMIT, Shell, wait_until
from tests.flow.kills import jobs_of
from tests.flow.streaming_server import MODEL, StreamingServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

OWN, OTHER = "one", "two"
REQUESTS, TOKENS = 24, 8


@pytest.fixture(scope="module")
def server() -> Iterator[StreamingServer]:
    with StreamingServer().serving() as serving:
        yield serving


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory, server: StreamingServer) -> Iterator[Shell]:
    """Yield a central with two agents on this host, both of which know the server."""
    fleet = Shell(tmp_path_factory.mktemp("fleet"), token="a token of the tests")
    (fleet.root / "config/agent.yaml").write_text(json.dumps({"openai": {"base_url": server.url}}))
    fleet.serve(OWN, OTHER)
    yield fleet
    for process in fleet.processes():
        process.kill()


def words(*extra: str, rounds: int = 2, warmup: int = 0) -> list[str]:
    """Return the words that run one lane of both machines."""
    return [
        *(
            "run",
            "--workload",
            "llm_serve",
            "--rounds",
            str(rounds),
            "--warmup",
            str(warmup),
            "--json",
        ),
        *("--lane", f"machine={OWN},backend=openai,clients={OTHER}"),
        *("-p", f"model={MODEL}", "-p", f"max_tokens={TOKENS}", "-p", f"requests={REQUESTS}"),
        *("-p", "concurrency=16", "-p", "prompt=greetings", *extra),
    ]


def constant(rate: float) -> list[str]:
    return ["-p", "arrival=constant", "-p", f"rate={rate}"]


class Started:
    """A run that was started and goes on."""

    def __init__(self, fleet: Shell, arguments: list[str]) -> None:
        before = set((fleet.data / "runs").glob("*"))
        self._fleet = fleet
        self.process = fleet.start(*arguments)
        wait_until(lambda: bool(set((fleet.data / "runs").glob("*")) - before), "a run")
        (self.folder,) = set((fleet.data / "runs").glob("*")) - before

    def events(self, kind: str, machine: str | None = None) -> list[dict[str, Any]]:
        path = self.folder / "events.ndjson"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        events = (json.loads(line) for line in lines)
        return [
            event
            for event in events
            if event["type"] == kind and machine in (None, event["machine_id"])
        ]

    def worker(self, machine: str) -> int:
        """Return the process that measures on a machine, once it has begun a counted round."""
        began = "a counted round"
        wait_until(
            lambda: any(
                not event["payload"]["warmup"] for event in self.events("round_start", machine)
            ),
            began,
            0.01,
        )
        (job,) = (
            job
            for job in jobs_of(self._fleet, self.folder)
            if json.loads((job / "job.json").read_bytes())["spec"]["machine_id"] == machine
        )
        return int(json.loads((job / "worker.json").read_bytes())["pid"])

    def over(self) -> tuple[int, dict[str, Any]]:
        """Wait for the end; give the exit status and the document."""
        try:
            out, _ = self.process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return self.process.returncode, json.loads(out)


def figures(lane: dict[str, Any], number: int) -> dict[str, dict[str, Any]]:
    """Return the numbers of a round, by metric."""
    (round_,) = (one for one in lane["rounds"] if one["round"] == number)
    return {figure["metric"]: figure for figure in round_["measured"]}


def test_two_clients_are_one_lane_whose_counts_are_the_unions(
    fleet: Shell, server: StreamingServer
) -> None:
    begun = len(server.prompts)
    started = Started(fleet, words("-p", "arrival=poisson", "-p", "rate=80", warmup=1))
    status, run = started.over()
    assert status == 0
    (lane,) = run["lanes"]
    assert (lane["counted"], [client["machine_id"] for client in lane["clients"]]) == (2, [OTHER])
    done = [event for event in started.events("round_done") if not event["payload"]["warmup"]]
    for number in (1, 2):
        parts = [event["payload"]["record"] for event in done if event["round"] == number]
        answers = [answer for part in parts for answer in part["answers"]]
        measured = figures(lane, number)
        assert len(parts) == 2
        assert len(answers) == REQUESTS == measured["answers"]["value"]
        assert measured["gen_tokens"]["value"] == REQUESTS * TOKENS
        assert measured["throughput_tokens_per_s"]["numerator"] == REQUESTS * TOKENS
        totals = sorted((a["last_ns"] - a["send_ns"]) / 1e6 for a in answers)
        assert measured["total_p50_ms"]["value"] == totals[11]
        assert measured["asked_per_s"]["value"] > 0
        assert measured["sent_per_s"]["value"] > 0
        assert measured["icl_p50_ms"]["value"] > 0
    # Every heat began at one instant, and no prompt was sent twice.
    assert [heat["spread_ns"] is not None for heat in run["heats"]] == [True, True]
    prompts = server.prompts[begun:]
    whole = [prompt for prompt in prompts if prompt.endswith("greetings")]
    assert len(whole) == len(set(whole)) >= 3 * REQUESTS
    assert len(set(server.seeds[begun:])) >= 2
    loads = {client["machine_id"]: client for client in lane["client_loads"]}
    assert sum(client["requests"] for client in loads.values()) == 2 * REQUESTS
    assert all(client["rounds"] == 2 for client in loads.values())


def test_a_slowed_client_makes_its_round_suspect(fleet: Shell, server: StreamingServer) -> None:
    # Slow enough that most requests are still to come when the test sees that the round began.
    started = Started(fleet, words(*constant(5), rounds=1))
    worker = started.worker(OTHER)
    os.kill(worker, signal.SIGSTOP)
    try:
        # Half of the requests are the other machine's: six of its own are over two seconds.
        server.wait_for(len(server.prompts) + 6, HANG_S)
    finally:
        os.kill(worker, signal.SIGCONT)
    _, run = started.over()
    (lane,) = run["lanes"]
    assert (lane["counted"], lane["verdict"]) == (1, "SUSPECT")
    # Of its twelve requests six were due while it was stopped: far more than one in 20. A machine
    # that is busy with other tests may slow the other client as well.
    texts = [mark["text"] for mark in lane["marks"] if mark["code"] == "client_saturated"]
    assert OTHER in {text.split(":")[0] for text in texts}
    assert {c["machine_id"]: c["saturated"] for c in lane["client_loads"]}[OTHER] == 1


def test_a_killed_client_fails_the_round_with_its_name(
    fleet: Shell, server: StreamingServer
) -> None:
    started = Started(fleet, words(*constant(10)))
    os.kill(started.worker(OTHER), signal.SIGKILL)
    status, run = started.over()
    assert status != 0
    assert run["state"] == "failed"
    (lane,) = run["lanes"]
    assert lane["counted"] == 0
    assert lane["error"]["message"].startswith(f"{OTHER}: ")
    # The other machine did not go on alone.
    (cancelled,) = started.events("job_cancelled", OWN)
    assert OTHER in cancelled["payload"]["reason"]


def test_the_jobs_of_all_clients_end_with_a_cancel(fleet: Shell, server: StreamingServer) -> None:
    started = Started(fleet, words(*constant(0.5), rounds=1))
    worker = started.worker(OTHER)
    started.process.send_signal(signal.SIGTERM)
    _, errors = started.process.communicate(timeout=LIMIT)
    assert "cancelling" in errors
    wait_until(lambda: len(started.events("job_cancelled")) == 2, "the end of both jobs")
    wait_until(lambda: not Path(f"/proc/{worker}").exists(), "the end of the client's worker")
    assert json.loads((started.folder / "metadata.json").read_bytes())["state"] == "cancelled"


def test_a_server_that_one_client_cannot_reach_is_named_before_the_start(fleet: Shell) -> None:
    nowhere = {"openai": {"base_url": f"http://127.0.0.1:{free_port()}/v1"}}
    (fleet.root / "config/agent.yaml").write_text(json.dumps(nowhere))
    assert fleet.call("agent", "stop", "--machine-id", OTHER).returncode == 0
    status = json.loads(fleet.call("central", "status", "--json").stdout)
    fleet.serve_agent(status["info"]["url"], OTHER)
    refused = fleet.call(*words())
    assert refused.returncode != 0
    assert f"lanes[0]: {OTHER}: {nowhere['openai']['base_url'][:-3]} cannot be" in refused.stderr
    assert f"lanes[0]: {OWN}: " not in refused.stderr
