"""Two stored runs compared in the terminal, as the API compares them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from benchrace.config.paths import runs_dir
from benchrace.events import Measured
from benchrace.run.metadata import RunMetadata
from benchrace.run.states import RunState
from benchrace.store.run_folder import RunFolder
from tests.cli.conftest import Call
from tests.stats.conftest import RATE, TIME, rate, run, script

__all__ = ["run", "script"]

A, B = "2026-11-28_101500_aaaaaa", "2026-11-29_101500_bbbbbb"
C = "2026-11-30_101500_cccccc"
STEADY = (100, 100.5, 99.5, 100.2, 99.8)
Store = Callable[..., None]


@pytest.fixture
def store(run: Callable[..., RunMetadata], script: Any, data: Path) -> Store:
    """Stores a run of one lane that takes `factor` times as long for each of `n` things."""

    def write(
        run_id: str,
        factor: float,
        n: int = 1000,
        label: str = "sieve",
        second: str | None = None,
    ) -> None:
        metrics = [RATE, msgspec.structs.replace(TIME, headline=True)]
        metadata = run(lanes=1, job_id=None, metrics=metrics)
        schema = {"properties": {"n": {"title": "N"}}}
        described = msgspec.structs.replace(
            metadata.workloads["b"], work=("n",), params_schema=schema
        )
        lane = msgspec.structs.replace(metadata.lanes[0], params={"n": n}, label=label)
        lanes = [lane]
        if second is not None:
            lanes.append(msgspec.structs.replace(lane, lane_id="lane-1", label=second))
        folder = RunFolder.create(
            runs_dir(data),
            msgspec.structs.replace(
                metadata,
                run_id=run_id,
                state=RunState.DONE,
                workloads={"b": described},
                lanes=tuple(lanes),
            ),
        )
        lines = []
        for number, value in enumerate(STEADY):
            ms = value * factor * n / 1000
            lines.append(script.done(0, number, rate(n, ms), Measured(metric="time", value=ms)))
        folder.log_path.write_bytes(b"".join(lines))

    return write


def test_b_is_held_against_the_baseline_a(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 0.0362)
    done = call("compare", "aaaaaa", "bbbbbb")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"A, baseline   {A}  k"
    assert lines[1] == f"B, new        {B}  k"
    assert "B is 27.6x faster than A" in lines
    (row,) = [line for line in lines if line.startswith("Time (mean, lower is better)")]
    assert "27.6x faster" in row
    assert "95 % interval 27.5 to 27.8x" in row
    assert "%" not in row.replace("95 %", "")


def test_work_that_differs_comes_first(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 1.3, n=100)
    lines = call("compare", A, B).output.splitlines()
    at = lines.index("N differs: time is not comparable")
    assert at < lines.index("B is 23 % slower than A")
    assert any("Time" in line and "not comparable" in line for line in lines[at:])
    assert any(line.startswith("not changed on purpose") and "params.n" in line for line in lines)


def test_runs_without_a_matching_lane_say_so(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 1.0, n=5, label="other")
    output = call("compare", A, B).output
    assert "no matching lanes" in output
    assert "only in A: sieve" in output
    assert "only in B: other" in output


def test_lanes_are_matched_by_hand(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 0.5, n=5, label="other")
    output = call("compare", A, B, "--match", "sieve=other").output
    assert "sieve against other" in output
    assert "only in" not in output
    done = call("compare", A, B, "--match", "sieve=sieve")
    assert done.exit_code != 0
    assert f"match[0]: run {B} has no lane 'sieve'; its lanes: lane-0 (other)" in done.output
    assert "Match lanes by ID or label" in done.output


def test_three_runs_have_a_column_each(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 0.5)
    store(C, 2.0, n=100)
    lines = call("compare", A, B, C).output.splitlines()
    assert lines[2] == f"C, new        {C}  k"
    assert "B is 2.0x faster than A" in lines
    assert "C is 2.0x slower than A" in lines
    assert "C: N differs: time is not comparable" in lines
    (head,) = [number for number, line in enumerate(lines) if line.startswith("metric")]
    assert lines[head].split() == ["metric", "A", "B", "C"]
    (row,) = [number for number, line in enumerate(lines) if line.startswith("Time")]
    assert "2.0x faster" in lines[row + 1]
    assert "not comparable" in lines[row + 1]
    assert any(line.startswith("C: not changed on purpose") for line in lines)


def test_one_lane_of_a_run_is_compared_with_one_of_another(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 0.5, n=5, label="other")
    assert "sieve against other" in call("compare", "aaaaaa:sieve", "bbbbbb:lane-0").output
    assert "b: run " in call("compare", "aaaaaa:sieve", "bbbbbb:lane-7").output


@pytest.mark.parametrize("count", [1, 6])
def test_fewer_than_two_runs_or_more_than_five_are_refused(
    store: Store, call: Call, count: int
) -> None:
    store(A, 1.0)
    done = call("compare", *(A,) * count)
    assert done.exit_code == 2
    assert f"need 2 to 5 runs, got {count}" in done.output
    # It has one lane, which nothing of it can be compared with.
    assert "lanes" not in done.output


def test_one_run_is_refused_with_two_of_its_lanes_to_compare(store: Store, call: Call) -> None:
    store(A, 1.0, second="other")
    output = " ".join(call("compare", "aaaaaa").output.split())
    assert "benchrace compare aaaaaa:lane-0 aaaaaa:lane-1" in output
    assert "its lanes: lane-0 (sieve) and lane-1 (other)" in output


def test_json_is_what_the_api_answers(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 0.5)
    comparison = json.loads(call("compare", A, B, "--json").output)
    (pair,) = comparison["lanes"]
    assert pair["headline"] == "B is 2.0x faster than A"
    assert pair["metrics"][0]["change"]["verdict"] == "faster"


def test_a_script_reads_what_is_worse_without_words(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 2.0)
    change = json.loads(call("compare", A, B, "--json").output)["lanes"][0]["metrics"][0]["change"]
    assert (change["worse"], change["reason"], change["more_rounds"]) == (True, None, None)
    change = json.loads(call("compare", B, A, "--json").output)["lanes"][0]["metrics"][0]["change"]
    assert change["worse"] is False


def test_a_gate_fails_with_a_code_of_its_own(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 1.1)
    store(C, 1.0, n=5, label="other")
    assert call("compare", A, B).exit_code == 0
    failed = call("compare", A, B, "--fail-if-worse")
    assert failed.exit_code == 3
    assert "worse: sieve: Rate: 9.1 % slower" in failed.output
    assert "gate: 2 headline metrics checked, 2 clearly worse, 0 unknown" in failed.output
    assert call("compare", B, A, "--fail-if-worse").exit_code == 0
    assert call("compare", A, B, "--fail-over", "5%").exit_code == 3
    assert call("compare", A, B, "--fail-over", "20 %").exit_code == 0
    unknown = call("compare", A, C, "--fail-if-worse")
    assert unknown.exit_code == 4
    assert "unknown: sieve: B has no lane that matches it" in unknown.output
    assert call("compare", A, C, "--fail-if-worse", "--allow-unknown").exit_code == 0


def test_a_gate_leaves_the_document_alone(store: Store, call: Call) -> None:
    store(A, 1.0)
    store(B, 2.0)
    done = call("compare", A, B, "--json", "--fail-if-worse")
    assert done.exit_code == 3
    assert json.loads(done.stdout)["lanes"][0]["metrics"][0]["change"]["worse"]
    assert "gate: 2 headline metrics checked" in done.stderr


@pytest.mark.parametrize(
    "arguments", [("--fail-over", "100%"), ("--fail-over", "nan"), ("--allow-unknown",)]
)
def test_bad_arguments_of_a_gate_are_a_usage_error(
    store: Store, call: Call, arguments: tuple[str, ...]
) -> None:
    assert call("compare", A, B, *arguments).exit_code == 2


def test_an_unknown_run_fails(store: Store, call: Call) -> None:
    store(A, 1.0)
    done = call("compare", A, "nothing")
    assert done.exit_code != 0
    assert "no run with the ID 'nothing'" in done.output
