"""The record of a round: what the server reported, and when the agent heard of it."""

from collections.abc import Sequence
from typing import NamedTuple

from benchrace.plugin import (
    CacheProof,
    CacheState,
    EngineFacts,
    ImageOutput,
    ImageRecord,
    Residence,
)
from benchrace_comfyui import checks
from benchrace_comfyui.graph.graph import Role, Template
from benchrace_comfyui.prompt.outputs import most_of_a_node
from benchrace_comfyui.prompt.run import Ran


class Timing(NamedTuple):
    """Begin and end of a round by the agent's clock, its seed, and what loading took before.

    `graph_sha256` is that of the stored graph, None for one that parameters tell in full.
    """

    seed: int | None
    t0_ns: int
    fetched_ns: int
    load_ns: int | None
    graph_sha256: str | None = None


def record(
    residence: Residence,
    engine: EngineFacts,
    template: Template,
    ran: Ran,
    outputs: Sequence[ImageOutput],
    timing: Timing,
) -> ImageRecord:
    """Return the record of a round."""
    t0_ns = timing.t0_ns
    warm = residence is Residence.WARM
    cached, ran_ms = ran.outcome.cached, checks.ran_ms(ran)
    return ImageRecord(
        engine=engine,
        cache=CacheState.WARM_UNIQUE if warm else CacheState.COLD_LOAD,
        cache_proof=CacheProof.ENGINE,
        timing_source=checks.clock_of(ran),
        prompt_digest=template.digest,
        seed=timing.seed,
        images=most_of_a_node(ran.outcome.images),
        steps=template.steps,
        sampler_name=template.sampler,
        scheduler=template.scheduler,
        accepted_ns=ran.accepted_ns - t0_ns,
        complete_ns=ran.complete_ns - t0_ns,
        fetched_ns=timing.fetched_ns - t0_ns,
        server=ran.outcome.times,
        phases=ran.trace.phases(cached, ran_ms),
        incomplete=tuple(sorted(ran.trace.incomplete(cached, ran_ms) - {Role.OTHER})),
        sampler=ran.trace.sampler(t0_ns),
        load_ns=timing.load_ns,
        queued_behind=ran.ahead,
        cached=tuple(sorted(cached)),
        batch=template.batch or most_of_a_node(ran.outcome.images),
        workflow_sha256=timing.graph_sha256,
        outputs=tuple(outputs),
    )
