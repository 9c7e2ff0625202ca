"""`model_policy.yaml`: read, or rejected with its line."""

from pathlib import Path

import msgspec
import pytest

from benchrace.config.model_policy import Group, ModelPolicy, path_of, read_policy, text_of, wrong
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
        (
            "required:\n  llm:\n    - ok\n    - '../etc'\n",
            ":4: required.llm[1]: invalid model name '../etc'",
        ),
        (
            "required:\n  llm: [a]\noptional:\n  llm: ['A:latest']\n",
            ":4: optional.llm[0]: A:latest",
        ),
        ("required: [a]\n", ":1: required: expected a table"),
    ],
)
def test_a_bad_file_is_named_with_its_line(path: Path, text: str, words: str) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_policy(path)
    assert f"{path}{words}" in caught.value.message


@pytest.mark.parametrize("name", ["", "a b", "-a", "a/", "a//b", "/a", "a\n", "..", "a:b:"])
def test_what_is_no_model_s_name(name: str) -> None:
    policy = msgspec.convert({"optional": {"llm": ["fine", name]}}, ModelPolicy)
    assert [item.path for item in wrong(policy)] == ["optional.llm[1]"]


@pytest.mark.parametrize("name", ["a", "a:1b-q4_K_M", "org/name", "hf.co/org/name:Q4", "a@b+c.d"])
def test_what_is_one(name: str) -> None:
    assert wrong(ModelPolicy(required=Group(llm=(name,)))) == ()


def test_a_name_that_is_too_long() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"llm": ["x" * 201]}, Group)


def test_missing_knows_the_usual_tag() -> None:
    wanted = Group(llm=("tiny", "Big:latest", "other:q8"), whisper=("tiny",))
    assert wanted.missing(["tiny:latest", "big"]) == ("other:q8",)
    assert wanted.missing([]) == ("tiny", "Big:latest", "other:q8")
