"""Bad input ends with exit code 2 and a clear message, and starts nothing that stays."""

import json
from collections.abc import Iterator

import pytest

from tests.flow.conftest import Shell, wait_until

BAD = {
    "zero": (("-p", "n=0"), "params.n: "),
    "negative": (("-p", "n=-1"), "params.n: "),
    "huge": (("-p", "n=1e30"), "params.n: "),
    "word": (("-p", "n=abc"), "params.n: "),
    "threads": (("-p", "n=1M", "-p", "threads=100000"), "params.threads: "),
    "parameter": (("-p", "nonsuch=1"), "params.nonsuch: "),
    "machine": (("-p", "n=1M", "--lane", "machine=nowhere"), "nowhere"),
}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Yield a shell whose central and agent serve on, so that each command is quick."""
    shell = Shell(tmp_path_factory.mktemp("serving"), token="a token of the tests")
    central = shell.call("central", "start", "--port", "0", "--json")
    assert central.returncode == 0, central.stderr
    url = json.loads(central.stdout)["info"]["url"]
    agent = shell.call("agent", "start", "--port", "0", "--central", url)
    assert agent.returncode == 0, agent.stderr
    yield shell
    for component in ("agent", "central"):
        assert shell.call(component, "stop").returncode == 0
    wait_until(lambda: shell.processes() == [], "the end of all processes")


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(serving: Shell, name: str) -> None:
    shell = serving
    options, word = BAD[name]
    done = shell.call("run", "--workload", "compute", *options)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_misspelt_workload_is_refused_with_the_right_one(serving: Shell) -> None:
    done = serving.call("run", "--workload", "compue", "-p", "n=1M")
    assert done.returncode == 2, done.stderr
    assert "compute" in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_a_wrong_spec_names_file_line_and_key(shell: Shell) -> None:
    (shell.root / "spec.yaml").write_text("kind: compute\nroundz: 3\n")
    done = shell.call("run", "spec.yaml")
    assert done.returncode == 2, done.stderr
    assert "spec.yaml:2" in done.stderr
    assert "roundz" in done.stderr
