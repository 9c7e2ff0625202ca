"""Remedies of messages that cannot be read."""

import msgspec
import pytest

from benchrace import __version__
from benchrace.errors import BenchraceError, Category
from benchrace.protocol.agent_central import decode_from_agent


@pytest.mark.parametrize(
    ("version", "remedy"),
    [
        ("99.1", f"Update central, which is {__version__}: the agent is 99.1."),
        ("0.0.1", f"Update the agent, which is 0.0.1: central is {__version__}."),
        (__version__, "Install one version on both sides"),
    ],
)
def test_a_hello_with_a_word_that_is_not_known_names_the_older_side(
    version: str, remedy: str
) -> None:
    hello = {
        "type": "phasechanged",
        "job_id": "j0123456789abcdef",
        "phase": "of_next_year",
        "version": version,
    }
    with pytest.raises(BenchraceError) as raised:
        decode_from_agent(msgspec.json.encode(hello))
    assert raised.value.category is Category.VALIDATION
    assert "'of_next_year'" in raised.value.message
    assert raised.value.remedy.startswith(remedy)


@pytest.mark.parametrize("text", [b"", b"[]", b'{"type":"of_next_year"}', b'{"version":5}'])
def test_what_says_no_version_names_both(text: bytes) -> None:
    with pytest.raises(BenchraceError, match="cannot be read") as raised:
        decode_from_agent(text)
    assert raised.value.remedy.startswith("Update the older side")
