"""Where workflows and images come from: one folder, and data: URLs."""

from pathlib import Path

import pytest

from benchrace_comfyui.workflow import source
from benchrace_comfyui.workflow.source import InvalidSource, resolve


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "secret.json"
    outside.write_text("{}")
    folder = tmp_path / "workflows"
    folder.mkdir()
    (folder / "link.json").symlink_to(outside)
    with pytest.raises(InvalidSource, match="outside of the folder"):
        resolve("link.json", folder)


def test_a_folder_that_is_missing_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match=r"is missing: set comfyui\.workflows"):
        resolve("x.json", tmp_path / "none")


def test_what_there_is_is_listed_of_one_kind_and_within_limits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_SEEN", 3)
    for name in ("a.json", "b.json", "c.json", "d.json"):
        (tmp_path / name).write_text("{}")
    with pytest.raises(InvalidSource) as raised:
        resolve("x.json", tmp_path)
    assert str(raised.value).count(".json") == 4
    with pytest.raises(InvalidSource, match=r"file 'x\.\*' not found$"):
        resolve("x.*", tmp_path)
    (tmp_path / "sub.d").mkdir()
    with pytest.raises(InvalidSource, match="is a folder: name a file in it"):
        resolve("sub.d", tmp_path)


def test_a_data_url_has_the_limit_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "MAX_BYTES", 8)
    assert resolve("data:x;base64,AAAAAAAAAAA=", None).data == bytes(8)
    with pytest.raises(InvalidSource, match=r"the data: URL has more than"):
        resolve("data:x;base64,AAAAAAAAAAAA", None)
