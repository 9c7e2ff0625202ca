"""Find the inputs that take a parameter, where the lane binds it to none."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

from benchrace_comfyui.graph.graph import Role, ancestors, link, links
from benchrace_comfyui.workflow.document import Document, InvalidWorkflow, Place, label
from benchrace_comfyui.workflow.roles import SEEDS, Infos

CHECKPOINT = "base_model"
_TEXTS = ("text", "text_g", "text_l", "clip_l", "t5xxl", "prompt")
# What a node that only holds a value calls it.
_VALUES = ("value", "text", "string", "int", "float", "number", *SEEDS)
# The inputs of a sampler, or of what it needs, by parameter.
_INPUTS = {
    CHECKPOINT: ("ckpt_name", "unet_name"),
    "steps": ("steps",),
    "cfg": ("cfg",),
    "sampler": ("sampler_name",),
    "scheduler": ("scheduler",),
}
_SIZES = {"width": "width", "height": "height", "batch": "batch_size"}
_CONDITIONS = {"prompt": ("positive", "conditioning"), "negative": ("negative",)}


@dataclass(frozen=True)
class Finder:
    """Finds inputs in a workflow; `roles` are those of the nodes that reach an output."""

    nodes: Document
    infos: Infos
    roles: dict[str, Role]

    @cached_property
    def samplers(self) -> tuple[str, ...]:
        """The nodes that sample."""
        return tuple(node for node, role in self.roles.items() if role is Role.SAMPLING)

    @cached_property
    def before(self) -> frozenset[str]:
        """The samplers, and all that they need; everything in a workflow without any."""
        return ancestors(self.nodes, *(self.samplers or self.roles))

    def find(self, parameter: str) -> tuple[Place, ...]:
        """Find the inputs of a parameter; raises `InvalidWorkflow` unless that is clear."""
        if parameter in _CONDITIONS:
            return self._texts(parameter)
        if parameter in _SIZES:
            return (self._only(parameter, [_SIZES[parameter]], self.latents),)
        if parameter in _INPUTS:
            return (self._only(parameter, _INPUTS[parameter], self.before),)
        raise InvalidWorkflow(f"{parameter!r:.100} is not bound{_example(parameter)}")

    @cached_property
    def latents(self) -> tuple[str, ...]:
        """The nodes in front of a sampler that make empty latents of some size."""
        return tuple(
            node
            for node in self.roles
            if node in self.before
            and "LATENT" in self.infos[self.nodes[node]["class_type"]].outputs
            and {"width", "height", "batch_size"} <= set(self.nodes[node]["inputs"])
        )

    def seeds(self) -> tuple[Place, ...]:
        """Return the inputs that take the seed: the samplers', and those of what makes noise."""
        holders = [
            node
            for node in self.roles
            if self.roles[node] is Role.SAMPLING
            or "NOISE" in self.infos[self.nodes[node]["class_type"]].outputs
        ]
        places = [*self._seeds(holders)] or [*self._seeds(self.roles)]
        return tuple(dict.fromkeys(places))

    def values(self, parameter: str) -> list[Place]:
        """Return all inputs that a parameter could be, for what a record says."""
        names = [_SIZES[parameter]] if parameter in _SIZES else _INPUTS[parameter]
        nodes = self.latents if parameter in _SIZES else self.before
        return [*self._having(names, nodes)]

    def _seeds(self, nodes: Collection[str]) -> Iterator[Place]:
        for node in nodes:
            for name in SEEDS:
                if name in self.nodes[node]["inputs"] and self._kind(node, name):
                    yield self._origin(node, name)

    def _only(self, parameter: str, names: Sequence[str], nodes: Collection[str]) -> Place:
        places = list(dict.fromkeys(self._having(names, nodes)))
        if len(places) == 1:
            return places[0]
        if not places:
            raise InvalidWorkflow(f"no input takes it{_example(parameter)}")
        listed = _listed(self.nodes, places)
        raise InvalidWorkflow(f"several inputs could take it: {listed}{_example(parameter)}")

    def _having(self, names: Sequence[str], nodes: Collection[str]) -> Iterator[Place]:
        for node in self.nodes:
            for name in names:
                if node in nodes and name in self.nodes[node]["inputs"]:
                    yield self._origin(node, name)

    def _origin(self, node: str, name: str) -> Place:
        """Return the input, or the one of the node that only holds its value."""
        source = link(self.nodes[node]["inputs"].get(name))
        if source is None:
            return Place(self.nodes, node, name)
        if source.node in self.nodes and not [*links(self.nodes[source.node])]:
            own = self.nodes[source.node]["inputs"]
            inputs = self.infos[self.nodes[source.node]["class_type"]].inputs
            held = [value for value in _VALUES if value in own and value in inputs]
            if len(held) == 1:
                return Place(self.nodes, source.node, held[0])
        raise InvalidWorkflow(
            f"{label(self.nodes, node)}.{name} comes from node {source.node}, and it is unclear "
            f"which of its inputs has the value{_example(name)}"
        )

    def texts(self, parameter: str) -> list[str]:
        """Return the texts that lead to the samplers' conditions, for what a record says."""
        texts = []
        for node in dict.fromkeys(self._all_encoders(parameter)):
            inputs = self.nodes[node]["inputs"]
            for name in self._text_inputs(node):
                source = link(inputs[name])
                texts += [str(inputs[name])] if source is None else self._strings(source.node)
        return texts

    def _strings(self, end: str) -> list[str]:
        """Return the texts of a node, and of all that it needs."""
        reached = ancestors(self.nodes, end)
        return [
            str(value)
            for node, part in self.nodes.items()
            for name, value in part["inputs"].items()
            if node in reached and link(value) is None and self._kind(node, name) == "STRING"
        ]

    def _kind(self, node: str, name: str) -> str:
        own = self.infos[self.nodes[node]["class_type"]].of(name)
        return own.kind if own else ""

    def _texts(self, parameter: str) -> tuple[Place, ...]:
        """Follow the samplers' conditions up to the nodes that encode a text."""
        places: dict[Place, None] = {}
        for sampler in self.samplers:
            texts = dict.fromkeys(map(self._text_places, self._encoders(sampler, parameter)))
            if len(texts) > 1:
                listed = _listed(self.nodes, [place for text in texts for place in text])
                raise InvalidWorkflow(f"several texts could take it: {listed}{_example(parameter)}")
            places |= dict.fromkeys(place for text in texts for place in text)
        if not places:
            raise InvalidWorkflow(f"no text leads to the sampler's input{_example(parameter)}")
        if parameter == "negative" and (shared := places.keys() & self._positive()):
            text = f"{_listed(self.nodes, shared)} has the prompt, too"
            raise InvalidWorkflow(f"{text}{_example(parameter)}")
        return tuple(places)

    def _positive(self) -> set[Place]:
        places = set[Place]()
        for node in self._all_encoders("prompt"):
            with suppress(InvalidWorkflow):
                places |= {*self._text_places(node)}
        return places

    def _all_encoders(self, parameter: str) -> Iterator[str]:
        return (node for at in self.samplers for node in self._encoders(at, parameter))

    def _text_inputs(self, node: str) -> list[str]:
        return [name for name in _TEXTS if name in self.nodes[node]["inputs"]]

    def _text_places(self, node: str) -> tuple[Place, ...]:
        return tuple(self._origin(node, name) for name in self._text_inputs(node))

    def _encoders(self, sampler: str, parameter: str) -> Iterator[str]:
        left, seen = [sampler], set[str]()
        while left:
            node = left.pop()
            if node in seen or node not in self.nodes:
                continue
            seen.add(node)
            if node != sampler and self._text_inputs(node):
                yield node
            else:
                left += self._conditions(node, parameter, first=node == sampler)

    def _conditions(self, node: str, parameter: str, *, first: bool) -> list[str]:
        """Return the nodes that a condition comes from: of its own name, else of any.

        A sampler or a guider without a negative condition has none: its only one is the prompt.
        """
        sources = dict(links(self.nodes[node]))
        names = [name for name in _CONDITIONS[parameter] if name in sources]
        if not names:
            other = {name for name in sources if name in ("positive", "negative")}
            info = self.infos[self.nodes[node]["class_type"]]
            kinds = ("GUIDER",) if first else ("CONDITIONING",)
            guides = parameter == "negative" and "GUIDER" in info.outputs
            names = [
                name
                for name, own in info.inputs.items()
                if name in sources and own.kind in kinds and not other and not guides
            ]
        return [sources[name].node for name in names]


def _listed(nodes: Document, places: Iterable[Place]) -> str:
    return ", ".join(f"{label(nodes, at.node)}.{at}" for at in places)


def _example(parameter: str) -> str:
    example = f'{{"parameter": "{parameter}", "node": "...", "path": "..."}}'
    return f"; bind it: bindings=[{example}]"
