"""Shares of the devices, by the memory that is free on them now."""

import re
from collections.abc import Sequence

import anyio

from benchrace.plugin import Context
from benchrace_llamacpp.commands import output
from benchrace_llamacpp.coordinator.plan import ServerPlan
from benchrace_llamacpp.lending.peers import Answer

_MIB = 1 << 20
_DEVICE = re.compile(r"^\s+(?P<name>\S+): .*\((?P<total>\d+) MiB, (?P<free>\d+) MiB free\)\s*$")
# Devices of the coordinator that hold no layers.
_NO_LAYERS = ("RPC", "CPU", "BLAS", "ACCEL")
_LIMIT_S = 10.0


async def shares(plan: ServerPlan, answers: Sequence[Answer], context: Context) -> str:
    """Return the value of --tensor-split: workers in their order, then the coordinator's GPUs.

    Empty, which is the engine's own choice, where a worker does not report its memory.
    """
    free = [_free(answer) for answer in answers]
    shares_mib = [mib for mibs in free for mib in mibs]
    if not answers or not all(free) or not all(shares_mib):
        context.log("the split is llama-server's own: a worker does not report its free memory")
        return ""
    own = await _own(plan.program, context)
    return percentages((*shares_mib, *own))


def percentages(mib: Sequence[int]) -> str:
    """Return whole shares of a hundred: a few MiB more or less are the same split."""
    total = sum(mib)
    return ",".join(str(max(1, round(100 * part / total))) for part in mib)


def _free(answer: Answer) -> list[int]:
    """Return the free memory of a worker's devices in MiB, as measured now or when it was lent."""
    if answer.hello is not None and answer.hello.memory:
        return [memory.free // _MIB for memory in answer.hello.memory]
    return [(device.free_bytes or 0) // _MIB for device in answer.peer.devices]


async def _own(program: str, context: Context) -> list[int]:
    """Return the free memory of the coordinator's own GPUs in MiB."""
    text = ""
    with anyio.move_on_after(_LIMIT_S):
        text = await output([program, "--list-devices"])
    return gpus(text)


def gpus(text: str) -> list[int]:
    """Return the free MiB of the GPUs in the output of --list-devices."""
    matches = [_DEVICE.match(line) for line in text.splitlines()]
    return [
        int(match["free"])
        for match in matches
        if match is not None and not match["name"].startswith(_NO_LAYERS)
    ]
