"""Prompts from files on the command line."""

import io
from pathlib import Path

import pytest

from benchrace.cli.race.spec import options
from benchrace.cli.race.spec.prompt_file import MAX_BYTES, value
from benchrace.errors import InvalidInput


def test_a_file_is_what_is_in_it_without_its_last_lines_end(tmp_path: Path) -> None:
    path = tmp_path / "p.txt"
    path.write_bytes("\ufeffsag mir\r\nwas\n\n".encode())
    assert value(f"@{path}", "-p prompt") == "sag mir\nwas\n"
    assert options.params([f"prompt=@{path}", "n=5"]) == {"prompt": "sag mir\nwas\n", "n": "5"}
    assert options.lane(f"backend=b,prompt=@{path}").params == {"prompt": "sag mir\nwas\n"}


def test_a_pattern_is_one_text_a_file_in_order(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.txt").write_text(f"ask {name}\n")
    (tmp_path / "no.md").write_text("no")
    (tmp_path / "d.txt").mkdir()
    assert value(f"@{tmp_path}/*.txt", "-p prompts") == ["ask a", "ask b", "ask c"]


@pytest.mark.parametrize(
    ("text", "expected"), [("plain", "plain"), ("@@home", "@home"), ("a@b", "a@b"), ("", "")]
)
def test_a_value_of_its_own_stays(text: str, expected: str) -> None:
    assert value(text, "-p x") == expected


@pytest.mark.parametrize("held", [None, b"\xff\xfe", b"x" * (MAX_BYTES + 1)])
def test_what_cannot_be_read_is_refused_with_its_name(tmp_path: Path, held: bytes | None) -> None:
    path = tmp_path / "p.txt"
    if held is not None:
        path.write_bytes(held)
    with pytest.raises(InvalidInput) as raised:
        value(f"@{path}", "-p prompt")
    assert raised.value.fields[0].path == "-p prompt"
    assert "p.txt" in raised.value.fields[0].message


def test_a_pattern_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        value(f"@{tmp_path}/*.txt", "-p prompts")


def test_a_dash_is_what_comes_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"ask me\n")))
    assert value("@-", "-p prompt") == "ask me"
