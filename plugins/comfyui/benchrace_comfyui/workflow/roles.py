"""What the nodes of a workflow are for, by their classes and by the kinds of their links."""

from collections.abc import Mapping

from benchrace_comfyui.graph.graph import Role
from benchrace_comfyui.graph.object_info import NodeInfo
from benchrace_comfyui.graph.txt2img import ROLES
from benchrace_comfyui.workflow.document import Document

Infos = Mapping[str, NodeInfo]
SEEDS = ("seed", "noise_seed")
_LOADED = frozenset(
    ["MODEL", "CLIP", "VAE", "CONTROL_NET", "CLIP_VISION", "UPSCALE_MODEL", "STYLE_MODEL", "GLIGEN"]
)


def role(kind: str, info: NodeInfo) -> Role:
    """Return the role of a class of nodes: those of text to image, else by its links."""
    outputs = set(info.outputs)
    if kind in ROLES:
        own = ROLES[kind]
    elif info.is_output:
        own = Role.SAVE
    elif info.takes("MODEL", "GUIDER") and (info.takes("NOISE") or set(SEEDS) & set(info.inputs)):
        own = Role.SAMPLING
    elif outputs & _LOADED:
        own = Role.LOAD
    elif "CONDITIONING" in outputs:
        own = Role.ENCODE
    elif info.takes("LATENT") and info.takes("VAE") and "IMAGE" in outputs:
        own = Role.DECODE
    else:
        own = Role.OTHER
    return own


def roles(nodes: Document, infos: Infos) -> dict[str, Role]:
    """Return the roles of all nodes that the server has."""
    return {
        node: role(part["class_type"], infos[part["class_type"]])
        for node, part in nodes.items()
        if part["class_type"] in infos
    }
