"""A text engine writes a text, in a real worker."""

import json
from pathlib import Path

import pytest
from anyio import to_thread

from benchrace.errors import Category
from benchrace.plugin import Operation, Writing
from benchrace.protocol.agent_worker import OperateOrder, Reply, WorkerSetup
from benchrace.testing import ask, plugin_ref
from benchrace.testing.server import CHUNKED, LAST, Peer, Request, Script, serving
from tests.small_text import WHERE

pytestmark = pytest.mark.anyio
ROOT = str(Path(__file__).parents[3])


async def thinks_and_writes(peer: Peer, request: Request) -> None:
    await peer.say(CHUNKED)
    for delta in ({"thinks": "hm"}, {"text": "Tell of "}, {"text": "tides."}, {"done": 3}):
        await peer.chunk(json.dumps(delta).encode() + b"\n")
    await peer.say(LAST)


async def ends_early(peer: Peer, request: Request) -> None:
    await peer.say(CHUNKED)
    await peer.chunk(b'{"text": "Tell"}\n')
    await peer.say(LAST)


async def written(script: Script, write: Writing | None) -> tuple[Reply, list[Request]]:
    order = OperateOrder(
        setup=WorkerSetup(plugins=(plugin_ref("tests.small_text"),)),
        operation=Operation.WRITE,
        backend="small_text",
        model="tiny",
        write=write,
    )
    async with serving(script) as served:
        environment = {WHERE: served.url, "PYTHONPATH": ROOT}
        reply = await to_thread.run_sync(lambda: ask(order, environment))
        assert reply is not None
        return reply, served.requests


async def test_a_text_has_no_thoughts_and_its_prompt_no_nonce() -> None:
    request = Writing(prompt="a prompt about tides", max_tokens=77)
    reply, requests = await written(thinks_and_writes, request)
    assert reply.failure is None
    assert reply.result == {"text": "Tell of tides.", "model": "tiny", "finish": "length"}
    assert json.loads(requests[0].body) == {"prompt": "a prompt about tides", "n": 77}


async def test_half_a_text_is_a_failure() -> None:
    reply, _ = await written(ends_early, Writing(prompt="p"))
    assert reply.failure is not None
    assert reply.failure.category is Category.ENDED_EARLY


async def test_nothing_to_write_is_bad_input() -> None:
    reply, requests = await written(thinks_and_writes, None)
    assert reply.failure is not None
    assert reply.failure.fields[0].path == "write"
    assert requests == []
