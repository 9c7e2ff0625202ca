"""Reading a machine: what is absent or odd is None."""

import os
import sys
from pathlib import Path

import msgspec
import pytest

from benchrace.telemetry.machine_root import Platform, Root, cpu_list, run_command, whole
from benchrace.telemetry.recorded import PlayedNvml, RecordedNvml, open_recorded


@pytest.fixture
def root(tmp_path: Path) -> Root:
    about = Platform(system="Linux", architecture="x86_64", release="6.1")
    return Root(tmp_path, about, lambda argv: None, PlayedNvml(RecordedNvml()))


def test_files_are_read_below_the_prefix(root: Root, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/name").write_bytes(b"  J\xff board\0\n")
    (tmp_path / "etc/number").write_text("-42\n")
    assert root.text("/etc/name") == "J\ufffd board"
    assert root.number("/etc/number") == -42
    assert root.number("/etc/name") is None
    assert root.exists("/etc/name")
    assert not root.exists("/etc/passwd")
    assert root.text("/etc/passwd") is None
    assert root.text("/etc") is None
    assert root.text("/etc/\0") is None


def test_names_count_as_people_do(root: Root, tmp_path: Path) -> None:
    for name in ("cpu10", "cpu2", "cpufreq", "3"):
        (tmp_path / "cpus" / name).mkdir(parents=True)
    assert root.names("/cpus") == ("3", "cpu2", "cpu10", "cpufreq")
    assert root.names("/cpus/none") == ()


@pytest.mark.parametrize(
    ("text", "cpus"),
    [
        ("0-3,8", (0, 1, 2, 3, 8)),
        ("5\n", (5,)),
        ("", ()),
        (None, ()),
        ("x,1-", ()),
    ],
)
def test_lists_of_processors(text: str | None, cpus: tuple[int, ...]) -> None:
    assert cpu_list(text) == cpus


@pytest.mark.parametrize(
    ("text", "number"),
    [("7", 7), (" 8 ", 8), ("7.5", None), ("max", None), ("", None), ("٣", None)],
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole(text) == number


def test_a_command_answers_or_is_none() -> None:
    assert run_command((sys.executable, "-c", "print('ok')")) == "ok\n"
    assert run_command((sys.executable, "-c", "raise SystemExit(3)")) is None
    assert run_command(("/nowhere/at/all",)) is None


def test_a_command_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchrace.telemetry.machine_root.COMMAND_LIMIT_S", 0.05)
    assert run_command((sys.executable, "-c", "import time; time.sleep(9)")) is None


def test_this_machine_is_opened() -> None:
    root = Root.live()
    assert root.native
    assert root.platform.release == os.uname().release


def test_a_recorded_path_stays_below(tmp_path: Path) -> None:
    about = {"platform": {"system": "Linux", "architecture": "x86_64", "release": ""}}
    (tmp_path / "machine.json").write_bytes(msgspec.json.encode(about))
    (tmp_path / "root.txt").write_text("==> /../../outside <==\nx\n")
    with pytest.raises(ValueError, match="stay below"):
        open_recorded(tmp_path, tmp_path / "files")


def test_a_misspelt_recording_is_named(tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text('{"plattform": {}}')
    with pytest.raises(msgspec.ValidationError, match=r"`plattform`"):
        open_recorded(tmp_path, tmp_path / "files")
