"""Questions and operations outside of measurements: what is installed, and which models."""

from pathlib import Path

from benchrace.plugin import BenchraceError, Context, Model, Probe, Problem, describe_weights
from benchrace_llamacpp import load
from benchrace_llamacpp.commands import build_of
from benchrace_llamacpp.config import LlamaCppConfig, rpc_program, server_program
from benchrace_llamacpp.models.model_file import ModelFile


async def probe(config: LlamaCppConfig, context: Context) -> Probe:
    """Return the build of llama-server and the models; nothing is started for it."""
    problems: list[Problem] = []
    program = None
    try:
        program = await context.run_blocking(lambda: server_program(config))
        await context.run_blocking(lambda: rpc_program(config))
    except BenchraceError as error:
        # Lanes on one machine do not need rpc-server.
        what = "this machine cannot be a worker: " if program is not None else ""
        problems.append(Problem(message=f"{what}{error.message}", remedy=error.remedy))
    files = await context.run_blocking(lambda: load.library(config).models())
    models = await context.run_blocking(lambda: tuple(map(_described, files)))
    return Probe(
        reachable=program is not None,
        version=None if program is None else await build_of(program),
        models=models,
        problems=tuple(problems),
    )


def _described(file: ModelFile) -> Model:
    """Describe a model by the header of its file."""
    return describe_weights(Path(file.path), Model(name=file.name, digest=file.digest))
