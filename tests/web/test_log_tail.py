"""The end of a log: bounded, searched, and harmless to look at."""

import os
from pathlib import Path

import pytest

from benchrace.web.log_tail import READ_BYTES, clean, tail


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "central.log"


def test_the_last_lines_come_oldest_first(path: Path) -> None:
    path.write_text("".join(f"line {number}\n" for number in range(10)))
    result = tail(path, 3)
    assert result.lines == ("line 7", "line 8", "line 9")
    assert (result.size, result.cut) == (70, False)


def test_every_word_is_looked_for_in_any_case(path: Path) -> None:
    path.write_text("run A begins on box\nrun B beg1ns on box\nrun A is done\n")
    assert tail(path, 10, "A RUN begins box").lines == ("run A begins on box",)
    assert tail(path, 10, "nothing").lines == ()


def test_only_the_end_of_a_long_log_is_read(path: Path) -> None:
    line = b"x" * 99 + b"\n"
    path.write_bytes(b"first\n" + line * (READ_BYTES // 100 + 10))
    result = tail(path, 10**9)
    assert result.cut
    assert len(result.lines) == 2000
    assert set(result.lines) == {"x" * 99}
    assert tail(path, 5, "first").lines == ()


def test_what_could_harm_is_taken_out() -> None:
    assert clean("\x1b[31mred\x1b[0m \x1b]0;title\x07x\x00\u202ey\tz") == "red xy     z"
    assert clean("\x1b]0;no end") == ""
    assert clean("x" * 5000) == "x" * 1999 + "…"


@pytest.mark.parametrize(
    "line",
    [
        "The agent token (shown only once): S3cret-value",
        "token=S3cret-value",
        "Authorization: Bearer S3cret-value",
        "BENCHRACE_TOKEN: S3cret-value",
    ],
)
def test_tokens_are_not_shown(line: str) -> None:
    assert "S3cret" not in clean(line)
    assert "[not shown]" in clean(line)


def test_bytes_that_are_no_text_are_shown_as_such(path: Path) -> None:
    path.write_bytes(b"\xff\xfe ok\n")
    assert tail(path, 1).lines == ("\ufffd\ufffd ok",)


def test_a_link_is_no_log(tmp_path: Path, path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(FileNotFoundError):
        tail(path, 1)


def test_a_pipe_ends_at_once(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(FileNotFoundError):
        tail(path, 1)
