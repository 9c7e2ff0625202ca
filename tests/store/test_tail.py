"""Reading a journal that grows."""

from pathlib import Path

import pytest

from benchrace.store import tail as module
from benchrace.store.regular import open_regular
from benchrace.store.tail import Tail


def test_a_file_to_which_nothing_was_added_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[Path]()

    def counted(path: Path) -> int:
        opened.append(path)
        return open_regular(path)

    monkeypatch.setattr(module, "open_regular", counted)
    path = tmp_path / "work.ndjson"
    tail = Tail(path)
    assert tail.read() is None
    path.write_bytes(b"1\n2\n")
    first = tail.read()
    assert first is not None
    assert first.lines == b"1\n2\n"
    assert tail.read() is None
    assert tail.at_end
    assert len(opened) == 1
    with path.open("ab") as file:
        file.write(b"3\n")
    last = tail.read()
    assert last is not None
    assert (last.first_seq, last.lines) == (2, b"3\n")


def test_half_a_line_is_left_for_the_next_read(tmp_path: Path) -> None:
    path = tmp_path / "work.ndjson"
    path.write_bytes(b"1\n2")
    tail = Tail(path)
    first = tail.read()
    assert first is not None
    assert first.lines == b"1\n"
    assert tail.read() is None
    with path.open("ab") as file:
        file.write(b"\n")
    last = tail.read()
    assert last is not None
    assert last.lines == b"2\n"
