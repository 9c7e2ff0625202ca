"""`benchrace central token` and `invite`: on central's machine, and with the operator token."""

from pathlib import Path
from typing import Any

import msgspec
from anyio import to_thread

from tests.central.served import served
from tests.cli.conftest import Call

OPERATOR = "the operators token"
ASKS: dict[str, Any] = {"require_token": True, "operator_token": OPERATOR}


async def test_tokens_are_managed_on_centrals_machine_and_from_elsewhere(
    data: Path, call: Call
) -> None:
    async with served(data, **ASKS) as site:

        async def central(*words: str, code: int = 0) -> Any:
            done = await to_thread.run_sync(call, "central", *words)
            assert done.exit_code == code, done.output
            return done

        token = (await central("token", "create", "operator", "robot")).stdout.strip()
        remote = ("--central", site.url, "--token", token)
        assert (await central("token", "list", *remote)).stdout.count("robot") == 1
        shown = msgspec.json.decode((await central("token", "rotate", "robot", "--json")).stdout)
        assert "operator token" in (await central("token", "list", *remote, code=2)).stderr
        remote = ("--central", site.url, "--token", shown["token"])
        twin = ("token", "create", "agent", "robot", "--machine-id", "desk", "--json")
        agent = msgspec.json.decode((await central(*twin, *remote)).stdout)["entry"]
        ambiguous = await central("token", "revoke", "robot", code=2)
        assert "2 tokens have the name" in ambiguous.stderr
        await central("token", "revoke", agent["token_id"], shown["entry"]["token_id"])
        listed = await central("token", "list", "--json")
        ids = [entry["token_id"] for entry in msgspec.json.decode(listed.stdout)["tokens"]]
        assert ids == ["first-agent", "first-operator"]
        assert "central.yaml" in (await central("token", "revoke", ids[1], code=1)).stderr
        await central("token", "create", "agent", "x", "--machine-id", "../x", code=2)


async def test_an_invitation_is_one_command(data: Path, call: Call) -> None:
    async with served(data, **ASKS) as site:
        done = await to_thread.run_sync(call, "central", "invite", "--label", "desk")
        (line,) = done.stdout.splitlines()
        assert line.startswith(f"benchrace agent join {site.url} ")
        assert "which no other machine can reach" in done.stderr
        remote = ("--json", "--central", site.url, "--token", OPERATOR)
        done = await to_thread.run_sync(call, "central", "invite", *remote)
        invitation = msgspec.json.decode(done.stdout)
        assert invitation["command"].split()[-1] == invitation["code"]
        key = (data / "central" / "local.key").read_text().strip()
        site.http.headers["Authorization"] = f"Bearer {key}"
        pending = (await site.get("/api/invitations"))["invitations"]
        assert [entry["label"] for entry in pending] == ["desk", None]
