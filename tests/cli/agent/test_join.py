"""`benchrace agent join` and `leave` up to the start of the agent, against a real central."""

import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from anyio import to_thread

from benchrace.api.joining import JoinRequest
from benchrace.central.api.access import visitor
from benchrace.cli.agent import join as joining
from benchrace.cli.agent.starting import InBackground
from benchrace.cli.service.service import Service
from benchrace.config.joined import Joined, joined_path, read_joined
from benchrace.errors import BenchraceError, Category
from tests.central.served import Served, served
from tests.cli.conftest import Call

OLD = Joined(central="http://old:8080", token="a token of the old one", machine_id="old")


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    monkeypatch.setattr(visitor, "WRONG_S", 0.01)
    async with served(tmp_path / "central") as central:
        yield central


@pytest.fixture
def config(data: Path) -> Path:
    folder = data.parent / "config"
    folder.mkdir()
    return folder


async def code(site: Served) -> str:
    invitation = (await site.http.post("/api/invitations", json={})).json()
    return str(invitation["code"])


async def join(call: Call, site: Served, *words: str) -> Any:
    start = ("agent", "join", site.url, *words)
    return await to_thread.run_sync(call, *start)


def keep(config: Path, joined: Joined = OLD) -> None:
    joined_path(config).write_bytes(msgspec.json.encode(joined))


async def test_settings_that_would_win_are_named_before_the_code_is_used(
    config: Path, site: Served, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    invited = await code(site)
    monkeypatch.setenv("BENCHRACE_TOKEN", "a token of the environment")
    refused = await join(call, site, invited)
    assert (refused.exit_code, "BENCHRACE_TOKEN" in refused.stderr) == (2, True)
    monkeypatch.delenv("BENCHRACE_TOKEN")
    for line in ("central_base_url: http://x:1", "central_token: a token of the file"):
        (config / "agent.yaml").write_text(line)
        refused = await join(call, site, invited)
        assert (refused.exit_code, line.partition(":")[0] in refused.stderr) == (2, True)
        assert "Remove it there" in refused.stderr
    assert len((await site.get("/api/invitations"))["invitations"]) == 1


async def test_another_central_is_replaced_only_where_that_is_wanted(
    config: Path, site: Served, call: Call
) -> None:
    keep(config)
    refused = await join(call, site, await code(site))
    assert refused.exit_code == 2
    assert "has joined http://old:8080 as old already" in refused.stderr
    assert "--yes" in refused.stderr
    assert read_joined(joined_path(config)) == OLD


async def test_another_agent_of_this_computer_does_not_take_the_place_of_the_first(
    config: Path, site: Served, call: Call
) -> None:
    first = msgspec.structs.replace(OLD, central=site.url, machine_id="left")
    keep(config, first)
    refused = await join(call, site, await code(site), "--machine-id", "right")
    assert (refused.exit_code, f"{site.url} as left already" in refused.stderr) == (2, True)
    assert "--config-dir" in refused.stderr
    assert read_joined(joined_path(config)) == first


async def test_a_folder_that_cannot_be_made_leaves_the_invitation_valid(
    config: Path, site: Served, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: InBackground, service: Service) -> None:
        raise BenchraceError(Category.SYSTEM, "the user 'x' does not exist", "Create it.")

    monkeypatch.setattr(InBackground, "lay_out", refuse)
    refused = await join(call, site, await code(site), "--machine-id", "one")
    assert (refused.exit_code, "does not exist" in refused.stderr) == (1, True)
    assert len((await site.get("/api/invitations"))["invitations"]) == 1


async def test_a_wrong_code_stores_nothing(config: Path, site: Served, call: Call) -> None:
    refused = await join(call, site, "wrong", "--machine-id", "one")
    assert refused.exit_code == 2
    assert "WebSockets get through" in refused.stdout
    assert "no invitation with this code" in refused.stderr
    assert not joined_path(config).exists()


@pytest.mark.slow
async def test_an_agent_that_does_not_start_has_joined_all_the_same(
    config: Path, site: Served, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = site.url.rpartition(":")[2]
    ahead_s = time.time() + 7200
    monkeypatch.setattr(
        joining, "JoinRequest", lambda **fields: JoinRequest(**fields | {"wall_s": ahead_s})
    )
    done = await join(
        call, site, await code(site), "--machine-id", "one", "--label", "One", "--port", taken
    )
    assert done.exit_code == 1
    assert "is in use by another program" in done.stderr
    assert "it needs no new invitation" in done.stderr
    assert "the clock of this machine is 2 h 00 min ahead of central's" in done.stderr
    path = joined_path(config)
    joined = read_joined(path)
    assert joined is not None
    assert (joined.central, joined.machine_id, joined.label) == (site.url, "one", "One")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert joined.token not in done.output
    left = await to_thread.run_sync(call, "agent", "leave", "--json")
    assert msgspec.json.decode(left.output)["revoked"]
    assert not path.exists()
    tokens = (await site.get("/api/tokens"))["tokens"]
    assert [token["token_id"] for token in tokens] == ["first-agent"]


def test_leaving_works_without_central(config: Path, call: Call) -> None:
    none = call("agent", "leave")
    assert (none.exit_code, "has not joined a central" in none.stderr) == (2, True)
    keep(config, msgspec.structs.replace(OLD, central="http://127.0.0.1:9"))
    left = call("agent", "leave")
    assert left.exit_code == 0
    assert "was not revoked" in left.stderr
    assert list(config.iterdir()) == []
