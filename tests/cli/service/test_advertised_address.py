"""Addresses that other machines can use."""

from pathlib import Path

from benchrace.central.settings import CentralSettings
from benchrace.cli.central.tokens import new_tokens
from benchrace.cli.service.advertised_address import advertised_urls


def test_others_are_told_an_address_that_they_can_use(tmp_path: Path) -> None:
    local = "http://127.0.0.1:8080"
    assert advertised_urls(local, "127.0.0.1", ["lab.example"]) == (local,)
    for host in ("0.0.0.0", "::"):
        urls = advertised_urls(local, host)
        # A machine without a network has no better one.
        assert urls == (local,) or not any("127." in line or "[::1]" in line for line in urls)
        assert all(line.endswith(":8080") for line in urls)
    settings = CentralSettings(data=tmp_path, host="0.0.0.0", hosts=("lab.example",))
    with new_tokens(settings) as tokens:
        lines = tokens.lines(local)
    joins, people = (next(line for line in lines if word in line) for word in ("join", "log in"))
    assert joins.endswith("--central http://lab.example:8080")
    assert people.startswith("users log in at http://lab.example:8080 with")
    assert not any(local in line for line in lines)
