"""Older routes about engines: reset, copies of models and checkpoints, and the image of a job."""

from typing import Annotated

import anyio
import msgspec
from msgspec import Meta
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.agent.agent import Agent
from benchrace.agent.engines.reset_all import reset_all
from benchrace.compat.agent_image import image_of
from benchrace.compat.resetting import ResetAnswer, reset_answer
from benchrace.config.model_policy import path_of, read_policy
from benchrace.config.paths import config_dir
from benchrace.config.plugin_sources import how_to_install
from benchrace.errors import BenchraceError, Category, FieldError, InvalidInput
from benchrace.plugin.operations import Operation
from benchrace.protocol.operations import Name, OperationRequest
from benchrace.web import body
from benchrace.web.answer import answer

_INSTALL = {Operation.PULL: "ollama", Operation.SYNC: "comfyui"}


class SyncRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Models to copy; none named means those that this machine's own policy requires.

    `backend` is needed only where several can.
    """

    models: Annotated[tuple[Name, ...], Meta(max_length=100)] = ()
    backend: str | None = None


class SyncAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Its progress comes as events whose `job_id` is this, and at `/api/v1/operations/{id}`.

    Null where nothing was missing.
    """

    sync_id: str | None


def install_rest(app: Quart, agent: Agent) -> None:
    """Add reset (always 200), the syncs (refused with what to install), and images."""

    @app.post("/api/reset", endpoint="reset")
    @document_response(ResetAnswer)
    async def reset() -> Response:
        """Reset the engines; always 200, and `notes` say what was not done."""
        return answer(reset_answer(await reset_all(agent.operations)))

    @app.post("/models/sync", endpoint="sync_models")
    @document_request(SyncRequest)
    @document_response(SyncAnswer, 202)
    async def sync_models() -> Response:
        """Copy models here; refused with what to install where no backend can."""
        sync_request = await body.read(request, SyncRequest)
        backend = await _backend(agent, Operation.PULL, sync_request.backend)
        models = sync_request.models or await _missing(agent, backend)
        if not models:
            return answer(SyncAnswer(sync_id=None))
        wanted = OperationRequest(models=models)
        running = await agent.operations.start(backend, Operation.PULL, wanted)
        return answer(SyncAnswer(sync_id=running.operation_id), 202)

    @app.post("/api/comfy/sync_checkpoints", endpoint="sync_checkpoints")
    @document_request(SyncRequest)
    @document_response(SyncAnswer, 202)
    async def sync_checkpoints() -> Response:
        """Copy checkpoints here; refused with what to install where no backend can."""
        sync_request = await body.read(request, SyncRequest)
        backend = await _backend(agent, Operation.SYNC, sync_request.backend)
        running = await agent.operations.start(backend, Operation.SYNC, OperationRequest())
        return answer(SyncAnswer(sync_id=running.operation_id), 202)

    @app.get("/api/image/result/<job_id>", endpoint="image_result")
    async def image_result(job_id: str) -> Response:
        """Return the last image that a job produced; 404 says what is missing."""
        job = agent.jobs.named(job_id)
        image = await anyio.to_thread.run_sync(image_of, job)
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        return Response(image.data, content_type=image.media_type, headers=headers)


async def _backend(agent: Agent, operation: Operation, named: str | None) -> str:
    """Choose the backend that the route was made for, else the only one.

    Raises 503 where none offers the operation, InvalidInput where several do.
    """
    await agent.capabilities.ready()
    able = agent.operations.offering(operation)
    if named is not None:
        return named
    if not able:
        raise BenchraceError(
            Category.UNREACHABLE,
            f"no backend here offers {operation.value}",
            how_to_install(_INSTALL[operation]),
        )
    if _INSTALL[operation] in able:
        return _INSTALL[operation]
    if len(able) > 1:
        raise InvalidInput(FieldError("backend", f"choose one of {', '.join(able)}"))
    return able[0]


async def _missing(agent: Agent, backend: str) -> tuple[str, ...]:
    policy = await anyio.to_thread.run_sync(read_policy, path_of(config_dir(None)))
    backends = (await agent.capabilities.ready()).backends
    have = [model.name for status in backends for model in status.models]
    return policy.required.missing(have)
