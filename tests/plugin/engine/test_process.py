"""Engine processes: real ones, a fake service manager, and time limits."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
import psutil
import pytest

from benchrace.plugin import (
    BenchraceError,
    Device,
    EngineProcess,
    InvalidInput,
    Launch,
    NotOffered,
    answers_at,
)
from benchrace.plugin.engine.command import TAIL_BYTES, run
from benchrace.testing.context import RecordingContext

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
SCRIPT = str(Path(__file__).with_name("engine_script.py"))


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
        return number


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "logs"
    monkeypatch.setenv("RESET_LOG_DIR", str(folder))
    yield folder
    for pid_file in folder.glob("*.pid"):
        try:
            os.killpg(int(pid_file.read_text().split()[0]), signal.SIGKILL)
        except ProcessLookupError:
            continue


@pytest.fixture
async def context() -> AsyncIterator[RecordingContext]:
    context = RecordingContext()
    yield context
    await context.aclose()


def engine(
    context: RecordingContext, port: int, launch: Launch, gpu: Device | None = None
) -> EngineProcess:
    url = f"http://127.0.0.1:{port}/"
    return EngineProcess("fake", launch, context, lambda: answers_at(context, url), gpu)


def command(port: int, **environment: str) -> Launch:
    return Launch(
        command=(sys.executable, SCRIPT, str(port)), environment=environment, stop_timeout_s=5
    )


async def stop(process: EngineProcess) -> None:
    """Stop the engine, so that no test leaves a process, and reap it."""
    assert (await process.stop()).ok


async def test_start_waits_until_it_answers_and_stop_until_it_is_gone(
    context: RecordingContext, port: int
) -> None:
    process = engine(context, port, command(port, ENGINE_DELAY_S="0.3"))
    started = await process.start()
    assert started.ok
    assert started.pid is not None
    assert started.notes == ()
    # In a group of its own: a signal to the worker's group must not end the engine.
    assert os.getpgid(started.pid) == started.pid != os.getpgrp()
    answer = await context.http.get(f"http://127.0.0.1:{port}/")
    assert answer.text.endswith("SIG_IGN") or answer.text == "1"
    assert (await process.start()).notes == ("it is already running",)
    assert (await process.stop()).ok
    assert not await answers_at(context, f"http://127.0.0.1:{port}/")
    assert (await process.stop()).notes == ("it is not running",)


async def test_reset_reports_command_output_and_times(
    context: RecordingContext, port: int, logs: Path
) -> None:
    process = engine(context, port, command(port, ENGINE_DELAY_S="0.4"))
    first = await process.reset()
    assert (first.stopped, first.healthy, first.notes) == (False, True, ("it was not running",))
    before = logs.joinpath("fake.pid").read_text().split()[0]
    again = await engine(context, port, command(port, ENGINE_DELAY_S="0.4")).reset()
    assert (again.stopped, again.healthy, again.notes) == (True, True, ())
    assert logs.joinpath("fake.pid").read_text().split()[0] != before
    assert again.time_to_ready_ms is not None
    assert 400 <= again.time_to_ready_ms < 15_000
    assert again.start_command == f"{sys.executable} {SCRIPT} {port}"
    assert again.start_log_file == str(logs / "fake.log")
    assert again.start_stderr_tail == "loading\n"
    assert again.start_stdout_tail is not None
    assert len(again.start_stdout_tail) == TAIL_BYTES
    assert again.start_stdout_tail.endswith("x\nstdout ends\n")
    await stop(process)


async def test_a_command_that_dies_is_not_ready_even_if_another_answers(
    context: RecordingContext, port: int
) -> None:
    good = engine(context, port, command(port))
    assert (await good.start()).ok
    other = EngineProcess("other", command(port, ENGINE_DIES="1"), context, lambda: _no(context))
    started = await other.start()
    assert not started.ok
    assert started.notes[0] == "the command exited with status 3 before the engine answered"
    assert started.notes[1].endswith("ends with: no such model")
    reset = await other.reset()
    assert reset.healthy is False
    assert reset.time_to_ready_ms is None
    assert reset.start_stderr_tail == "loading\nno such model\n"
    await stop(good)


async def _no(_: RecordingContext) -> bool:
    return False


async def test_a_start_without_an_answer_times_out(
    context: RecordingContext, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_START_TIMEOUT_S", "0.6")
    process = engine(context, port, command(port, ENGINE_DELAY_S="600"))
    started = await process.start()
    assert not started.ok
    assert started.notes[0] == "the engine did not answer within 0.6 s"
    await stop(process)


async def test_one_that_ignores_term_is_killed(context: RecordingContext, port: int) -> None:
    launch = msgspec.structs.replace(command(port, ENGINE_STUBBORN="1"), stop_timeout_s=0.3)
    process = engine(context, port, launch)
    assert (await process.start()).ok
    assert (await process.stop()).ok
    assert [text.split()[2] for _, text in context.logs[-2:]] == ["SIGTERM", "SIGKILL"]


async def test_an_engine_that_was_not_started_here_is_not_stopped(
    context: RecordingContext, port: int, logs: Path
) -> None:
    process = engine(context, port, command(port))
    assert (await process.start()).ok
    pid_file = logs / "fake.pid"
    content = pid_file.read_text()
    # The same PID with another start time is another process.
    pid_file.write_text(f"{content.split()[0]} 12.0\n")
    stranger = engine(context, port, command(port))
    with pytest.raises(NotOffered, match="it was not started by the agent"):
        await stranger.stop()
    pid_file.write_text(content)
    await stop(process)


GPUS = [Device(index=n, kind="nvidia", number=n, uuid=f"GPU-{n}") for n in range(2)]


async def test_an_engine_that_was_started_here_is_restarted_on_the_lanes_gpu(
    context: RecordingContext, port: int, logs: Path
) -> None:
    launch = command(port, CUDA_VISIBLE_DEVICES="all of them", KEPT="yes")
    seen = []
    for gpu in (GPUS[0], GPUS[0], GPUS[1], None):
        done = await engine(context, port, launch, gpu).provide()
        assert done is None or done.ok
        environ = psutil.Process(int((logs / "fake.pid").read_text().split()[0])).environ()
        seen.append((done is not None, environ["CUDA_VISIBLE_DEVICES"], environ["KEPT"]))
    assert seen == [
        (True, "GPU-0", "yes"),
        (False, "GPU-0", "yes"),
        (True, "GPU-1", "yes"),
        # A lane that names no GPU gets the engine's own choice again.
        (True, "all of them", "yes"),
    ]
    await stop(engine(context, port, launch))


async def test_an_engine_that_was_not_started_here_stays_on_its_gpu(
    context: RecordingContext, port: int, logs: Path
) -> None:
    process = engine(context, port, command(port))
    assert (await process.start()).ok
    pid_file = logs / "fake.pid"
    content = pid_file.read_text()
    pid_file.unlink()
    stranger = engine(context, port, command(port), GPUS[1])
    with pytest.raises(InvalidInput, match="running and was not started by the agent") as raised:
        await stranger.provide()
    assert [field.path for field in raised.value.fields] == ["gpu"]
    assert await engine(context, port, command(port)).provide() is None
    pid_file.write_text(content)
    assert await stranger.gpu_conflict() is None
    await stop(process)


async def test_a_service_gets_no_gpu(context: RecordingContext, port: int) -> None:
    for launch in (Launch(unit="engine"), Launch()):
        error = await engine(context, port, launch, GPUS[0]).gpu_conflict()
        assert error is not None
        assert "only an engine that is started by `launch.command`" in error.message


async def test_without_configuration_the_remedy_names_the_table(
    context: RecordingContext, port: int
) -> None:
    process = engine(context, port, Launch())
    with pytest.raises(NotOffered) as raised:
        await process.start()
    assert raised.value.message == (
        "backend fake does not offer start: no start command is configured"
    )
    assert "Set `launch` in the table `fake` of agent.yaml" in raised.value.remedy
    with pytest.raises(NotOffered, match="does not offer reset"):
        await process.reset()
    with pytest.raises(BenchraceError, match="cannot start `/nowhere/engine`: No such file"):
        await engine(context, port, Launch(command=("/nowhere/engine",))).start()


async def test_a_command_runs_in_its_folder(
    context: RecordingContext, port: int, tmp_path: Path
) -> None:
    shutil.copy(SCRIPT, tmp_path / "main.py")
    words = (sys.executable, "main.py", str(port))
    process = engine(context, port, Launch(command=words, cwd=str(tmp_path), stop_timeout_s=5))
    assert (await process.start()).ok
    await stop(process)
    gone = Launch(command=words, cwd=str(tmp_path / "gone"))
    with pytest.raises(BenchraceError, match=r"No such file or directory: .*gone"):
        await engine(context, port, gone).start()


def test_only_one_way_to_start() -> None:
    with pytest.raises(msgspec.ValidationError, match="set only one"):
        msgspec.convert({"unit": "a", "command": ["b"]}, Launch)
    with pytest.raises(msgspec.ValidationError, match="regex"):
        msgspec.convert({"unit": "--force"}, Launch)
    with pytest.raises(msgspec.ValidationError, match="not an absolute path"):
        msgspec.convert({"command": ["a"], "cwd": "b"}, Launch)


MANAGER = """#!{python}
import sys, pathlib, subprocess
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as file:
    file.write(" ".join(sys.argv[1:]) + "\\n")
verb = next(word for word in sys.argv[1:] if word in ("start", "stop"))
if (folder / "broken").exists():
    sys.stderr.write("Interactive authentication required.\\n")
    raise SystemExit(4)
state = folder / "pid"
if verb == "start":
    engine = subprocess.Popen([sys.executable, {script!r}, "{port}"], start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    state.write_text(str(engine.pid))
elif state.exists():
    subprocess.run(["kill", "-9", state.read_text()], check=False)
    state.unlink()
"""


@pytest.fixture
def manager(tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("systemctl", "brew"):
        path = folder / name
        text = MANAGER.format(python=sys.executable, folder=str(folder), script=SCRIPT, port=port)
        path.write_text(text)
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    yield folder
    if (folder / "pid").exists():
        os.kill(int((folder / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("launch", "arguments"),
    [
        (Launch(unit="fake.service"), "--no-ask-password {} fake.service"),
        (Launch(user_unit="fake"), "--user {} fake"),
        (Launch(brew="fake"), "services {} fake"),
    ],
)
async def test_service_managers(
    context: RecordingContext, port: int, manager: Path, launch: Launch, arguments: str
) -> None:
    process = engine(context, port, launch)
    reset = await process.reset()
    assert (reset.stopped, reset.healthy, reset.notes) == (True, True, ())
    assert reset.start_log_file is None
    assert await answers_at(context, f"http://127.0.0.1:{port}/")
    assert (await process.stop()).ok
    lines = manager.joinpath("calls").read_text().splitlines()
    assert lines == [arguments.format(verb) for verb in ("stop", "start", "stop")]


async def test_a_service_manager_that_refuses(
    context: RecordingContext, port: int, manager: Path
) -> None:
    process = engine(context, port, Launch(unit="fake.service"))
    assert (await process.start()).ok
    manager.joinpath("broken").touch()
    reset = await process.reset()
    assert reset.stopped is False
    assert reset.healthy is True
    assert any("Interactive authentication required." in note for note in reset.notes)
    assert not (await process.stop()).ok
    manager.joinpath("broken").unlink()
    await stop(process)


async def test_a_command_that_takes_too_long_is_killed() -> None:
    result = await run(("sh", "-c", "echo early; sleep 600"), 0.2)
    assert (result.status, result.stdout) == (None, "early\n")
    assert result.reason() == "`sh -c 'echo early; sleep 600'` timed out: early"
