"""What the seed of a round does in a workflow: which numbers it may be, and what it leads to."""

from collections.abc import Callable, Sequence

from benchrace.plugin import NEW_SEED
from benchrace_comfyui.graph.graph import SEEDS, descendants
from benchrace_comfyui.graph.object_info import NodeInfo
from benchrace_comfyui.workflow.check import unknown
from benchrace_comfyui.workflow.document import Document, InvalidWorkflow, Place, label
from benchrace_comfyui.workflow.roles import Infos
from benchrace_comfyui.workflow.targets import Finder

SEED = "seed"


class Seeding:
    """Checks the inputs that take the seed; `refuse` gets what is wrong with them."""

    def __init__(
        self, nodes: Document, infos: Infos, seed: int, refuse: Callable[[str, str], None]
    ) -> None:
        self._nodes = nodes
        self._infos = infos
        self._seed = seed
        self._refuse = refuse

    def check(self, place: Place) -> None:
        """Check that an input takes seeds; raises `InvalidWorkflow`."""
        own = self._info(place.node).of(place.input)
        if own is None or not place.is_input:
            raise InvalidWorkflow(
                unknown(self._nodes, place.node, str(place), self._info(place.node))
            )
        where = f"{label(self._nodes, place.node)}.{place}"
        if own.kind != "INT":
            raise InvalidWorkflow(f"{where} takes {own.kind}: bind the seed to an input for INT")
        fixed = self._seed
        if fixed != NEW_SEED and (text := own.refuses_number(fixed)) is not None:
            raise InvalidWorkflow(f"{where}: {text}")

    def draws(self, seeds: Sequence[Place]) -> range:
        """Return the seeds that all inputs take, of those that are drawn."""
        inputs = [self._info(place.node).inputs[place.input] for place in seeds]
        low = max((int(own.minimum) for own in inputs if own.minimum is not None), default=0)
        high = min(
            (int(own.maximum) for own in inputs if own.maximum is not None), default=SEEDS.stop
        )
        draws = range(max(low, SEEDS.start), min(high + 1, SEEDS.stop))
        if seeds and not draws:
            where = ", ".join(f"{label(self._nodes, place.node)}.{place}" for place in seeds)
            self._refuse(SEED, f"no number is a seed for all of {where}: bind it to one of them")
        return draws

    def works(self, finder: Finder, seeds: Sequence[Place], *, alone: bool) -> frozenset[str]:
        """Return what has to run in each round: what depends on the seed.

        Unless the workflow has other faults already, it must have an output and all samplers.
        """
        reached = frozenset(finder.roles)
        if not seeds:
            return reached
        works = descendants(self._nodes, *(place.node for place in seeds)) & reached
        if not alone:
            return works
        if not any(self._info(node).is_output for node in works):
            self._refuse(SEED, "no output depends on it: bind it to the input of a sampler")
        elif fixed := [node for node in finder.samplers if node not in works]:
            names = ", ".join(label(self._nodes, node) for node in fixed)
            text = f"{names} does not depend on it, and would come from the cache: bind it there"
            self._refuse(SEED, text)
        return works

    def _info(self, node: str) -> NodeInfo:
        return self._infos[str(self._nodes[node]["class_type"])]
