"""`POST /api/agents/{id}/reset` where it cannot be done, and what the agent is asked."""

import json
from pathlib import Path

import anyio
import pytest
from websockets.asyncio.client import ClientConnection

from benchrace.compat.central import install
from benchrace.plugin.operations import Reset
from benchrace.protocol.agent_central import Answer, Ask, encode
from benchrace.protocol.operations import ResetAll
from benchrace.testing.limits import HANG_S
from tests.central.scripted import FakeAgent
from tests.central.served import served

pytestmark = pytest.mark.anyio


class Resetting(FakeAgent):
    """Answers a reset as an agent does."""

    async def _answer(self, socket: ClientConnection, ask: Ask) -> None:
        done = ResetAll(ok=True, duration_ms=3, backends={"fake": Reset(healthy=True)})
        answer = Answer(ask_id=ask.ask_id, result=done)
        await socket.send(encode(answer))


async def test_the_agent_s_answer_in_the_older_form(tmp_path: Path) -> None:
    async with served(tmp_path, extend=install) as central:
        agent = Resetting("m1")
        await central.link(agent)
        with anyio.fail_after(HANG_S):
            answer = await central.http.post("/api/agents/m1/reset")
        assert answer.status_code == 200, answer.text
        body = answer.json()
        assert (body["ok"], body["fake"]["healthy"]) == (True, True)
        assert body["ollama"]["healthy"] is body["comfyui"]["healthy"] is None
        assert [ask.what for ask in agent.asks] == ["reset"]


async def test_one_that_is_away_is_503_and_one_unknown_404(tmp_path: Path) -> None:
    folder = tmp_path / "central"
    folder.mkdir()
    machines = [{"machine_id": "away", "label": "Away"}]
    (folder / "machines.json").write_text(json.dumps(machines))
    async with served(tmp_path, extend=install) as central:
        for path, status, words in [
            ("/api/agents/away/reset", 503, "away is not linked"),
            ("/api/machines/away/backends/x/reset", 503, "away is not linked"),
            ("/api/machines/away/operations/op-1/cancel", 503, "away is not linked"),
            ("/api/agents/nobody/reset", 404, "unknown machine 'nobody'"),
        ]:
            answer = await central.http.post(path)
            assert answer.status_code == status, path
            error = answer.json()["error"]
            assert words in error["message"]
            assert error["remedy"]
