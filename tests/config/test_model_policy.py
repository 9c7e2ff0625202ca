"""`model_policy.yaml`: read, or refused with its line."""

from pathlib import Path

import msgspec
import pytest

from benchrace.config.model_policy import Group, ModelPolicy, path_of, read_policy, text_of
from benchrace.errors import InvalidInput

POLICY = ModelPolicy(
    required=Group(llm=("tiny:1b", "org/name:q4"), whisper=("base",)),
    optional=Group(sdxl_profiles=("turbo",)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return path_of(tmp_path / "config")


def test_no_file_requires_nothing(path: Path) -> None:
    assert read_policy(path) == ModelPolicy()


def test_what_is_written_is_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_text(text_of(POLICY))
    assert read_policy(path) == POLICY


def test_the_older_form_is_read(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("required:\n  llm:\n    - a\n  whisper: []\n  sdxl_profiles: []\n")
    assert read_policy(path).required.all() == ("a",)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("required:\n  llm: [a]\n  vision: [b]\n", ":3: required.vision: unknown key"),
        ("required:\n  llm:\n    - ok\n    - '../etc'\n", ":4: required.llm[1]: "),
        ("required:\n  llm: [a]\noptional:\n  llm: ['A:latest']\n", ":4: optional.llm: A:latest"),
        ("required: [a]\n", ":1: required: expected a table"),
    ],
)
def test_a_bad_file_is_named_with_its_line(path: Path, text: str, words: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InvalidInput) as found:
        read_policy(path)
    assert f"{path}{words}" in found.value.message


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/", "a//b", "/a", "a\n", "a..", "x" * 201])
def test_ids_are_checked(name: str) -> None:
    good = name == "a.."
    try:
        msgspec.convert({"llm": [name]}, Group)
    except msgspec.ValidationError:
        assert not good
    else:
        assert good


def test_missing_knows_the_usual_tag() -> None:
    wanted = Group(llm=("tiny", "Big:latest", "other:q8"), whisper=("tiny",))
    assert wanted.missing(["tiny:latest", "big"]) == ("other:q8",)
    assert wanted.missing([]) == ("tiny", "Big:latest", "other:q8")
