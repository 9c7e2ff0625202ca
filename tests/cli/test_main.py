"""The contents page: what it imports, its help, its exit codes."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import click
import pytest

from benchrace.cli.lazy_group import LazyGroup
from benchrace.cli.main import COMMANDS, cli
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput, with_remedy
from benchrace.testing.limits import HANG_S
from tests.cli.conftest import Call

HEAVY = {
    "anyio",
    "asyncio",
    "httpx",
    "hypercorn",
    "msgspec",
    "numpy",
    "platformdirs",
    "pluggy",
    "prometheus_client",
    "psutil",
    "pynvml",
    "quart",
    "quart_schema",
    "rich",
    "sqlite3",
    "ssl",
    "websockets",
    "yaml",
    "benchrace.agent",
    "benchrace.central",
    "benchrace.worker",
    "benchrace.plugin",
    "benchrace_core",
}


def imported(*args: str) -> set[str]:
    code = (
        "import sys\nfrom benchrace.cli.main import main\n"
        f"try: main({list(args)!r})\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=HANG_S
    )
    return set(done.stderr.split())


@pytest.mark.parametrize("args", [["--help"], ["--version"], []])
def test_help_imports_click_and_little_else(args: list[str]) -> None:
    assert not imported(*args) & HEAVY


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group) and not isinstance(command, LazyGroup):
            yield from commands(command, (*path, name))


ALL = list(commands(cli))


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_command_and_option_has_help(call: Call, path: tuple[str, ...]) -> None:
    result = call(*path, "--help")
    assert result.exit_code == 0
    assert result.output.startswith("Usage: benchrace")
    command: click.Command | None = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    assert command.help or command.callback
    for option in command.params:
        if isinstance(option, click.Option) and not option.hidden:
            assert option.help, f"{path} {option.name}"


def test_the_list_names_every_command_with_its_summary(call: Call) -> None:
    result = call("--help").output
    assert all(name in result and entry.summary[:20] in result for name, entry in COMMANDS.items())


@pytest.mark.parametrize(
    "args",
    [
        ["nonsense"],
        ["race", "--rounds", "0"],
        ["race", "--rounds", "many"],
        ["race", "--port", "70000"],
        ["race", "--port", "x"],
        ["race", "--no-such-option"],
        ["run"],
        ["run", "/no/such/file.toml"],
        ["run", "--workload", "compute", "-p", "n"],
        ["run", "--workload", "compute", "--lane", "threads"],
        ["run", "--workload", "compute", "--rounds", "-1"],
        ["run", "--workload", "compute", "--warmup", "x"],
        ["run", "--workload", "compute", "--order", "zigzag"],
        ["runs", "show"],
        ["runs", "show", "nothing"],
        ["runs", "export", "nothing"],
        ["runs", "export", "x", "--format", "pdf"],
        ["runs", "delete", "nothing", "--yes"],
        ["runs", "list", "-n", "0"],
        ["agent", "--machine-id", "../up"],
        ["agent", "--port", "-1"],
        ["agent", "--host", "0.0.0.0", "--port", "0"],
        ["agent", "nonsense"],
        ["central", "start", "--port", "many"],
    ],
    ids=" ".join,
)
def test_bad_arguments_are_exit_code_2_and_no_traceback(call: Call, args: list[str]) -> None:
    result = call(*args)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stderr.strip()


@pytest.mark.parametrize(
    "args",
    [
        ["agent", "status"],
        ["central", "status"],
        ["central", "status", "--json"],
        ["central", "logs"],
        ["run", "--workload", "compute", "--central", "http://127.0.0.1:1"],
        ["runs", "list", "--central", "http://127.0.0.1:1"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_exit_code_1(call: Call, args: list[str]) -> None:
    result = call(*args)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "args",
    [["runs", "list"], ["runs", "list", "--json"], ["central", "stop"], ["agent", "stop"]],
    ids=" ".join,
)
def test_nothing_to_do_is_a_success(call: Call, args: list[str]) -> None:
    assert call(*args).exit_code == 0


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput(FieldError("a", "bad")), 2),
        (BenchraceError(Category.UNREACHABLE, "gone"), 1),
        (BenchraceError(Category.DISK_FULL, "full"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_failures_of_a_command_have_their_codes(
    call: Call, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("benchrace.cli.options.path", fail)
    result = call("runs", "list")
    assert result.exit_code == code
    assert "Traceback" not in result.stderr


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    environment = os.environ | {"BENCHRACE_DATA_DIR": str(tmp_path)}
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "benchrace.cli", "runs", "list", "--json"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=environment,
        timeout=HANG_S,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b""


def test_a_shell_can_complete_commands() -> None:
    environment = os.environ | {
        "_BENCHRACE_COMPLETE": "bash_complete",
        "COMP_WORDS": "benchrace ru",
        "COMP_CWORD": "1",
    }
    program = Path(sys.executable).with_name("benchrace")
    done = subprocess.run(
        [program], env=environment, capture_output=True, text=True, check=True, timeout=HANG_S
    )
    assert done.stdout.split() == ["plain,run", "plain,runs"]


@pytest.mark.parametrize("shell", ["bash_source", "zsh_source", "fish_source"])
def test_completion_is_offered_to_shells(shell: str) -> None:
    program = Path(sys.executable).with_name("benchrace")
    done = subprocess.run(
        [program],
        env=os.environ | {"_BENCHRACE_COMPLETE": shell},
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_S,
    )
    assert "_BENCHRACE_COMPLETE" in done.stdout


class Stranger(BaseHTTPRequestHandler):
    """A server that knows nothing of what a central has."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


def test_a_server_that_is_no_central_is_said_to_be_none(call: Call) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Stranger) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        serving.start()
        url = f"http://127.0.0.1:{server.server_port}"
        done = call("runs", "list", "--central", url)
        server.shutdown()
        serving.join()
    assert done.exit_code == 1
    assert f"no central answers at {url}: /api/runs answered 404" in done.stderr
    assert "correct --central" in done.stderr


@pytest.mark.parametrize(
    ("message", "remedy", "expected"),
    [
        ("it broke", "Mend it.", "it broke. Mend it."),
        ("it broke.", "Mend it.", "it broke. Mend it."),
        ("is it off?", "Look.", "is it off? Look."),
        ("it broke ", "", "it broke"),
    ],
)
def test_a_message_and_its_remedy_are_sentences(message: str, remedy: str, expected: str) -> None:
    assert with_remedy(message, remedy) == expected
