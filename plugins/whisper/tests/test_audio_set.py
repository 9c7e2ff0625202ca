"""Which files a lane may name, and sets of them with references."""

from pathlib import Path

import pytest

from benchrace.plugin import BenchraceError, Category, InvalidInput
from benchrace_whisper.audio.audio_set import find_clips, suggestions


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audio"
    folder.mkdir()
    for name in ("b.wav", "a.opus", "notes.md", "secret.wav"):
        (folder / name).write_bytes(b"x")
    (folder / "a.txt").write_text("what is said\n")
    (tmp_path / "outside.wav").write_bytes(b"x")
    (folder / "secret.wav").unlink()
    (folder / "secret.wav").symlink_to(tmp_path / "outside.wav")
    return folder


def test_a_sample_needs_no_folder() -> None:
    (clip,) = find_clips("sample-10s", "", [Path("/nowhere")])
    assert clip.reference is not None
    assert clip.reference.startswith("The ferry leaves the port")


def test_one_file_and_its_text(folder: Path) -> None:
    (clip,) = find_clips("a.opus", "", [folder])
    assert (clip.name, clip.reference) == ("a.opus", "what is said")
    (clip,) = find_clips("a.opus", "something else", [folder])
    assert clip.reference == "something else"
    (clip,) = find_clips(str(folder / "b.wav"), "", [folder])
    assert clip.reference is None


@pytest.mark.parametrize(
    "name", ["../outside.wav", "/etc/passwd", "secret.wav", "~root/a.wav", "a\0b", "x/../../y.wav"]
)
def test_nothing_outside_of_the_folders_is_read(folder: Path, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        find_clips(name, "", [folder])
    assert [field.path for field in caught.value.fields] == ["audio"]
    assert "WHISPER_AUDIO" in caught.value.remedy


@pytest.mark.parametrize("name", ["b.wav", "."])
def test_a_text_that_leads_out_is_not_read(folder: Path, name: str) -> None:
    (folder.parent / "key.txt").write_text("private")
    (folder / "b.txt").symlink_to(folder.parent / "key.txt")
    with pytest.raises(InvalidInput, match=r"b\.txt is outside"):
        find_clips(name, "", [folder])


def test_a_missing_file_names_the_folder(folder: Path) -> None:
    with pytest.raises(BenchraceError) as caught:
        find_clips("c.wav", "", [folder])
    assert caught.value.category is Category.MISSING_ASSET
    assert str(folder) in caught.value.message
    assert "sample-10s" in caught.value.remedy


def test_a_folder_is_a_set_in_order_of_names(folder: Path) -> None:
    clips = find_clips(str(folder), "", [folder])
    assert [(clip.name, clip.reference) for clip in clips] == [
        ("a.opus", "what is said"),
        ("b.wav", None),
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "set.jsonl",
            '{"audio": "b.wav", "text": "b", "language": "en-GB"}\n\n{"file":"a.opus"}\n',
        ),
        ("set.jsonl", '\ufeff{"audio_filepath":"b.wav","text":"b","lang":"EN"}\n{"path":"a.opus"}'),
        ("set.csv", 'audio,text,language\nb.wav,"b",en\na.opus,what is said,\n'),
        ("set.tsv", "path\tsentence\tlocale\nb.wav\tb\ten\na.opus\twhat is said\t\n"),
    ],
)
def test_manifests_in_the_usual_forms(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, encoding="utf-8")
    first, second = find_clips(name, "", [folder])
    assert (first.name, first.reference, first.language) == ("b.wav", "b", "en")
    assert (second.name, second.reference, second.language) == ("a.opus", "what is said", None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"audio": "b.wav"}\n{"text": "no file"}', "line 2 names no file"),
        ("{nonsense", "line 1"),
        ('{"audio": "../outside.wav"}', "outside of the audio folders"),
        ("", "has no audio files"),
        ('{"audio": 7}', "line 1 names no file"),
    ],
)
def test_a_bad_manifest_names_its_line(folder: Path, text: str, message: str) -> None:
    (folder / "set.jsonl").write_text(text)
    with pytest.raises(InvalidInput, match=message):
        find_clips("set.jsonl", "", [folder])


def test_a_set_takes_no_single_reference(folder: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        find_clips(str(folder), "hello", [folder])
    assert [field.path for field in caught.value.fields] == ["reference"]


def test_what_a_form_suggests_is_what_a_lane_may_name(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("talk.MP3", "talk.txt", "set.jsonl", "set/a.wav", "notes.md"):
        (tmp_path / name).write_bytes(b"x")
    names = suggestions([tmp_path, tmp_path / "not there", tmp_path])
    assert names == ("sample-10s", "sample-40s", "set", "set.jsonl", "talk.MP3")
    for name in ("sample-10s", "set", "talk.MP3"):
        assert find_clips(name, "", [tmp_path])
