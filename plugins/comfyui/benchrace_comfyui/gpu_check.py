"""Check that the server's GPU computes with the installed build, without loading a model.

The server blurs an image on its device: an unsupported architecture, a driver that is too old and
a broken installation fail there as they do while sampling.
"""

import secrets

from benchrace.plugin import BenchraceError, Context
from benchrace_comfyui.client import ComfyClient
from benchrace_comfyui.errors import NodeFailed
from benchrace_comfyui.graph.graph import Graph
from benchrace_comfyui.graph.object_info import ObjectInfo
from benchrace_comfyui.prompt.completion import Patience
from benchrace_comfyui.prompt.run import run

_EMPTY, _BLUR, _PREVIEW = "EmptyImage", "ImageBlur", "PreviewImage"
_SIDE = 64
_COLORS = 1 << 24
# The first computation of a process initializes its device.
_LIMIT_S = 120.0


async def check_gpu(
    client: ComfyClient, info: ObjectInfo, context: Context, patience: Patience
) -> bool:
    """Compute on the device; raises why it cannot.

    Return False if the server lacks the nodes, or answers from its cache.
    """
    if None in [await info.node(kind) for kind in (_EMPTY, _BLUR, _PREVIEW)]:
        context.log("ComfyUI has no node to check its GPU with", "warning")
        return False
    graph = _graph()
    try:
        ran = await run(client, graph, context, limit_s=_LIMIT_S, patience=patience)
    except NodeFailed as error:
        text = f"ComfyUI failed to compute on its GPU, without any model: {error.message}"
        raise BenchraceError(error.category, text, error.remedy, detail=error.detail) from error
    if ran.outcome.cached & graph.works:
        context.log("ComfyUI answered the check of its GPU from its cache", "warning")
        return False
    return True


def _graph() -> Graph:
    """Return a graph that the server has not run before: it would answer from its cache."""
    color = secrets.randbelow(_COLORS)
    size = {"width": _SIDE, "height": _SIDE, "batch_size": 1, "color": color}
    blur = {"image": ["1", 0], "blur_radius": 3, "sigma": 1.0}
    nodes = {
        "1": {"class_type": _EMPTY, "inputs": size},
        "2": {"class_type": _BLUR, "inputs": blur},
        "3": {"class_type": _PREVIEW, "inputs": {"images": ["2", 0]}},
    }
    return Graph(nodes, {}, frozenset(nodes))
