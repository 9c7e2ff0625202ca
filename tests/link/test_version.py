"""Minor versions get along, major ones are refused in words."""

import pytest

from benchrace.errors import BenchraceError
from benchrace.link.version import PROTOCOL, check


@pytest.mark.parametrize("theirs", [PROTOCOL, "1.0", "1.1", "1.999"])
def test_same_major(theirs: str) -> None:
    check(theirs, "the agent")


@pytest.mark.parametrize(
    ("theirs", "remedy"), [("0.9", "Update the agent"), ("2.0", "Update this side")]
)
def test_another_major_names_the_older_side(theirs: str, remedy: str) -> None:
    with pytest.raises(BenchraceError, match=f"speaks protocol {theirs}") as refused:
        check(theirs, "the agent")
    assert refused.value.remedy.startswith(remedy)


@pytest.mark.parametrize("theirs", ["", "1", ".", "1.", "a.b", "1.0.0", "-1.0", "1" * 20 + ".0"])
def test_nonsense(theirs: str) -> None:
    with pytest.raises(BenchraceError, match="no protocol version that can be read"):
        check(theirs, "the agent")
