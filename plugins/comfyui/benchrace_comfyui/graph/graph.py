"""A graph as the API takes it, and what each of its nodes is for."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

Nodes = Mapping[str, Mapping[str, Any]]


# A double holds such seeds exactly, as editors of workflows do.
SEEDS = range(1 << 53)


class Role(StrEnum):
    """The phase of a round to which a node's time belongs."""

    LOAD = "load"
    ENCODE = "encode"
    SAMPLING = "sampling"
    DECODE = "decode"
    SAVE = "save"
    OTHER = "other"


class Graph(NamedTuple):
    """The nodes, the roles of those that run, and the `works`: they have to run in every round."""

    nodes: Nodes
    roles: Mapping[str, Role]
    works: frozenset[str] = frozenset()

    def having(self, role: Role) -> frozenset[str]:
        """Return the nodes of a role."""
        return frozenset(node for node, own in self.roles.items() if own is role)

    @property
    def prepares(self) -> frozenset[str]:
        """Return the nodes that read models and encode prompts: a warm server has them cached."""
        return (self.having(Role.LOAD) | self.having(Role.ENCODE)) - self.works


class Template(NamedTuple):
    """A graph but for its seed, and what a record says of it.

    `make` takes the seed, and whether one step is enough. `digest` is that of what is to be seen.
    `images` are to come from each node that saves, `batch` are sampled together; None where that
    is unknown. `limit_s` is how long a round may take. `workflow` names a graph of the user's own.
    `seeds` are those that a round may have, None if the graph takes none.
    """

    make: Callable[[int, bool], Graph]
    model: str
    digest: str
    steps: int
    sampler: str
    scheduler: str
    images: int | None
    batch: int | None
    limit_s: float
    workflow: str | None = None
    seeds: range | None = SEEDS


# What a step of a megapixel may take: some minutes on a slow processor.
_BASE_S, _STEP_S, _MIN_MEGAPIXELS = 120.0, 60.0, 0.25
# Below the hour that a run allows a round by itself, so that this limit is the one that tells.
_MOST_S = 3000.0


def limit_s(steps: int, width: int, height: int, batch: int, *, factor: float = 1.0) -> float:
    """Return how long a round may take, in seconds."""
    megapixels = max(_MIN_MEGAPIXELS, width * height / 1e6)
    return min(_MOST_S, _BASE_S + _STEP_S * steps * megapixels * batch * factor)


class Link(NamedTuple):
    """A node's output."""

    node: str
    slot: int


def link(value: Any) -> Link | None:
    """Read an input that another node fills; None for a value."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    node, slot = value
    if isinstance(node, str | int) and isinstance(slot, int) and not isinstance(slot, bool):
        return Link(str(node), slot)
    return None


def links(node: Mapping[str, Any]) -> Iterator[tuple[str, Link]]:
    """Yield a node's inputs that other nodes fill."""
    for name, value in node["inputs"].items():
        if (source := link(value)) is not None:
            yield name, source


def ancestors(nodes: Nodes, *ends: str) -> frozenset[str]:
    """Return nodes and all that they need."""
    reached, left = set[str](), list(ends)
    while left:
        node = left.pop()
        if node in nodes and node not in reached:
            reached.add(node)
            left += [source.node for _, source in links(nodes[node])]
    return frozenset(reached)


def descendants(nodes: Nodes, *starts: str) -> frozenset[str]:
    """Return nodes and all that need them."""
    reached, grown = set(starts), True
    while grown:
        more = {
            node
            for node, part in nodes.items()
            if node not in reached and any(source.node in reached for _, source in links(part))
        }
        reached |= more
        grown = bool(more)
    return frozenset(reached)
