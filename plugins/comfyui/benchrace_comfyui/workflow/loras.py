"""Put LoRAs between the loader of a model and all that uses it, by rewriting links."""

from collections.abc import Sequence
from typing import NamedTuple

from benchrace.plugin import Lora
from benchrace_comfyui.graph.graph import Link, links
from benchrace_comfyui.graph.txt2img import LORA
from benchrace_comfyui.workflow.document import Document, InvalidWorkflow, label
from benchrace_comfyui.workflow.targets import Finder

MODEL_ONLY = "LoraLoaderModelOnly"
_MODEL, _CLIP = "MODEL", "CLIP"


class Chain(NamedTuple):
    """The LoRAs' nodes, in their order, behind the outputs that they follow."""

    model: Link
    clip: Link | None
    nodes: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The class of its nodes."""
        return MODEL_ONLY if self.clip is None else LORA


def start(finder: Finder) -> Chain:
    """Find where a chain begins; raises `InvalidWorkflow` unless one model is loaded.

    The LoRAs that the workflow has itself come after it.
    """
    models = [*_loaded(finder, _MODEL)]
    if len(models) != 1:
        raise InvalidWorkflow(_unclear(finder, models, "no node loads a model for the sampler"))
    clips = [*_loaded(finder, _CLIP)]
    if len(clips) > 1:
        raise InvalidWorkflow(_unclear(finder, clips, ""))
    return Chain(models[0], clips[0] if clips else None)


def insert(nodes: Document, chain: Chain, loras: Sequence[Lora]) -> Chain:
    """Add a node for each LoRA, and lead everything that used the model through the last one."""
    users = [
        (node, name, source)
        for node, part in nodes.items()
        for name, source in links(part)
        if source in (chain.model, chain.clip)
    ]
    first = max((int(node) for node in nodes if node.isdecimal()), default=0) + 1
    names = tuple(str(first + at) for at in range(len(loras)))
    model, clip = chain.model, chain.clip
    for name, lora in zip(names, loras, strict=True):
        nodes[name] = {"class_type": chain.kind, "inputs": _inputs(lora, model, clip)}
        model, clip = Link(name, 0), None if clip is None else Link(name, 1)
    for node, name, source in users:
        last = model if source == chain.model else clip
        nodes[node]["inputs"][name] = list(last or source)
    return chain._replace(nodes=names)


def is_applied(nodes: Document, chain: Chain, loras: Sequence[Lora]) -> bool:
    """Read a chain back: each LoRA follows the one before it, and nothing passes them by."""
    model, clip = chain.model, chain.clip
    for name, lora in zip(chain.nodes, loras, strict=True):
        if nodes[name] != {"class_type": chain.kind, "inputs": _inputs(lora, model, clip)}:
            return False
        model, clip = Link(name, 0), None if clip is None else Link(name, 1)
    return not any(
        source in (chain.model, chain.clip)
        for node, part in nodes.items()
        if node not in chain.nodes
        for _, source in links(part)
    )


def _inputs(lora: Lora, model: Link, clip: Link | None) -> dict[str, object]:
    inputs = {"lora_name": lora.name, "strength_model": lora.strength, "model": list(model)}
    if clip is None:
        return inputs
    strength = lora.strength if lora.clip_strength is None else lora.clip_strength
    return {**inputs, "strength_clip": strength, "clip": list(clip)}


def _loaded(finder: Finder, kind: str) -> list[Link]:
    """Return the outputs of a kind that samplers use, of nodes that take none of that kind."""
    used = {source for node in finder.before for _, source in links(finder.nodes[node])}
    outputs = []
    for node in finder.nodes:
        info = finder.infos[finder.nodes[node]["class_type"]]
        if kind in info.outputs and not info.takes(kind):
            output = Link(node, info.outputs.index(kind))
            outputs += [output] if output in used else []
    return outputs


def _unclear(finder: Finder, outputs: Sequence[Link], none: str) -> str:
    if not outputs:
        return none
    names = ", ".join(label(finder.nodes, source.node) for source in outputs)
    return f"several nodes load one ({names}): add the LoRAs to the workflow itself"
