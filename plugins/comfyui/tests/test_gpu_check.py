"""Whether the server computes on its GPU, before a model is loaded."""

from collections.abc import Callable

import pytest

from benchrace.events import Level
from benchrace.plugin import BenchraceError, Category, Device
from benchrace_comfyui.client import Queue, Queued

from .harness import Racing, StandIn

Make = Callable[..., Racing]
GPU = "RuntimeError: CUDA error: no kernel image is available for execution on the device"


async def test_a_gpu_that_cannot_compute_is_named_before_a_model_is_loaded(
    stand_in: StandIn, racing: Make
) -> None:
    kind, _, message = GPU.partition(": ")
    fail = {"node": "ImageBlur", "type": kind, "message": message}
    stand_in.tell(device="cuda:0 An old GPU", fail=fail)
    lane = racing(stand_in, allow_cpu=False)
    with pytest.raises(BenchraceError, match=r"without any model: .*PyTorch cannot use") as raised:
        await lane.open()
    assert raised.value.category is Category.UNSUPPORTED_HARDWARE
    graphs = [entry["prompt"][2].values() for entry in stand_in.ask("/history").values()]
    assert not any(part["class_type"] == "KSampler" for part in [*graphs][-1])
    assert stand_in.ask("/queue") == {"queue_running": [], "queue_pending": []}
    stand_in.tell(fail={})
    await lane.open()
    record = await lane.round()
    assert record.engine.settings["gpu_checked"]
    assert lane.context.verdict.level is Level.VALID, lane.codes


async def test_each_opening_sends_another_color(stand_in: StandIn, racing: Make) -> None:
    stand_in.tell(device="cuda:0 A GPU")
    before = len(stand_in.ask("/history"))
    for _ in range(2):
        lane = racing(stand_in, allow_cpu=False)
        await lane.open()
    graphs = [row["prompt"][2].values() for row in stand_in.ask("/history").values()][before:]
    nodes = [part for graph in graphs for part in graph if part["class_type"] == "EmptyImage"]
    assert len({part["inputs"]["color"] for part in nodes}) == 2


async def test_what_is_no_failure_of_a_node_is_not_blamed_on_the_gpu(
    stand_in: StandIn, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run(*args: object, **others: object) -> None:
        raise BenchraceError(Category.UNREACHABLE, "it is gone")

    monkeypatch.setattr("benchrace_comfyui.gpu_check.run", run)
    stand_in.tell(device="cuda:0 A GPU")
    with pytest.raises(BenchraceError, match=r"^it is gone$"):
        await racing(stand_in, allow_cpu=False).open()


async def test_a_busy_server_is_named_as_such(
    stand_in: StandIn, racing: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def queue(*args: object, **others: object) -> Queue:
        return Queue((), (Queued("x", "other"),))

    monkeypatch.setattr("benchrace_comfyui.lane.SETTLE_S", 0.0)
    lane = racing(stand_in)
    monkeypatch.setattr("benchrace_comfyui.client.ComfyClient.queue", queue)
    with pytest.raises(BenchraceError, match="still runs prompts of other clients") as raised:
        await lane.open()
    assert raised.value.category is Category.BUSY


async def test_a_cpu_beside_a_gpu_is_a_doubt(stand_in: StandIn, racing: Make) -> None:
    lane = racing(stand_in)
    lane.context.gpus = [Device(index=0, kind="nvidia", number=0, name="A100")]
    await lane.open()
    record = await lane.round()
    assert lane.codes == ["cpu_fallback"]
    assert not record.engine.settings["gpu_checked"]
