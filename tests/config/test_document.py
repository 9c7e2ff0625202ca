"""Configuration files: valid ones are values, invalid ones name file, line, key and remedy."""

import enum
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchrace.config.document import BadDocument, open_document, read
from benchrace.config.explain import spelt
from benchrace.config.lines.yaml_nodes import read_yaml


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    n: int = 0
    label: str | None = None


class Colour(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Outer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: str
    lanes: tuple[Inner, ...] = ()
    rounds: int = 5
    wait: int | Literal["auto"] = 5
    colour: Colour | None = None


def wrong(tmp_path: Path, name: str, text: str | bytes) -> str:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BadDocument) as raised:
        read(path, Outer)
    assert "\n" not in str(raised.value)
    assert str(raised.value) == raised.value.message
    return str(raised.value).replace(f"{tmp_path}/", "")


SAME = {
    "a.yaml": "kind: x\nlanes:\n  - n: 1\n  - label: two\n",
    "a.toml": 'kind = "x"\n[[lanes]]\nn = 1\n[[lanes]]\nlabel = "two"\n',
    "a.json": '{"kind": "x", "lanes": [{"n": 1},\t{"label": "two"}]}',
}


@pytest.mark.parametrize("name", SAME)
def test_each_form_says_the_same(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(SAME[name])
    assert read(path, Outer) == Outer(kind="x", lanes=(Inner(n=1), Inner(label="two")))


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "a.yaml",
            "kind: x\nwait: long\n",
            "a.yaml:2: wait: expected a whole number or auto, got 'long'",
        ),
        (
            "a.toml",
            'kind = "x"\ncolour = "green"\n',
            "a.toml:2: colour: expected red or blue, got 'green'",
        ),
        ("a.yaml", "kind: x\n\nround: 3\n", "a.yaml:3: round: unknown key; did you mean rounds?"),
        (
            "a.yaml",
            "kind: x\nlanes:\n- n: 1\n- m: 2\n",
            "a.yaml:4: lanes[1].m: unknown key; expected one of label, n",
        ),
        (
            "a.yaml",
            "kind: x\nrounds: many\n",
            "a.yaml:2: rounds: expected a whole number, got text",
        ),
        ("a.yaml", "rounds: 3\n", "a.yaml:1: kind: is missing"),
        ("a.yaml", "kind: x\nkind: y\n", "a.yaml:2: kind: duplicate key"),
        (
            "a.yaml",
            "kind: x\nlanes:\n  - n: 1\n    n: 2\n",
            "a.yaml:4: lanes[0].n: duplicate key",
        ),
        ("a.yaml", "kind: [x\n", "a.yaml:2: expected ',' or ']', but got '<stream end>'"),
        ("a.yaml", "a: 1\n---\nb: 2\n", "a.yaml:2: but found another document"),
        ("a.yaml", "? [a]\n: 1\n", "a.yaml:1: a key must be a string"),
        (
            "a.toml",
            'kind = "x"\nrounds = "y"\n',
            "a.toml:2: rounds: expected a whole number, got text",
        ),
        ("a.toml", 'kind = "x"\n[[lanes]]\n[[lanes]]\nn = ""\n', "a.toml:4: lanes[1].n: expected"),
        ("a.toml", 'kind = "x"\nkind = "y"\n', "a.toml:2: cannot overwrite a value"),
        ("a.toml", "kind = \n", "a.toml:1: invalid value"),
        ("a.json", '{"kind": "x",\n"kind": "y"}', "a.json:2: kind: duplicate key"),
        ("a.json", '{"kind": "x",\n "rounds": 1.5}', "a.json:2: rounds: expected a whole number"),
        ("a.json", '{"kind"\n}', "a.json:2: is not valid JSON"),
        ("a.ini", "", "a.ini: a file ending in .ini cannot be read: use .yaml, .toml or .json"),
        ("a.yaml", b"kind: x\nlabel: \xff\n", "a.yaml:2: is not UTF-8"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str | bytes, words: str) -> None:
    assert wrong(tmp_path, name, text).startswith(words)


BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "more than 100000 values"),
        ("\n".join(["a: &a 1"] + [f"b{n}: *a" for n in range(200)]), "more than 100 aliases"),
        ("a: " + "[" * 5000, "is nested too deeply"),
        ("a: " + "[" * 100 + "]" * 100, "is nested too deeply"),
        ("a: &a [*a]", "is nested too deeply"),
        ("a: !!python/object/apply:os.system [echo]", "could not determine a constructor"),
        ("a: !!python/name:os.system ''", "could not determine a constructor"),
    ],
)
def test_a_hostile_text_is_refused_soon(tmp_path: Path, text: str, words: str) -> None:
    assert words in wrong(tmp_path, "a.yaml", text)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    assert "over the limit" in wrong(tmp_path, "a.yaml", b"x" * (1 << 20) + b"y")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match=r"a\.yaml: file not found") as missing:
        read(tmp_path / "a.yaml", Outer)
    assert missing.value.remedy == "Correct the path."


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match="cannot be read: Is a directory"):
        read(tmp_path, Outer)


@given(st.text(max_size=300))
def test_any_text_is_a_value_or_an_error(text: str) -> None:
    result = read_yaml(text)
    assert result.error is None or result.data is None


def test_older_keys_move_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("kind: x\nold: text\n")
    moved = open_document(path).moved({"old": ("rounds",), "other": ("n",)})
    assert moved.data == {"kind": "x", "rounds": "text"}
    with pytest.raises(BadDocument, match=r"a\.yaml:2: rounds: expected a whole number"):
        moved.decode(Outer)


def test_an_older_key_beside_its_new_name_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("rounds: 3\nold: 4\n")
    with pytest.raises(BadDocument, match=r"a\.yaml:2: old: cannot be used with rounds"):
        open_document(path).moved({"old": ("rounds",)})


def test_paths_are_spelt_as_people_do() -> None:
    assert spelt(("lanes", 1, "params", "n")) == "lanes[1].params.n"
    assert spelt(()) == ""
