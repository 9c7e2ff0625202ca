"""What goes wrong with a server, told apart: each with its category, and the queue left clean."""

import signal
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from benchrace.plugin import BenchraceError, Category
from benchrace.testing.limits import HANG_S
from benchrace_comfyui.prompt.completion import Patience
from benchrace_comfyui.prompt.withdraw import agent_mark

from .harness import HASTY, PATIENT, QUICK, Racing, StandIn, Start

pytestmark = pytest.mark.slow
Make = Callable[..., Racing]
ENDLESS = 10_000


async def running(at: StandIn) -> str:
    """Wait until a prompt runs; return its ID."""
    with anyio.fail_after(HANG_S):
        while True:
            queue = await anyio.to_thread.run_sync(at.ask, "/queue")
            if queue["queue_running"]:
                return str(queue["queue_running"][0][1])


async def during(racing: Racing, at: StandIn, act: Callable[[str], Any]) -> BenchraceError:
    """Begin a round, `act` while its prompt runs, and return what it raises."""
    failures: list[BenchraceError] = []

    async def play() -> None:
        with pytest.raises(BenchraceError) as raised:
            await racing.round()
        failures.append(raised.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(play)
        prompt_id = await running(at)
        await anyio.to_thread.run_sync(act, prompt_id)
    return failures[0]


def is_idle(at: StandIn) -> bool:
    queue = at.ask("/queue")
    return not queue["queue_running"] and not queue["queue_pending"]


async def opened(make: Make, at: StandIn, patience: Patience = QUICK, **params: Any) -> Racing:
    """Open a lane whose rounds never end; `patience` is that of its rounds."""
    lane = make(at, steps=ENDLESS, **params)
    await lane.open()
    lane.backend._lanes["l"]._patience = patience
    return lane


async def test_a_server_that_is_killed_is_gone(start: Start, racing: Make) -> None:
    at = start()
    lane = await opened(racing, at, HASTY)
    error = await during(lane, at, lambda _: at.kill())
    assert error.category is Category.UNREACHABLE
    assert "stopped or was killed" in error.message


async def test_a_server_that_was_started_again_has_lost_the_prompt(
    start: Start, racing: Make
) -> None:
    at = start()
    lane = await opened(racing, at, PATIENT)

    def restart(_: str) -> None:
        at.kill()
        start("--port", str(at.port))

    error = await during(lane, at, restart)
    assert error.category is Category.ENDED_EARLY
    assert "restarted" in error.message


async def test_a_frozen_server_is_told_from_a_dead_one(start: Start, racing: Make) -> None:
    at = start()
    short = racing(at, steps=4)
    await short.open()
    lane = await opened(racing, at, HASTY)
    error = await during(lane, at, lambda _: at.signal(signal.SIGSTOP))
    at.signal(signal.SIGCONT)
    assert error.category is Category.TIMEOUT_IDLE
    assert "frozen" in error.message
    # The prompt that was given up does not run beside the next one.
    own = lane.backend._lanes["l"]
    own._patience, own._opened = QUICK, short.backend._lanes["l"]._opened
    await lane.round(1)
    assert lane.codes == []


async def test_an_interruption_by_somebody_else_is_named(stand_in: StandIn, racing: Make) -> None:
    lane = await opened(racing, stand_in)
    error = await during(lane, stand_in, lambda _: stand_in.ask("/interrupt", {}))
    assert error.category is Category.INTERRUPTED
    assert "interrupted the prompt" in error.message


async def test_a_prompt_that_somebody_deletes_is_lost(stand_in: StandIn, racing: Make) -> None:
    lane = await opened(racing, stand_in)
    history = next(reversed(stand_in.ask("/history").values()))
    graph = history["prompt"][2]
    graph["3"]["inputs"] |= {"steps": ENDLESS, "seed": 3}
    stand_in.ask("/prompt", {"prompt": graph})
    other = await running(stand_in)
    failures: list[BenchraceError] = []

    async def play() -> None:
        with pytest.raises(BenchraceError) as raised:
            await lane.round()
        failures.append(raised.value)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(play)
        with anyio.fail_after(HANG_S):
            while not (
                pending := (await anyio.to_thread.run_sync(stand_in.ask, "/queue"))["queue_pending"]
            ):
                continue
        stand_in.ask("/queue", {"delete": [pending[0][1]]})
    stand_in.ask("/interrupt", {"prompt_id": other})
    assert failures[0].category is Category.INTERRUPTED
    assert "neither in ComfyUI's queue nor in its history" in failures[0].message


@pytest.mark.parametrize(
    ("fail", "category"),
    [
        (
            {
                "node": "KSampler",
                "type": "torch.OutOfMemoryError",
                "message": "Allocation on device 0 would exceed allowed memory. (out of memory)",
            },
            Category.OUT_OF_MEMORY,
        ),
        (
            {
                "node": "CLIPTextEncode",
                "type": "RuntimeError",
                "message": "CUDA error: no kernel image is available for execution on the device",
            },
            Category.UNSUPPORTED_HARDWARE,
        ),
        (
            {"node": "VAEDecode", "type": "ValueError", "message": "no /home/me/x.bin there"},
            Category.STREAM_ERROR,
        ),
        # As a real ComfyUI 0.3.64 with safetensors 0.4.5 fails, and one with a .ckpt of 0 bytes.
        (
            {
                "node": "CheckpointLoaderSimple",
                "type": "ValueError",
                "message": "Error while deserializing header: MetadataIncompleteBuffer\n\n"
                "File path: /home/me/sd15.safetensors\n\nThe safetensors file is corrupt.",
            },
            Category.MISSING_MODEL,
        ),
        (
            {"node": "CheckpointLoaderSimple", "type": "EOFError", "message": ""},
            Category.MISSING_MODEL,
        ),
        (
            {
                "node": "CheckpointLoaderSimple",
                "type": "RuntimeError",
                "message": "unexpected EOF, expected 2176 more bytes. The file might be corrupted.",
            },
            Category.MISSING_MODEL,
        ),
    ],
)
async def test_a_node_that_fails_is_named_with_what_it_means(
    stand_in: StandIn, racing: Make, fail: dict[str, str], category: Category
) -> None:
    lane = racing(stand_in, residence="cold")
    await lane.open()
    stand_in.tell(fail=fail)
    with pytest.raises(BenchraceError) as raised:
        await lane.round()
    assert raised.value.category is category
    assert fail["node"] in raised.value.message
    assert "/home/me" not in raised.value.message
    assert is_idle(stand_in)


async def test_a_damaged_checkpoint_fails_the_opening(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in, model="corrupt_truncated.safetensors")
    with pytest.raises(BenchraceError, match="invalid header") as raised:
        await lane.open()
    assert raised.value.category is Category.MISSING_MODEL


async def test_a_success_without_an_image_is_a_failure(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    await lane.open()
    stand_in.tell(images=0)
    with pytest.raises(BenchraceError, match="no image") as raised:
        await lane.round()
    assert raised.value.category is Category.BAD_OUTPUT


async def test_an_image_that_the_server_no_longer_has_is_a_failure(
    stand_in: StandIn, racing: Make
) -> None:
    lane = racing(stand_in)
    await lane.open()
    stand_in.tell(files_gone=True)
    with pytest.raises(BenchraceError) as raised:
        await lane.round()
    assert raised.value.category is Category.BAD_OUTPUT
    assert "no longer has image_" in raised.value.message
    assert "output folder" in str(raised.value.remedy)


async def test_a_round_with_too_much_data_is_a_failure(
    stand_in: StandIn, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = racing(stand_in)
    await lane.open()
    monkeypatch.setattr("benchrace_comfyui.prompt.outputs.MAX_BYTES", 10)
    with pytest.raises(BenchraceError) as raised:
        await lane.round()
    assert "smaller batch" in str(raised.value.remedy)


async def test_a_round_has_a_limit_after_which_the_server_is_idle(
    stand_in: StandIn, racing: Make
) -> None:
    lane = await opened(racing, stand_in, time_limit_s=1.5)
    with pytest.raises(BenchraceError, match=r"no image within") as raised:
        await lane.round()
    assert raised.value.category is Category.TIMEOUT_FIRST
    assert is_idle(stand_in)


@pytest.mark.parametrize("workload", [{}, {"workflow": "sd15-image-to-image.json"}])
@pytest.mark.parametrize("phase", ["posting", "loading", "running", "pending"])
async def test_a_cancel_takes_the_prompt_off_the_server(
    stand_in: StandIn, racing: Make, phase: str, workload: dict[str, Any]
) -> None:
    residence = "cold" if phase == "loading" else "warm"
    lane = await opened(racing, stand_in, residence=residence, **workload)
    if phase == "loading":
        # A node that loads is not interrupted before its end.
        stand_in.tell(load_ms=400.0)
        phase = "running"
    if phase == "posting":
        stand_in.tell(post_delay_ms=200.0)
    before, other = len(stand_in.tell()["requests"]), ""
    if phase == "pending":
        graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
        graph["3"]["inputs"] |= {"steps": ENDLESS, "seed": 5}
        stand_in.ask("/prompt", {"prompt": graph})
        other = await running(stand_in)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lane.round)
        with anyio.fail_after(HANG_S):
            while not await anyio.to_thread.run_sync(at_work, lane, stand_in, phase, before):
                continue
        tasks.cancel_scope.cancel()
    queue = stand_in.ask("/queue")
    assert [row[1] for row in queue["queue_running"]] == ([other] if other else [])
    assert queue["queue_pending"] == []
    assert any("no longer works on the prompt" in text for _, text in lane.context.logs)
    if other:
        stand_in.ask("/interrupt", {"prompt_id": other})


def at_work(lane: Racing, at: StandIn, phase: str, before: int) -> bool:
    """Check whether a prompt of the agent is in a phase; `before` requests came before it."""
    if phase == "posting":
        return "POST /prompt" in at.tell()["requests"][before:]
    rows, mark = at.ask("/queue")[f"queue_{phase}"], agent_mark(lane.context)
    return any(row[3].get("client_id", "").startswith(mark) for row in rows)


async def test_what_a_killed_worker_left_is_withdrawn_before_the_next_lane(
    stand_in: StandIn, racing: Make
) -> None:
    lane = racing(stand_in)
    await lane.open()
    graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    graph["3"]["inputs"] |= {"steps": ENDLESS, "seed": 9}
    stand_in.ask("/prompt", {"prompt": graph, "client_id": f"{agent_mark(lane.context)}left"})
    await running(stand_in)
    assert await lane.backend.settle(lane.lane, lane.context)
    assert is_idle(stand_in)


async def test_only_a_refused_connection_proves_that_nothing_is_left(
    stand_in: StandIn, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    lane = racing(stand_in)
    monkeypatch.setattr("benchrace_comfyui.lane.SETTLE_S", 0.1)
    stand_in.tell(broken=["/queue"])
    assert not await lane.backend.settle(lane.lane, lane.context)


async def test_a_server_that_numbers_prompts_itself_is_named_and_left_idle(
    stand_in: StandIn, racing: Make
) -> None:
    lane = await opened(racing, stand_in)
    stand_in.tell(ignores_ids=True)
    with pytest.raises(BenchraceError, match="does not take a prompt's ID") as raised:
        await lane.round()
    assert "Update it" in str(raised.value.remedy)
    assert is_idle(stand_in)


async def test_prompts_of_others_do_not_keep_a_lane_from_settling(
    stand_in: StandIn, racing: Make
) -> None:
    lane = await opened(racing, stand_in)
    graph = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    graph["3"]["inputs"] |= {"steps": ENDLESS, "seed": 21}
    stand_in.ask("/prompt", {"prompt": graph})
    other = await running(stand_in)
    assert await lane.backend.settle(lane.lane, lane.context)
    assert not is_idle(stand_in)
    stand_in.ask("/interrupt", {"prompt_id": other})


async def test_a_prompt_that_is_accepted_in_part_is_refused_and_withdrawn(
    stand_in: StandIn, racing: Make
) -> None:
    """As a server does whose node has come to need another input since it was asked."""
    from benchrace_comfyui.client import ComfyClient
    from benchrace_comfyui.graph.graph import Graph, Role
    from benchrace_comfyui.prompt.run import run

    lane = racing(stand_in)
    await lane.open()
    await lane.round()
    nodes = next(reversed(stand_in.ask("/history").values()))["prompt"][2]
    nodes["3"]["inputs"] |= {"steps": ENDLESS, "seed": 13}
    nodes["99"] = {"class_type": "SaveImage", "inputs": {"filename_prefix": "bad"}}
    graph = Graph(nodes, {"3": Role.SAMPLING})
    client = ComfyClient(stand_in.url, lane.context.http)
    with pytest.raises(BenchraceError, match="Required input is missing: images") as raised:
        await run(client, graph, lane.context, limit_s=HANG_S, patience=QUICK)
    assert raised.value.category is Category.VALIDATION
    assert is_idle(stand_in)


async def test_a_server_that_is_away_is_reported_with_what_to_do(racing: Make) -> None:
    class Nobody:
        url = "http://127.0.0.1:9"

    lane = racing(Nobody())
    probe = await lane.backend.probe(lane.context)
    assert not probe.reachable
    assert "python main.py" in probe.problems[0].remedy
    readiness = await lane.backend.preflight(lane.lane, lane.context)
    assert readiness.category is Category.UNREACHABLE
    assert await lane.backend.settle(lane.lane, lane.context)
    assert await lane.backend.release(None, lane.context) == ()
