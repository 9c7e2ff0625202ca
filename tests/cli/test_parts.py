"""Small parts: specification files and options, leases, tokens, interruptions, services."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from benchrace.central.settings import CentralSettings
from benchrace.cli import browser, run_file
from benchrace.cli.interrupt import Interrupted, interruptible
from benchrace.cli.lease import Lease
from benchrace.cli.reach import reached_at
from benchrace.cli.server_sent import MAX_LINE_BYTES, messages
from benchrace.cli.service import agent_service, central_service, last_lines
from benchrace.cli.token import shown_tokens
from benchrace.config.central import Watching
from benchrace.errors import InvalidInput
from benchrace.store.journal import Journal
from benchrace.web import log_tail
from tests.cli.conftest import Call


def test_a_lane_has_its_own_words_and_parameters() -> None:
    lane = run_file.lane(r"machine=a, label=one\, two,backend=b,n=5,x=a=b")
    assert (lane.machine_id, lane.label, lane.backend) == ("a", "one, two", "b")
    assert lane.params == {"n": "5", "x": "a=b"}


@pytest.mark.parametrize("text", ["", "n", "=5", "n=1,", "n=1,,m=2"])
def test_a_lane_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected KEY=VALUE"):
        run_file.lane(text)


def test_rounds_are_a_number_or_auto() -> None:
    assert (run_file.rounds("auto"), run_file.rounds("7")) == ("auto", 7)
    for text in ("0", "-1", "1.5", "x", "", "100001", "٣"):
        with pytest.raises(InvalidInput, match="--rounds"):
            run_file.rounds(text)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "kind: compute\nroundz: 3\n", ("a.yaml:2: roundz", "rounds?")),
        ("a.toml", 'kind = "compute"\nrounds = "x"\n', ("a.toml:2: rounds",)),
        (
            "a.json",
            '{"kind": "compute",\n "lanes": [{"machine": 1}]}',
            ("a.json:2: lanes[0].machine",),
        ),
        ("a.yaml", "kind: [compute\n", ("a.yaml:2: ",)),
        ("a.toml", "kind = compute\n", ("a.toml:1: ",)),
        ("a.json", "{", ("a.json:1: ",)),
        ("a.yaml", "", ("a.yaml: kind: is missing",)),
        ("a.txt", "kind: compute", ("a.txt", ".yaml, .toml or .json")),
    ],
)
def test_a_bad_file_is_named_with_line_and_key(
    call: Call, tmp_path: Path, name: str, text: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    said = call("run", str(path))
    assert said.exit_code == 2
    assert all(word in said.stderr for word in words), said.stderr


def test_one_command_at_a_time_ends_a_central(tmp_path: Path) -> None:
    first, second = Lease(tmp_path), Lease(tmp_path)
    order: list[str] = []
    asked = threading.Event()

    def waits() -> None:
        order.append("waits")
        asked.set()

    def end() -> None:
        with first:
            second_in.wait()
            first.end_use(waits)
            order.append("ended")

    second_in = threading.Event()
    thread = threading.Thread(target=end)
    with second:
        thread.start()
        second_in.set()
        assert asked.wait(10)
        order.append("second is done")
    thread.join(10)
    assert order == ["waits", "second is done", "ended"]


def test_a_killed_command_keeps_nobody_waiting(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, time\nfrom benchrace.cli.lease import Lease\n"
        f"with Lease(pathlib.Path({str(tmp_path)!r})) as lease, lease.starting():\n"
        "    print('in', flush=True)\n    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        other.kill()
    with Lease(tmp_path) as lease, lease.starting():
        lease.end_use(lambda: pytest.fail("nobody uses it"))


def test_a_data_folder_that_is_a_file_is_one_line(call: Call, data: Path) -> None:
    data.write_text("")
    for args in (["run", "--workload", "compute"], ["race"], ["central"], ["agent", "--port", "0"]):
        said = call(*args)
        assert said.exit_code == 1, said.output
        assert str(data) in said.stderr
        assert "Traceback" not in said.output


def test_tokens_are_made_once_and_forgotten_where_they_were_not_shown(tmp_path: Path) -> None:
    settings = CentralSettings(data=tmp_path, require_token=True, watch=Watching.TOKEN)
    folder = tmp_path / "central"
    stored = [folder / f"{name}.sha256" for name in ("token", "operator", "watch")]
    with shown_tokens(settings) as unshown:
        assert set(unshown.made) == {"token", "operator_token", "watch_token"}
        assert all(path.exists() for path in stored)
    assert not any(path.exists() for path in stored)
    with shown_tokens(settings) as tokens:
        said = tokens.lines("http://x")
    log = tmp_path / "log"
    log.write_text("\n".join(said))
    read = "\n".join(log_tail.tail(log, 10).lines)
    assert not any(token in read for token in tokens.made.values())
    assert [sum(token in line for line in said) for token in tokens.made.values()] == [1, 1, 1]
    assert len(set(tokens.made.values())) == 3
    assert not any(token in path.read_text() for token in tokens.made.values() for path in stored)
    with shown_tokens(settings) as again:
        assert again.made == {}
        assert "http://x" in again.lines("http://x")[0]


def test_a_given_token_is_not_made_and_none_is_asked_of_people_on_loopback(tmp_path: Path) -> None:
    with shown_tokens(CentralSettings(data=tmp_path, token="given")) as given:
        assert given.made == {}
        assert len(given.lines("http://x")) == 1
    assert not (tmp_path / "central").exists()


def test_a_signal_is_one_exception_with_its_code() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with interruptible(), pytest.raises(Interrupted) as asked:
        os.kill(os.getpid(), signal.SIGTERM)
    assert asked.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_service_lives_while_its_lock_is_held(tmp_path: Path) -> None:
    service = central_service(tmp_path)
    service.record.write_text('{"url": "http://x", "pid": 1, "instance": "i", "version": "v"}')
    assert service.living() is None, "a record that was left behind"
    with Journal(service.lock):
        assert service.status().info["url"] == "http://x"
        service.record.write_text("{")
        assert service.living() is None
    assert agent_service(tmp_path, "m").status().running is False


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert last_lines(log, 3) == []
    log.write_bytes(b"".join(b"%d\n" % number for number in range(20_000)) + b"\xff\n")
    assert last_lines(log, 2) == ["19999", "�"]
    assert last_lines(log, 0) == []


def test_logs_are_printed_without_escapes(call: Call, data: Path) -> None:
    log = central_service(data).log
    log.parent.mkdir(parents=True)
    log.write_text("one\x1b[2J\ntwo\n")
    assert call("central", "logs").output == "one\ntwo\n"
    assert call("central", "logs", "-n", "1").output == "two\n"


def test_a_first_configuration_is_good_and_never_overwritten(call: Call, tmp_path: Path) -> None:
    assert call("agent", "init", "--machine-id", "box").exit_code == 0
    path = tmp_path / "config" / "agent.yaml"
    first = path.read_text()
    assert "machine_id: box\n" in first
    assert path.stat().st_mode & 0o077 == 0
    again = call("agent", "init")
    assert again.exit_code == 2
    assert str(path) in again.stderr
    assert path.read_text() == first
    everything = "\n".join(
        line.removeprefix("# ")
        if ":" in line
        and line.startswith("# ")
        and "`" not in line
        and not line.startswith(("# What", "# Where", "# Its", "# The", "# Seconds", "# Let"))
        else ""
        if line.startswith("#")
        else line
        for line in first.splitlines()
    )
    path.write_text(everything.replace("http://central.local:8080", "http://c:1"))
    checked = call(
        "agent", "preflight", "--port", "0", "--token", "t", "--central", "http://127.0.0.1:1"
    )
    assert "unknown key" not in checked.output
    assert "no central answers" in checked.output
    assert checked.exit_code == 1


@pytest.mark.parametrize(
    ("environ", "platform", "seen"),
    [
        ({}, "linux", False),
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "linux", True),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "x"}, "linux", False),
        ({}, "darwin", True),
        ({"SSH_TTY": "/dev/pts/1"}, "darwin", False),
    ],
)
def test_a_browser_opens_where_a_person_sees_it(
    environ: dict[str, str], platform: str, seen: bool
) -> None:
    assert browser.has_display(environ, platform) is seen


def test_server_sent_events_are_split_at_newlines_alone() -> None:
    text = "id: 1-5\ndata: a\u2028b\ndata: c\n\n: ping\n\nevent: end\ndata: {}\n\ndata: torn"
    whole = text.encode()
    for size in (1, 3, 1000):
        chunks = [whole[at : at + size] for at in range(0, len(whole), size)]
        found = list(messages(chunks))
        assert [(each.event, each.id) for each in found] == [("", "1-5"), ("end", None)]
        assert found[0].data == ("a\u2028b".encode(), b"c")
    with pytest.raises(ValueError, match="over"):
        list(messages([b"x" * (MAX_LINE_BYTES + 1)]))


@pytest.mark.parametrize(
    ("url", "code"), [("http://127.0.0.1:x", 2), ("nonsense", 1), ("http://[x", 1)]
)
def test_an_address_that_is_none_is_said_in_a_line(call: Call, url: str, code: int) -> None:
    said = call("runs", "list", "--central", url)
    assert said.exit_code == code, said.output
    assert url in said.stderr
    assert "Traceback" not in said.output


def test_others_are_told_an_address_that_they_can_use(tmp_path: Path) -> None:
    local = "http://127.0.0.1:8080"
    assert reached_at(local, "127.0.0.1", ["lab.example"]) == (local,)
    for host in ("0.0.0.0", "::"):
        found = reached_at(local, host)
        # A machine without a network has no better one.
        assert found == (local,) or not any("127." in each or "[::1]" in each for each in found)
        assert all(each.endswith(":8080") for each in found)
    settings = CentralSettings(data=tmp_path, host="0.0.0.0", hosts=("lab.example",))
    with shown_tokens(settings) as tokens:
        said = tokens.lines(local)
    joins, people = (next(each for each in said if word in each) for word in ("join", "log in"))
    assert joins.endswith("--central http://lab.example:8080")
    assert people.startswith("people log in at http://lab.example:8080 with")
    assert not any(local in each for each in said)
