"""The lines that a serving process logs: one a record, without secrets, in a file with a limit."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchrace.redaction import SECRETS
from benchrace.store import service_log
from benchrace.web.server_log import MAX_MESSAGE, JsonFormatter, LineFormatter, escape


def line(message: str, *args: object, error: BaseException | None = None) -> str:
    info = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord("name", logging.INFO, "", 0, message, args, info)
    return LineFormatter().format(record)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n2026-01-01 00:00:00,000 INFO forged", r"a\n2026-01-01 00:00:00,000 INFO forged"),
        ("a\r\tb", r"a\r\tb"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("a\x85b\u2028c\u202ed", r"a\x85b\u2028c\u202ed"),
        ("half \ud800", r"half \ud800"),
        ("plain ü 日", "plain ü 日"),
    ],
)
def test_no_text_ends_its_line_or_moves_the_cursor(text: str, shown: str) -> None:
    assert escape(text) == shown
    assert line("from %s", text).endswith(f" INFO name: from {shown}")
    assert len(line(text).splitlines()) == 1


def test_a_traceback_is_indented_and_cannot_forge_a_line() -> None:
    SECRETS.add("planted-in-error")
    try:
        raise ValueError("bad\n2026-01-01 00:00:00,000 INFO forged planted-in-error")
    except ValueError as error:
        first, *below = line("it failed", error=error).split("\n")
    assert first.endswith("it failed")
    assert all(line.startswith("    ") for line in below)
    assert below[-1] == "    2026-01-01 00:00:00,000 INFO forged [redacted]"


def test_secrets_and_passwords_are_redacted() -> None:
    SECRETS.add("planted-token-1")
    shown = line("%s of %s", "planted-token-1", "http://user:pw@host")
    assert shown.endswith("[redacted] of http://[redacted]@host")


def test_a_long_message_is_cut() -> None:
    assert len(line("x" * 100_000)) == MAX_MESSAGE


def test_as_json_a_record_is_one_object() -> None:
    SECRETS.add("planted-token-1")
    try:
        raise ValueError("bad planted-token-1")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
        args = ("a\nb planted-token-1",)
        record = logging.LogRecord("name", logging.INFO, "", 0, "from %s", args, info)
    record.created = 0.5
    text = JsonFormatter().format(record)
    assert "\n" not in text
    shown = json.loads(text)
    assert shown.pop("exception").endswith("ValueError: bad [redacted]")
    assert shown == {
        "time": "1970-01-01T00:00:00.500+00:00",
        "level": "INFO",
        "logger": "name",
        "message": "from a\nb [redacted]",
    }


SERVICE = """
import logging, sys
from pathlib import Path
from benchrace.web import server_log
log_file = Path(sys.argv[1])
logging.basicConfig(handlers=[server_log.ServerLog(log_file, 1000)], level=logging.INFO)
for number in range(int(sys.argv[2])):
    print(f"print {number}", flush=True)
    logging.getLogger("x").info("record %d", number)
"""


def run_service(path: Path, count: int) -> None:
    with service_log.open_log(path) as log:
        command = [sys.executable, "-c", SERVICE, str(path), str(count)]
        subprocess.run(command, stdout=log, stderr=log, check=True)


def test_a_full_log_is_put_aside_and_what_is_printed_follows(tmp_path: Path) -> None:
    path = tmp_path / "logs" / "agent-a.log"
    run_service(path, 100)
    names = [file.name for file in service_log.files(path)]
    assert names == ["agent-a.log.3", "agent-a.log.2", "agent-a.log.1", "agent-a.log"]
    assert sorted(path.name for path in path.parent.iterdir()) == sorted(names)
    for file in service_log.files(path):
        assert file.stat().st_size < 1200
        assert file.stat().st_mode & 0o777 == 0o600
    data, total = service_log.read_end(path, 1 << 20)
    assert total == len(data)
    numbers = [text.split()[-1] for text in data.decode().splitlines()]
    # Nothing is lost or out of order where a file ends; the oldest is gone.
    assert numbers == [str(n // 2) for n in range(200)][-len(numbers) :]
    assert service_log.read_end(path, 10)[0] == data[-10:]


def test_a_log_that_somebody_moved_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    code = SERVICE.replace("print(f", "number == 1 and log_file.rename('gone'); print(f")
    with service_log.open_log(path) as log:
        command = [sys.executable, "-c", code, str(path), "3"]
        subprocess.run(command, stdout=log, stderr=log, check=True, cwd=tmp_path)
    assert "record 0" in (tmp_path / "gone").read_text()
    assert "record 2" in path.read_text()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_follower_reads_on_over_rotations(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"before\n")
    follower = service_log.Follower(path)
    try:
        append(path, b"one\n")
        assert list(follower.read()) == [b"one\n"]
        assert list(follower.read()) == []
        append(path, b"two\n")
        for text in (b"three\n", b"four\n"):
            assert service_log.rotate_if_full(path, 1)
            append(path, text)
        assert b"".join(follower.read()) == b"two\nthree\nfour\n"
        assert service_log.rotate_if_full(path, 1)
        # The moment between the two steps of a rotation.
        assert list(follower.read()) == []
        append(path, b"five\n")
        assert list(follower.read()) == [b"five\n"]
    finally:
        follower.close()


def test_a_follower_that_was_left_behind_goes_on_with_the_oldest(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    path.write_bytes(b"")
    follower = service_log.Follower(path)
    try:
        for number in range(service_log.MAX_OLDER + 3):
            append(path, b"%d\n" % number)
            service_log.rotate_if_full(path, 1)
        append(path, b"last\n")
        assert b"".join(follower.read()) == b"0\n3\n4\n5\nlast\n"
        path.write_bytes(b"")
        assert list(follower.read()) == []
        append(path, b"emptied\n")
        assert list(follower.read()) == [b"emptied\n"]
    finally:
        follower.close()


def test_what_is_not_a_file_is_no_log(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    (tmp_path / "secret").write_text("secret")
    path.symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "x.log.1")
    assert service_log.files(path) == []
    with pytest.raises(FileNotFoundError):
        service_log.read_end(path, 100)
