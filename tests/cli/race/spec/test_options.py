"""Specification files, and options of lanes, parameters and rounds."""

from pathlib import Path

import pytest

from benchrace.cli.race.spec import options
from benchrace.errors import InvalidInput
from tests.cli.conftest import Call


def test_a_lane_has_its_own_words_and_parameters() -> None:
    lane = options.lane(r"machine=a, label=one\, two,backend=b,n=5,x=a=b")
    assert (lane.machine_id, lane.label, lane.backend) == ("a", "one, two", "b")
    assert lane.params == {"n": "5", "x": "a=b"}


def test_a_lane_names_its_clients_with_a_plus() -> None:
    assert options.lane("machine=a,clients=b + c,n=5").clients == ("b", "c")
    assert options.lane("machine=a").clients == ()
    for text in ("clients=", "clients=b+", "clients=+b"):
        with pytest.raises(InvalidInput, match=r"e\.g\. clients=mac1\+mac2"):
            options.lane(text)
    with pytest.raises(InvalidInput, match="duplicate key clients"):
        options.lane("clients=b,clients=c")


@pytest.mark.parametrize("text", ["", "n", "=5", "n=1,", "n=1,,m=2"])
def test_a_lane_without_a_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected KEY=VALUE"):
        options.lane(text)


@pytest.mark.parametrize(
    "text", ["threads=2,threads=3", "label=a,n=1,label=b", "machine=a,machine=a"]
)
def test_a_key_given_twice_in_a_lane_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="duplicate key"):
        options.lane(text)


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="duplicate key n"):
        options.params(["n=1", "m=2", "n=1"])


def test_rounds_are_a_number_or_auto() -> None:
    assert (options.rounds("auto"), options.rounds("7")) == ("auto", 7)
    for text in ("0", "-1", "1.5", "x", "", "100001", "٣"):
        with pytest.raises(InvalidInput, match="--rounds"):
            options.rounds(text)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.yaml", "kind: compute\nroundz: 3\n", ("a.yaml:2: roundz", "rounds?")),
        ("a.toml", 'kind = "compute"\nrounds = "x"\n', ("a.toml:2: rounds",)),
        (
            "a.json",
            '{"kind": "compute",\n "lanes": [{"machine": 1}]}',
            ("a.json:2: lanes[0].machine",),
        ),
        ("a.yaml", "kind: [compute\n", ("a.yaml:2: ",)),
        ("a.toml", "kind = compute\n", ("a.toml:1: ",)),
        ("a.json", "{", ("a.json:1: ",)),
        ("a.yaml", "", ("a.yaml: kind: is missing",)),
        ("a.txt", "kind: compute", ("a.txt", ".yaml, .toml or .json")),
    ],
)
def test_a_bad_file_is_named_with_line_and_key(
    call: Call, tmp_path: Path, name: str, text: str, words: tuple[str, ...]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    result = call("run", str(path))
    assert result.exit_code == 2
    assert all(word in result.stderr for word in words), result.stderr
