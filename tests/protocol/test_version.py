"""Minor versions are compatible, major ones are rejected with a message."""

import pytest

from benchrace.errors import BenchraceError
from benchrace.protocol.version import PROTOCOL, check, update


@pytest.mark.parametrize("theirs", [PROTOCOL, "1.0", "1.1", "1.999"])
def test_same_major(theirs: str) -> None:
    check(theirs, "the agent")


@pytest.mark.parametrize(
    ("theirs", "remedy"), [("0.9", "Update the agent"), ("2.0", "Update this side")]
)
def test_another_major_names_the_older_side(theirs: str, remedy: str) -> None:
    with pytest.raises(BenchraceError, match=f"uses protocol {theirs}") as refused:
        check(theirs, "the agent")
    assert refused.value.remedy.startswith(remedy)


@pytest.mark.parametrize("theirs", ["", "1", ".", "1.", "a.b", "1.0.0", "-1.0", "1" * 20 + ".0"])
def test_nonsense(theirs: str) -> None:
    with pytest.raises(BenchraceError, match="an invalid protocol version"):
        check(theirs, "the agent")


@pytest.mark.parametrize(
    ("agent", "central", "text"),
    [
        ("0.10.0", "0.9.9", "Update central, which is 0.9.9"),
        ("0.1", "0.1.1", "Update the agent, which is 0.1"),
        ("1.2.dev3", "1.2.dev3", "Install one version on both sides"),
        ("", "1", "Update the agent"),
    ],
)
def test_the_older_software_is_named(agent: str, central: str, text: str) -> None:
    assert update(agent, central).startswith(text)
