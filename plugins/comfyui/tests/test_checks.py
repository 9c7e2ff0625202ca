"""What makes a round doubtful: stamps of a server, and nodes that ran or did not."""

import json

import pytest

from benchrace.plugin import Residence, ServerTimes
from benchrace.testing import RecordingContext
from benchrace_comfyui.checks import clock_doubt, mark
from benchrace_comfyui.graph.graph import Graph, Role, Template
from benchrace_comfyui.history import SUCCESS, Finished
from benchrace_comfyui.prompt.run import Ran
from benchrace_comfyui.prompt.socket import Frame
from benchrace_comfyui.prompt.trace import Trace

S = 1_000_000_000


def ran(took_ms: int, *, created: bool = True) -> Ran:
    """Return a prompt of some ten seconds, sent at 1 s, in the queue until 10 s, done at 11 s."""
    stamp = {"create_ms" if created else "start_ms": 5_000}
    times = ServerTimes(end_ms=5_000 + took_ms, **stamp)
    outcome = Finished(SUCCESS, {}, (), frozenset(), times)
    trace = Trace("id", Graph({}, {}))
    return Ran(outcome, trace, 1 * S, int(1.5 * S), 10 * S, 11 * S, ahead=0, foreign=0)


@pytest.mark.parametrize(
    ("took_ms", "believed"), [(8_300, False), (8_500, True), (10_050, True), (10_300, False)]
)
def test_a_span_is_believed_within_what_was_seen(took_ms: int, believed: bool) -> None:
    doubt = clock_doubt(ran(took_ms))
    assert (doubt is None) == believed
    assert believed or "seems to have been set" in str(doubt)


def test_an_execution_may_begin_late_and_never_ends_before() -> None:
    assert clock_doubt(ran(3_000, created=False)) is None
    assert clock_doubt(ran(-1, created=False)) is not None


KINDS = {"4": Role.LOAD, "5": Role.LOAD, "3": Role.SAMPLING, "8": Role.DECODE, "9": Role.SAVE}
GRAPH = Graph(
    {node: {"class_type": f"Node{node}", "inputs": {}} for node in KINDS},
    KINDS,
    frozenset(["9"]),
)


def codes(*cached: str, reported: tuple[str | None, ...] = ()) -> list[str]:
    """Mark a warm round whose socket reported these nodes; None is the end."""
    outcome = Finished(SUCCESS, {}, (), frozenset(cached), ServerTimes())
    trace = Trace("id", GRAPH)
    for node in reported:
        message = {"type": "executing", "data": {"node": node, "prompt_id": "id"}}
        trace.read(Frame(0, json.dumps(message)))
    template = Template(
        lambda seed, light: GRAPH, "m", "", 4, "", "", images=None, batch=None, limit_s=1.0
    )
    context = RecordingContext([])
    context.begin(0)
    mark(
        Residence.WARM,
        template,
        GRAPH,
        Ran(outcome, trace, 0, 0, 0, 1, ahead=0, foreign=0),
        context,
    )
    return [reason.code for reason in context.verdict.reasons]


def test_a_sampler_from_the_cache_is_no_result() -> None:
    assert codes("4", "5", "3", "8") == ["node_cache"]
    assert codes("4", "5") == []


def test_a_node_that_a_lazy_switch_leaves_out_was_not_loaded() -> None:
    assert codes("4", reported=("3", "8", "9", None)) == []
    assert codes("4", reported=("5", "3", "8", "9", None)) == ["reloaded"]
    # Nothing is known of what an incomplete report lacks.
    assert codes("4", reported=("3", "8")) == ["reloaded"]
    assert codes("4") == ["reloaded"]
