"""Checks of whether a round measured what it was to measure."""

from collections.abc import Iterator
from typing import NamedTuple

from benchrace.plugin import Context, ImageClock, Residence, ServerTimes, duration
from benchrace_comfyui.graph.graph import Graph, Role, Template
from benchrace_comfyui.prompt.outputs import most_of_a_node
from benchrace_comfyui.prompt.run import Ran

# Stamps are whole ms, and the one of the end is taken shortly before the prompt leaves the queue.
_SLACK_NS = 100_000_000
# A clock that is set slowly runs at most that much faster or slower.
_SLEW = 0.0005
# Messages of a server that works come up to a second late.
_LATE_NS = 1_000_000_000


CPU_FALLBACK = "ComfyUI ran on the CPU, as the lane allows, although this machine has a GPU"


class Finding(NamedTuple):
    """A reason against a round: INVALID if `fatal`, else SUSPECT."""

    code: str
    text: str
    fatal: bool = False


def mark(
    residence: Residence, template: Template, graph: Graph, ran: Ran, context: Context
) -> None:
    """Mark a round by what the server says of it."""
    for finding in (*_cache(residence, graph, ran), *_others(template.images, ran)):
        mark_round = context.invalid if finding.fatal else context.suspect
        mark_round(finding.code, finding.text)


def clock_of(ran: Ran) -> ImageClock:
    """Return the clock that times a round: the server's, unless it lacks stamps or they jumped.

    Without a stamp of the acceptance, the server's execution is all that it times: what waited
    behind others is timed by the agent.
    """
    if clock_doubt(ran) is not None or _span_ms(ran.outcome.times) is None:
        return ImageClock.AGENT
    if ran.outcome.times.create_ms is None and ran.foreign:
        return ImageClock.AGENT
    return ImageClock.SERVER_RUN if ran.outcome.times.create_ms is None else ImageClock.SERVER


def clock_doubt(ran: Ran) -> str | None:
    """Return why the server's stamps are not believed, as its wall clock may be set meanwhile.

    They are where the prompt took less than it was seen to take, or more than it can have taken.
    """
    span_ms = _span_ms(ran.outcome.times)
    if span_ms is None:
        return None
    span_ns, longest_ns = span_ms * 1_000_000, ran.complete_ns - ran.posted_ns
    slack_ns = _SLACK_NS + _SLEW * longest_ns
    if span_ns >= 0 and _shortest_ns(ran) - slack_ns <= span_ns <= longest_ns + slack_ns:
        return None
    return (
        f"the server's clock says that the prompt took {span_ms / 1e3:.3f} s, and here it took "
        f"{duration(ran.complete_ns - ran.accepted_ns)}: the clock seems to have been set"
    )


def ran_ms(ran: Ran) -> int | None:
    """Return how long the prompt ran by the server's clock, or None unless that is believed."""
    times = ran.outcome.times
    if times.start_ms is None or times.end_ms is None or clock_doubt(ran) is not None:
        return None
    return times.end_ms - times.start_ms


def _shortest_ns(ran: Ran) -> int:
    """Return how long the agent saw the server at work between its two stamps, at least."""
    span = ran.trace.sampler(0)
    sampling_ns = 0 if span is None else span.last_ns - span.first_ns - _LATE_NS
    # Execution may begin long after the acceptance.
    queued_ns = 0 if ran.outcome.times.create_ms is None else ran.queued_ns - ran.accepted_ns
    return max(sampling_ns, queued_ns)


def _span_ms(times: ServerTimes) -> int | None:
    began = times.start_ms if times.create_ms is None else times.create_ms
    return None if began is None or times.end_ms is None else times.end_ms - began


def _cache(residence: Residence, graph: Graph, ran: Ran) -> Iterator[Finding]:
    cached = ran.outcome.cached
    if hits := sorted(cached & (graph.works | graph.having(Role.SAMPLING))):
        nodes = ", ".join(f"{graph.nodes[node]['class_type']} ({node})" for node in hits)
        text = f"ComfyUI took the result of {nodes} from its cache: nothing was measured"
        yield Finding("node_cache", text, fatal=True)
    elif residence is Residence.COLD and cached:
        text = "ComfyUI had results in its cache, although it was asked to free everything"
        yield Finding("not_cold", text, fatal=True)
    elif residence is Residence.WARM and graph.prepares & _ran(graph, ran):
        text = (
            "ComfyUI loaded a model or encoded the prompts during the round: another prompt, or a "
            "lack of memory, had dropped them from the cache"
        )
        yield Finding("reloaded", text, fatal=True)


def _ran(graph: Graph, ran: Ran) -> frozenset[str]:
    """Return the nodes that ran; without a whole report, all that did not come from the cache.

    A lazy input, such as one of a switch, leaves nodes that neither ran nor were cached.
    """
    executed = ran.trace.executed
    return frozenset(graph.nodes) - ran.outcome.cached if executed is None else executed


def _others(expected: int | None, ran: Ran) -> Iterator[Finding]:
    count = most_of_a_node(ran.outcome.images)
    if expected is not None and count != expected:
        text = f"ComfyUI made {count} images of {expected}"
        yield Finding("image_count", text, fatal=True)
    if ran.foreign:
        prompts = "1 prompt" if ran.foreign == 1 else f"{ran.foreign} prompts"
        text = f"another client had {prompts} in ComfyUI's queue during the round"
        yield Finding("queue_shared", text)
    if (doubt := clock_doubt(ran)) is not None:
        yield Finding("clock_stepped", doubt)
    if ran.trace.previews:
        text = (
            "ComfyUI sent previews, which cost time: turn previews off, and start it without "
            "--preview-method"
        )
        yield Finding("previews", text)
