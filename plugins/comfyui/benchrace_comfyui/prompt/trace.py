"""What a socket has reported of one prompt: which node ran when, and the sampler's steps."""

from collections.abc import Callable, Mapping, Set
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from benchrace.plugin import ImagePhases, SamplerSpan, parse_json
from benchrace_comfyui.graph.graph import Graph, Role
from benchrace_comfyui.history import ERROR, INTERRUPTED, SUCCESS
from benchrace_comfyui.prompt.preview import read_preview
from benchrace_comfyui.prompt.socket import Frame
from benchrace_comfyui.values import mapping

_START, _ENDS = "execution_start", (SUCCESS, ERROR, INTERRUPTED)
# An end that comes this much after its stamp is late: the server stands still after a prompt,
# while it collects garbage. Below that, the agent may have been busy when the start came.
_LATE_NS = 100_000_000
# Stamps are whole ms.
_STAMP_NS = 2_000_000


Show = Callable[[int, int | None, str], None]
"""Shows a step of so many, and what runs now, in words."""

_PHASES: Mapping[Role, str] = {
    Role.LOAD: "loading models",
    Role.ENCODE: "encoding the prompts",
    Role.SAMPLING: "sampling",
    Role.DECODE: "decoding",
    Role.SAVE: "saving",
}


class Running(NamedTuple):
    """A node that began to run at `t_ns`; None for the end of the prompt."""

    node: str | None
    t_ns: int


class Report(NamedTuple):
    """A report of the sampler's progress."""

    step: int
    steps: int
    t_ns: int
    node: str


class Trace:
    """Reads the frames of one prompt; those of others are seen, and belong to nobody here.

    `previews` counts images that the server sends while it samples, `queued` is the largest
    number of prompts that it has reported in its queue.
    """

    def __init__(
        self,
        prompt_id: str,
        graph: Graph,
        show: Show = lambda step, of, phase: None,
        show_preview: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._show_preview = show_preview
        self.previews = 0
        self.queued = 0
        self._prompt_id = prompt_id
        self._graph = graph
        self._show = show
        self._start_ns: int | None = None
        self._nodes: list[Running] = []
        self._reports: list[Report] = []

    def read(self, frame: Frame) -> bool:
        """Read a frame; return whether the prompt is over by it, which is only a hint."""
        if isinstance(frame.data, bytes):
            if self._nodes:
                self.previews += 1
                self._previewed(frame.data)
            return False
        try:
            message = mapping(parse_json(frame.data.encode()))
        except msgspec.MsgspecError:
            return False
        kind, data = message.get("type"), mapping(message.get("data"))
        if kind == "status":
            self._status(data)
            return False
        # Progress of prompts without a client is sent to everybody.
        if data.get("prompt_id") != self._prompt_id:
            return False
        if kind == "progress":
            self._progress(data, frame.t_ns)
        elif kind == _START:
            self._start_ns = frame.t_ns
        elif kind == "executing" or kind in _ENDS:
            # Without a node, it is the end, as the others are.
            node = data.get("node")
            self._nodes.append(Running(None if node is None else str(node), frame.t_ns))
            self._phase(str(node))
            return node is None
        return False

    def _previewed(self, data: bytes) -> None:
        if self._show_preview is not None:
            image = read_preview(data, self._prompt_id)
            if image is not None:
                self._show_preview(image.media_type, image.data)

    @property
    def began(self) -> bool:
        """Check whether any node of the prompt was seen to run."""
        return bool(self._nodes)

    @property
    def executed(self) -> frozenset[str] | None:
        """The nodes that ran, None unless the prompt was reported to its end."""
        if not self.began or self._nodes[-1].node is not None:
            return None
        return frozenset(running.node for running in self._nodes if running.node is not None)

    def incomplete(self, cached: Set[str], ran_ms: int | None = None) -> frozenset[Role]:
        """Return the phases of which messages are missing, or came late.

        `cached` are the nodes that did not run, `ran_ms` is how long the prompt ran by the server's
        clock, if that is believed. Empty where no message came at all.
        """
        nodes = self._timeline(ran_ms)
        if not self.began or (nodes and nodes[-1].node is None):
            return frozenset()
        complete = cached | {running.node for running in nodes[:-1]}
        return frozenset(role for node, role in self._graph.roles.items() if node not in complete)

    def phases(self, cached: Set[str] = frozenset(), ran_ms: int | None = None) -> ImagePhases:
        """Return the time in the nodes of each phase, without those that are `incomplete`."""
        totals: dict[Role, int] = {}
        for running, after in pairwise(self._timeline(ran_ms)):
            if running.node is not None:
                role = self._graph.roles.get(running.node, Role.OTHER)
                totals[role] = totals.get(role, 0) + after.t_ns - running.t_ns
        for role in self.incomplete(cached, ran_ms):
            totals.pop(role, None)
        return ImagePhases(
            load=totals.get(Role.LOAD),
            encode=totals.get(Role.ENCODE),
            sampling=totals.get(Role.SAMPLING),
            decode=totals.get(Role.DECODE),
            save=totals.get(Role.SAVE),
        )

    def sampler(self, t0_ns: int) -> SamplerSpan | None:
        """Return the first and the last report of the sampler; instants count from `t0_ns`.

        Of several samplers, it is the one with the most steps.
        """
        if not self._reports:
            return None
        main = max(self._reports, key=lambda report: report.steps).node
        own = [report for report in self._reports if report.node == main]
        first, last = own[0], own[-1]
        again = sum(after.step <= before.step for before, after in pairwise(own))
        ended = next((one.t_ns for one in self._nodes if one.t_ns > last.t_ns), None)
        return SamplerSpan(
            first_step=first.step,
            first_ns=first.t_ns - t0_ns,
            last_step=last.step,
            last_ns=last.t_ns - t0_ns,
            steps=last.steps,
            end_ns=None if ended is None else ended - t0_ns,
            passes=1 + again,
        )

    def _timeline(self, ran_ms: int | None) -> list[Running]:
        """Return the nodes, with the end by the server's clock where its message came late.

        Nodes that were reported after that end are left out, and the end with them: which time was
        theirs is unknown. So is that of a node which ran for less than the stamps resolve.
        """
        end = next((one for one in self._nodes if one.node is None), None)
        if end is None or self._start_ns is None or ran_ms is None:
            return self._nodes
        end_ns = self._start_ns + ran_ms * 1_000_000
        if end.t_ns - end_ns <= _LATE_NS:
            return self._nodes
        ran = self._nodes[: self._nodes.index(end)]
        timely = [one for one in ran if one.t_ns <= end_ns + _STAMP_NS]
        whole = timely == ran and all(one.t_ns <= end_ns - _STAMP_NS for one in ran)
        return [*timely, Running(None, end_ns)] if whole else timely

    def _status(self, data: Mapping[str, Any]) -> None:
        waiting = mapping(mapping(data.get("status")).get("exec_info")).get("queue_remaining")
        if isinstance(waiting, int):
            self.queued = max(self.queued, waiting)

    def _progress(self, data: Mapping[str, Any], t_ns: int) -> None:
        step, steps = data.get("value"), data.get("max")
        if not (isinstance(step, int) and isinstance(steps, int)):
            return
        node = str(data.get("node"))
        if self._graph.roles.get(node) is Role.SAMPLING:
            self._reports.append(Report(step, steps, t_ns, node))
            self._show(step, steps, _PHASES[Role.SAMPLING])

    def _phase(self, node: str) -> None:
        phase = _PHASES.get(self._graph.roles.get(node, Role.OTHER))
        if phase is not None:
            last = self._reports[-1] if self._reports else None
            self._show(last.step if last else 0, last.steps if last else None, phase)
