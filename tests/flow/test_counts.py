"""Each kernel counts what is known, and what central keeps is what the agent wrote."""

import json

import pytest

from tests.flow.conftest import Shell

ALGORITHMS = ("segmented_sieve", "simple_sieve", "trial_division")
PI_OF_A_MILLION = 78_498


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_three_kernels_count_the_same_and_nothing_is_lost(shell: Shell) -> None:
    lanes = [part for name in ALGORITHMS for part in ("--lane", f"algorithm={name}")]
    done = shell.call("run", "--workload", "compute", "-p", "n=1M", *lanes, "--json")
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    assert [lane["params"]["algorithm"] for lane in run["lanes"]] == list(ALGORITHMS)
    for lane in run["lanes"]:
        assert lane["counted"] == 5
        counts = {
            measured["value"]
            for one in lane["rounds"]
            for measured in one["measured"]
            if measured["metric"] == "primes_found"
        }
        assert counts == {PI_OF_A_MILLION}

    stored = (shell.data / "runs" / run["run_id"] / "events.ndjson").read_bytes().splitlines()
    (job,) = (shell.data / "jobs").iterdir()
    for stream in ("work", "agent"):
        written = (job / f"{stream}.ndjson").read_bytes().splitlines()
        lines = [line for line in stored if json.loads(line)["stream"] == stream]
        assert lines == written
