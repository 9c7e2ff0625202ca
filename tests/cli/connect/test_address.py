"""Addresses that are not valid."""

import pytest

from tests.cli.conftest import Call


@pytest.mark.parametrize(
    ("url", "code"), [("http://127.0.0.1:x", 2), ("nonsense", 2), ("http://[x", 2)]
)
def test_an_address_that_is_none_is_said_in_a_line(call: Call, url: str, code: int) -> None:
    result = call("runs", "list", "--central", url)
    assert result.exit_code == code, result.output
    assert url in result.stderr
    assert "Traceback" not in result.output
