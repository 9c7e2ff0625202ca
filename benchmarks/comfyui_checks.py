"""Check benchrace-comfyui against a real ComfyUI: durations, caches, errors, and a clean queue.

    python -m benchmarks.comfyui_checks --url http://127.0.0.1:8188 --checkpoint NAME

Nothing else may use that ComfyUI meanwhile. The checks race at 64 x 64 for about a minute on two
cores, and leave images in its `output/benchrace`. A checkpoint with random weights will do:
`--make-checkpoint PATH` writes one, into ComfyUI's `models/checkpoints`, and ends. `--damaged` is
the name of a file that was cut short.
"""

import argparse
import asyncio
import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream

from benchmarks import comfyui_checkpoint
from benchmarks.comfyui_server import Server
from benchrace.plugin import BenchraceError, Category
from benchrace_comfyui.config import VARIABLE

EXAMPLE = Path(__file__).parents[1] / "docs/examples/workflows/sd15-text-to-image.json"
LONG = 150
IDLE: dict[str, list[Any]] = {"queue_running": [], "queue_pending": []}
Check = Callable[[Server], Awaitable[str]]


async def durations(server: Server) -> str:
    """Rounds have new seeds, and their records the stamps of the server's own history."""
    spans = []
    for steps in (6, 60):
        racing = await server.lane(steps=steps).open()
        for number in range(2):
            record = await racing.round(number)
            assert racing.codes == []
            history = (await server.ask("/history")).values()
            seeds = [row["prompt"][2]["3"]["inputs"]["seed"] for row in history]
            own = list(history)[seeds.index(record.seed)]["status"]["messages"]
            began, over = (dict(own)[f"execution_{at}"]["timestamp"] for at in ("start", "success"))
            assert (record.server.start_ms, record.server.end_ms) == (began, over)
            assert record.sampler is not None
            assert record.sampler.last_step == steps
            assert racing.context.artifacts[record.outputs[0].name][1].startswith(b"\x89PNG")
            own_s, seen_s = (over - began) / 1e3, (record.complete_ns - record.accepted_ns) / 1e9
            spans.append(f"{steps} steps {own_s:.3f} s, seen {seen_s - own_s:+.3f} s later")
    return "; ".join(spans)


async def repeated_seed(server: Server) -> str:
    """A repeated seed is INVALID or refused while models stay, and fine after a free."""
    racing = await server.lane().open()
    for _ in range(2):
        await racing.round(0)
    assert racing.codes == ["node_cache"]
    assert await server.lane(seed=5).refused() == ["seed"]
    cold = await server.lane(seed=5, residence="cold").open()
    for number in range(2):
        record = await cold.round(number)
        assert (cold.codes, record.cached) == ([], ())
    return "warm INVALID, cold VALID"


async def unknown_names(server: Server) -> str:
    """Unknown names and impossible sizes are refused before anything is queued."""
    names = dict.fromkeys(("model", "vae", "sampler", "scheduler"), "none")
    wrong: dict[str, Any] = {**names, "width": 65}
    for field, value in wrong.items():
        assert await server.lane(**{field: value}).refused() == [field]
    return ", ".join(wrong)


async def damaged(server: Server) -> str:
    """A file that was cut short is named as such."""
    if not server.damaged:
        return "left out, for lack of --damaged"
    lane = server.lane(model=server.damaged)
    return await _fails(lane.open(), Category.MISSING_MODEL)


async def interrupted(server: Server) -> str:
    """Somebody interrupts the prompt."""

    async def interrupt() -> None:
        await server.wait_for("running", LONG)
        await server.ask("/interrupt", {})

    racing = await server.lane(steps=LONG).open()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(interrupt)
        text = await _fails(racing.round(), Category.INTERRUPTED)
    assert await server.ask("/queue") == IDLE
    return text


async def deleted(server: Server) -> str:
    """Somebody deletes the prompt while it waits behind one of another client."""

    async def delete() -> None:
        await server.ask("/queue", {"delete": [await server.wait_for("pending", 5)]})

    racing = await server.lane(steps=5).open()
    [other] = await server.add(1, LONG)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(delete)
        text = await _fails(racing.round(), Category.INTERRUPTED)
    await server.ask("/interrupt", {"prompt_id": other})
    return text


async def others_in_front(server: Server) -> str:
    """Prompts of another client make a round SUSPECT, and run to their ends."""
    racing = await server.lane().open()
    others = await server.add(2, 8)
    await racing.round()
    assert racing.codes == ["queue_shared"]
    for other in others:
        assert (await server.ask(f"/history/{other}"))[other]["status"]["completed"]
    return "SUSPECT"


async def cancelled(server: Server) -> str:
    """A cancelled round leaves nothing in the queue."""
    racing = await server.lane(steps=LONG).open()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(racing.round)
        await server.wait_for("running", LONG)
        tasks.cancel_scope.cancel()
    assert await server.ask("/queue") == IDLE
    return racing.context.logs[-1][1]


async def without_socket(server: Server) -> str:
    """A proxy that refuses the socket leaves a round VALID, without phases and progress."""
    async with anyio.create_task_group() as tasks:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        tasks.start_soon(listener.serve, partial(_pass_on, server.url))
        port = listener.extra(SocketAttribute.local_port)
        racing = await server.lane(f"http://127.0.0.1:{port}").open()
        record = await racing.round()
        tasks.cancel_scope.cancel()
    assert (racing.codes, record.sampler, record.phases.sampling) == ([], None, None)
    return racing.context.logs[-1][1]


async def workflow(server: Server) -> str:
    """A workflow gets its parameters and seeds; images of a second output are not counted."""
    graph = json.loads(EXAMPLE.read_text())
    graph["20"] = _node("ImageBlur", image=["8", 0], blur_radius=1, sigma=1.0)
    graph["21"] = _node("SaveImage", images=["20", 0], filename_prefix="benchrace/blurred")
    racing = await server.workflow(graph, prompt="a cat", batch=2).open()
    records = [await racing.round(number) for number in range(2)]
    assert racing.codes == []
    for record in records:
        assert (record.images, len(record.outputs), record.batch) == (2, 4, 2)
        stored = [row["prompt"][2] for row in (await server.ask("/history")).values()]
        (own,) = [one for one in stored if one["3"]["inputs"]["seed"] == record.seed]
        assert own["6"]["inputs"]["text"] == "a cat"
    assert records[0].seed != records[1].seed
    return f"{records[0].images} images in {len(records[0].outputs)} files"


async def wrong_workflow(server: Server) -> str:
    """What would measure another graph, or a cache, is refused before anything is queued."""
    graph = json.loads(EXAMPLE.read_text())
    seed = [{"parameter": "seed", "node": "9", "path": "filename_prefix"}]
    assert await server.workflow(graph, bindings=seed).refused() == ["seed"]
    graph["20"] = _node("ConditioningZeroOut", conditioning=["6", 0])
    graph["21"] = _node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["7", 0])
    graph["3"]["inputs"] |= {"positive": ["21", 0], "negative": ["20", 0]}
    assert await server.workflow(graph, negative="blurry").refused() == ["negative"]
    assert await server.workflow(graph, prompt="a cat").refused() == ["prompt"]
    racing = await server.workflow(graph).open()
    await racing.round()
    assert racing.codes == []
    return "refused: seed, negative, prompt"


def _node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


async def _fails(work: Awaitable[Any], category: Category) -> str:
    with pytest.raises(BenchraceError) as raised:
        await work
    error = raised.value
    assert error.category is category, error.message
    return error.message


async def _pass_on(url: str, here: SocketStream) -> None:
    """Pass on a connection, unless it asks for the socket."""
    parts = urlsplit(url)
    async with (
        here,
        await anyio.connect_tcp(parts.hostname or "", parts.port or 80) as there,
        anyio.create_task_group() as tasks,
    ):
        request = await here.receive()
        if b" /ws?" in request:
            await here.send(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        await there.send(request)
        tasks.start_soon(_copy, here, there)
        await _copy(there, here)


async def _copy(source: SocketStream, target: SocketStream) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for data in source:
            await target.send(data)


CHECKS: dict[str, Check] = {
    one.__name__: one
    for one in (
        durations,
        repeated_seed,
        unknown_names,
        damaged,
        interrupted,
        deleted,
        others_in_front,
        cancelled,
        without_socket,
        workflow,
        wrong_workflow,
    )
}


async def check(chosen: argparse.Namespace) -> int:
    """Print a line for each check; return 1 where one failed."""
    failed = 0
    async with httpx.AsyncClient(timeout=60) as http:
        for name in chosen.only or CHECKS:
            async with AsyncExitStack() as ends:
                url = chosen.url.rstrip("/")
                server = Server(url, chosen.checkpoint, chosen.damaged, http, ends)
                try:
                    print(f"ok      {name}: {await CHECKS[name](server)}", flush=True)
                except Exception:  # noqa: BLE001 - whatever a check raises, the others go on
                    failed = 1
                    print(f"FAILED  {name}\n{traceback.format_exc()}", flush=True)
    return failed


def main() -> int:
    """Run all checks, or make a checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8188", help="default: %(default)s")
    parser.add_argument("--checkpoint", default="", help="its name, as ComfyUI lists it")
    parser.add_argument("--damaged", default="", help="name of a checkpoint that was cut short")
    parser.add_argument("--only", action="append", choices=CHECKS, help="default: all")
    parser.add_argument("--make-checkpoint", type=Path, metavar="PATH", help="write one, and end")
    chosen = parser.parse_args()
    if chosen.make_checkpoint:
        print(f"{comfyui_checkpoint.write(chosen.make_checkpoint) / 1e6:.0f} MB")
        return 0
    if not chosen.checkpoint:
        parser.error("--checkpoint is required")
    # It would take precedence over each lane's own address.
    os.environ.pop(VARIABLE, None)
    return asyncio.run(check(chosen))


if __name__ == "__main__":
    sys.exit(main())
