"""A pair that breaks its process leaves the others their answers."""

import sys

import anyio

from benchrace.central.artifacts.comparison import Comparison
from benchrace.central.artifacts.image_difference import Image, Request
from benchrace.testing.limits import HANG_S

# It answers pair by pair, dies of one that is bad, and hangs on one that is slow.
SCRIPT = """
import json, sys, time
for request in json.load(sys.stdin):
    name = request["own"]["path"]
    if name == "bad":
        sys.exit(1)
    if name == "slow":
        time.sleep(600)
    print(json.dumps({"ssim": float(name), "mse": 0.0}), flush=True)
"""


def comparison(*names: str) -> Comparison:
    requests = [Request(Image("x", "image/png"), Image(name, "image/png")) for name in names]
    return Comparison(requests, (sys.executable, "-S", "-c", SCRIPT))


async def test_a_bad_pair_fails_alone() -> None:
    pairs = comparison("1", "bad", "0.5", "0.25")
    with anyio.fail_after(HANG_S):
        await pairs.run()
    assert [answer.ssim for answer in pairs.answers] == [1.0, None, 0.5, 0.25]
    assert "decoder failed" in (pairs.answers[1].reason or "")


async def test_what_is_cancelled_goes_on_with_the_rest() -> None:
    pairs = comparison("1", "slow")
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as group:
            group.start_soon(pairs.run)
            while not pairs.answers:  # noqa: ASYNC110 - a process
                await anyio.sleep(0.01)
            group.cancel_scope.cancel()
    assert [answer.ssim for answer in pairs.answers] == [1.0]
    assert not pairs.done
