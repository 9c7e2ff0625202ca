"""Bad input ends with exit code 2 and a clear message, and starts nothing that stays."""

import pytest

from tests.flow.conftest import Shell

BAD = {
    "zero": (("-p", "n=0"), "n"),
    "negative": (("-p", "n=-1"), "n"),
    "huge": (("-p", "n=1e30"), "n"),
    "word": (("-p", "n=abc"), "abc"),
    "threads": (("-p", "n=1M", "-p", "threads=100000"), "threads"),
    "parameter": (("-p", "nonsuch=1"), "nonsuch"),
    "machine": (("-p", "n=1M", "--lane", "machine=nowhere"), "nowhere"),
}


@pytest.mark.slow
@pytest.mark.timeout(90)
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused(shell: Shell, name: str) -> None:
    options, word = BAD[name]
    done = shell.call("run", "--workload", "compute", *options)
    assert done.returncode == 2, done.stderr
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert shell.processes() == []


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_misspelt_workload_is_refused_with_the_right_one(shell: Shell) -> None:
    done = shell.call("run", "--workload", "compue", "-p", "n=1M")
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
