"""Start the server of a lane: its model, its workers, and its share of the devices."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from benchrace.plugin import Context, Lane, Peer
from benchrace_llamacpp.commands import build_of
from benchrace_llamacpp.config import LlamaCppConfig, server_program
from benchrace_llamacpp.coordinator import start as starting
from benchrace_llamacpp.coordinator.plan import ServerPlan, plan_of
from benchrace_llamacpp.coordinator.server import CoordinatorServer
from benchrace_llamacpp.coordinator.start import Limits, Suspects
from benchrace_llamacpp.lending import peers as workers
from benchrace_llamacpp.lending.split import shares
from benchrace_llamacpp.models.library import Library


def library(config: LlamaCppConfig) -> Library:
    """Return the models of this machine."""
    return Library(config.models, os.environ)


async def plan(lane: Lane[Any], config: LlamaCppConfig, context: Context) -> ServerPlan:
    """Return the plan of a lane; raises `missing_model`, and `system` without a program."""

    def read() -> ServerPlan:
        model = library(config).find(lane.params.model)
        return plan_of(lane, config, server_program(config), model, lane.peers)

    return await context.run_blocking(read)


async def start(config: LlamaCppConfig, wanted: ServerPlan, context: Context) -> CoordinatorServer:
    """Check the workers, choose the split, and start the server."""
    if wanted.peers:
        await _check(wanted, context)
    answers = await workers.ready(wanted.peers, context) if wanted.peers else []
    split = wanted.split or await shares(wanted, answers, context)
    limits = Limits(load_s=config.start_timeout_s)
    return await starting.start(wanted, split, context, limits, partial(suspects, wanted.peers))


async def suspects(peers: Sequence[Peer]) -> Suspects:
    """Ask the workers now, and blame those that do not answer or speak another protocol.

    They answer only while no coordinator has them.
    """
    answers = await workers.ask_all(peers)
    return Suspects(answers=tuple(answers), error=workers.failure(answers))


async def _check(wanted: ServerPlan, context: Context) -> None:
    error = workers.conflict(wanted.peers)
    error = error or workers.other_builds(await build_of(wanted.program), wanted.peers)
    if error is not None:
        raise error
