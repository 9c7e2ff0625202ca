"""Output for programs and for odd terminals: JSON, pipes, encodings, a full disk."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchrace.cli import options
from benchrace.cli.output.screen import console
from benchrace.cli.race import table
from benchrace.errors import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from tests.cli.conftest import Call
from tests.cli.race.test_footnotes import Race

# What the plugins are takes a second to ask: one process does it for all.
pytestmark = [pytest.mark.usefixtures("described"), pytest.mark.xdist_group("described")]


@pytest.mark.parametrize(
    ("args", "code", "category", "word"),
    [
        (["runs", "show", "nothing", "--json"], 2, "validation", "nothing"),
        (
            ["runs", "list", "--json", "--central", "http://127.0.0.1:1"],
            1,
            "unreachable",
            "central",
        ),
        (["runs", "list", "--json", "--limit", "many"], 2, "validation", "--limit"),
        (["run", "--json"], 2, "validation", "--workload"),
        (["params", "nothing", "--json"], 2, "validation", "compute"),
        (["nonsense", "--json"], 2, "validation", "nonsense"),
    ],
)
def test_a_failure_is_one_document_with_json(
    call: Call, args: list[str], code: int, category: str, word: str
) -> None:
    done = call(*args)
    assert done.exit_code == code
    failure = json.loads(done.stdout)["error"]
    assert failure["category"] == category
    assert word in failure["message"]
    assert failure["remedy"]
    assert done.stderr, "people read it as well"


@pytest.mark.parametrize("command", ["status", "preflight"])
def test_a_broken_configuration_is_a_document_too(call: Call, tmp_path: Path, command: str) -> None:
    path = tmp_path / "config" / "agent.yaml"
    path.parent.mkdir()
    path.write_text("machin: 3\n")
    done = call("agent", command, "--json")
    assert done.exit_code == 2
    failure = json.loads(done.stdout)["error"]
    assert failure["fields"][0]["path"] == "machin"
    assert str(path) in failure["message"]


def test_without_json_a_failure_leaves_standard_output_empty(call: Call) -> None:
    assert call("runs", "show", "nothing").stdout == ""


def shell(*args: str, **environment: str) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(
        [sys.executable, "-m", "benchrace.cli", *args],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANG_S,
        check=False,
    )


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize(
    "args", [["runs", "list"], ["runs", "list", "--json"], ["--help"], ["doctor"]], ids=" ".join
)
def test_a_full_disk_behind_standard_output_is_said_in_words(
    args: list[str], tmp_path: Path
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "benchrace.cli", *args],
            env=os.environ | {"BENCHRACE_DATA_DIR": str(tmp_path)},
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=HANG_S,
            check=False,
        )
    assert done.returncode == 1
    assert b"cannot write to standard output: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_terminal_that_is_not_utf_8_shows_what_it_can(tmp_path: Path, encoding: str) -> None:
    done = shell("runs", "show", "né→", BENCHRACE_DATA_DIR=str(tmp_path), PYTHONIOENCODING=encoding)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"no run with the ID" in done.stderr


def test_json_is_utf_8_whatever_the_terminal_is(tmp_path: Path) -> None:
    code = "from benchrace.cli.options import print_json; print_json({'label': 'né→'})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
        timeout=HANG_S,
    )
    assert json.loads(done.stdout.decode("utf-8")) == {"label": "né→"}


def test_a_pipe_gets_every_column(
    race: Race, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    label = "a label that is so long that a narrow table would wrap it" * 3
    run = race(labels=("a", label))
    screen = console()
    screen.print(table.result_table(run, screen.width))
    header, *lines = capsys.readouterr().out.splitlines()
    assert all(title in header for title in ("95 % interval", "CV", "rounds", "verdict"))
    assert any(label in line and "SUSPECT" in line for line in lines)


def test_a_width_that_is_asked_for_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "70")
    assert console().width == 70


def test_what_the_system_refuses_names_its_file(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", "/some/where")

    monkeypatch.setattr(options, "path", refuse)
    done = call("runs", "list")
    assert done.exit_code == 1
    assert "/some/where: Permission denied" in done.stderr


def test_a_defect_keeps_its_traceback(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(options, "path", break_down)
    assert isinstance(call("runs", "list").exception, ZeroDivisionError)


def test_categories_have_their_exit_codes(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise BenchraceError(Category.BUSY, "held")

    monkeypatch.setattr(options, "path", fail)
    assert json.loads(call("runs", "list", "--json").stdout)["error"]["category"] == "busy"
