"""The parameters of workloads, for people and programs."""

import json

import pytest

from benchrace.cli.race import params
from benchrace.errors import InvalidInput
from tests.cli.conftest import Call

# What the plugins are takes a second to ask: one process does it for all.
pytestmark = [pytest.mark.usefixtures("described"), pytest.mark.xdist_group("described")]


def test_each_installed_kind_is_listed(call: Call) -> None:
    lines = call("params").stdout.splitlines()
    assert "compute: Count primes (compute)" in lines
    assert any(line.startswith("llm_generate: ") for line in lines)


def test_a_parameter_has_range_default_and_meaning(call: Call) -> None:
    lines = call("params", "compute").stdout.splitlines()
    threads = next(line for line in lines if line.startswith("threads"))
    assert "integer 0 .. 4,096" in threads
    assert threads.rstrip().endswith("0 uses every usable core.")
    size = next(line for line in lines if line.startswith("n "))
    assert "auto" in size
    assert "50000000" in size
    assert lines[-1] == "Presets (--preset NAME): 50M, 20M, 2M, auto"


def test_a_parameter_of_one_backend_names_it(call: Call) -> None:
    workload = json.loads(call("params", "llm_generate", "--json").stdout)["workloads"][0]
    by_name = {param["name"]: param for param in workload["params"]}
    assert by_name["server"]["backends"] == ["openai"]
    assert by_name["max_tokens"]["backends"] == []
    assert by_name["ignore_eos"]["default"] is True


def test_help_of_run_shows_the_parameters_of_a_kind(call: Call) -> None:
    for args in (["--workload", "compute", "--help"], ["--help", "--workload=compute"]):
        shown = call("run", *args).stdout
        assert "Parameters of compute" in shown
        assert "stream_first_k" in shown
    assert "Parameters of" not in call("run", "--help").stdout


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ({"type": "integer"}, "integer"),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, "number > 0 <= 1"),
        ({"type": "integer", "minimum": 0, "maximum": 5000}, "integer 0 .. 5,000"),
        ({"enum": ["a", None, 3]}, "a | null | 3"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({}, "any"),
    ],
)
def test_what_a_parameter_accepts(field: dict[str, object], words: str) -> None:
    assert params._accepts(field) == words


def test_an_unknown_kind_names_those_there_are() -> None:
    workload = params.Workload(kind="sort", title="Sort", backends=("b",), params=(), presets=())
    with pytest.raises(InvalidInput, match="unknown kind 'sorts'; installed: sort"):
        params.find([workload], "sorts")
