"""Commands from outside: what they import, print and exit with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from anyio import to_thread
from click.testing import CliRunner

from benchrace.cli.main import cli
from benchrace.cli.options import to_arguments
from benchrace.cli.race.browser import has_display
from benchrace.cli.race.spec import options as spec_options
from benchrace.errors import InvalidInput
from benchrace.testing.limits import HANG_S
from docs.generator.cli import contexts
from tests.central.served import served

pytestmark = pytest.mark.slow

HEAVY = ["msgspec", "quart", "hypercorn", "httpx", "rich", "anyio", "websockets", "pluggy", "numpy"]


def call(*words: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "benchrace.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=HANG_S, check=False)


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom benchrace.cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print('HEAVY', [m for m in {HEAVY!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "doctor" in done.stdout
    assert done.stdout.endswith("HEAVY []\n")


def test_no_summary_of_a_command_is_cut_off() -> None:
    cut = [
        f"{context.command_path}: {line.strip()}"
        for context in contexts(cli, None)
        for line in context.command.get_help(context).splitlines()
        if line.endswith("...") and not line.startswith("Usage: ")
    ]
    assert cut == []


def test_an_unknown_command_is_a_bad_argument() -> None:
    assert CliRunner().invoke(cli, ["nonsense"]).exit_code == 2


def test_central_starts_and_stops(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path), "--json")
    before = call("central", "status", *place)
    assert (before.returncode, json.loads(before.stdout)["running"]) == (1, False)
    try:
        started = call("central", "start", "--port", "0", *place)
        assert started.returncode == 0, started.stderr
        now = call("central", "status", *place)
        status = json.loads(started.stdout)
        # A new token is shown once, by the start that made it.
        assert status["info"].pop("token")
        assert (now.returncode, json.loads(now.stdout)) == (0, status)
        assert call("central", "logs", "--data-dir", str(tmp_path)).returncode == 0
    finally:
        stopped = call("central", "stop", *place)
    assert (stopped.returncode, json.loads(stopped.stdout)["running"]) == (0, False)


@pytest.mark.timeout(60)
async def test_an_agent_that_is_refused_says_so(tmp_path: Path) -> None:
    place = ("--data-dir", str(tmp_path / "agent"), "--machine-id", "m1")
    async with served(tmp_path / "central") as site:
        words = ("--port", "0", "--central", site.url, "--token", "wrong", *place)
        started = await to_thread.run_sync(call, "agent", "start", *words)
        try:
            status = await to_thread.run_sync(call, "agent", "status", "--json", *place)
            (refused,) = (await site.get("/api/machines"))["refused"]
        finally:
            await to_thread.run_sync(call, "agent", "stop", *place)
    assert started.returncode == 1
    assert "central: refused: wrong or revoked agent token" in started.stdout
    assert "central rejected this agent" in started.stderr
    assert status.returncode == 0
    assert json.loads(status.stdout)["info"]["central"].startswith("refused: ")
    assert refused["reason"] == "wrong or revoked agent token"


@pytest.mark.parametrize(("command", "key"), [("plugins", "plugins"), ("doctor", "checks")])
def test_json_is_one_document_alone(command: str, key: str, tmp_path: Path) -> None:
    assert json.loads(call(command, "--json", "--data-dir", str(tmp_path)).stdout)[key]


def test_a_lane_keeps_its_escaped_commas() -> None:
    lane = spec_options.lane(r"machine=m1,label=a\,b,n=1e6")
    assert (lane.machine_id, lane.label, lane.params) == ("m1", "a,b", {"n": "1e6"})
    with pytest.raises(InvalidInput):
        spec_options.params(["nothing"])


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("a.toml", 'kind = "k"\nrounds = 0\n', 2),
        ("a.yaml", "kind: k\nrounds: 0\n", 2),
        ("a.json", '{\n"kind": "k",\n"rounds": 0}', 3),
    ],
)
def test_a_bad_file_is_named_with_line_and_key(
    name: str, text: str, line: int, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=f"{name}:{line}: rounds"):
        spec_options.read_spec(tmp_path / name)


def test_a_display_is_in_front_of_the_person() -> None:
    assert has_display({"DISPLAY": ":0"}, "linux")
    assert not has_display({"DISPLAY": ":0", "SSH_TTY": "x"}, "linux")
    assert not has_display({}, "linux")


def test_options_said_again() -> None:
    arguments = to_arguments({"port": 0, "insecure": True, "host": None, "token": "secret"})
    assert arguments == ["--port", "0", "--insecure"]
