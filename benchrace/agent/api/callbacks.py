"""Callbacks of jobs, and archives of jobs, over HTTP."""

import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.agent.agent import Agent
from benchrace.agent.delivery import archive
from benchrace.agent.delivery.archive import MANIFEST, Manifest
from benchrace.agent.jobs.agent_journal import terminal_line
from benchrace.agent.jobs.job import Job
from benchrace.api.jobs import CallbackList, RetryAnswer, RetryRequest
from benchrace.errors import NotFound
from benchrace.web import body
from benchrace.web.answer import answer, pieces_of

_BLOCK = 512


def install(app: Quart, agent: Agent) -> None:
    """Add the routes."""

    @app.get("/api/v1/callbacks", endpoint="list_callbacks")
    @document_response(CallbackList)
    async def list_callbacks() -> Response:
        """List the latest callbacks; those that have not arrived come first."""
        return answer(CallbackList(callbacks=await agent.reporter.latest()))

    @app.post("/api/v1/callbacks/retry", endpoint="retry_callbacks")
    @document_request(RetryRequest)
    @document_response(RetryAnswer)
    async def retry_callbacks() -> Response:
        """Send callbacks that have not arrived again now, also those that were given up."""
        wanted = await body.read(request, RetryRequest)
        retried = await agent.reporter.retry(wanted.ids, wanted.job_id)
        return answer(RetryAnswer(retried=retried))

    @app.get("/jobs/<job_id>/archive", endpoint="job_archive")
    async def job_archive(job_id: str) -> Response:
        """Return a finished job's archive as a tar file; its `manifest.json` lists the rest."""
        job = agent.jobs.named(job_id)
        manifest = await to_thread.run_sync(archive.read_manifest, job.folder)
        if manifest is None:
            # Building would disturb a job that measures: one that comes waits for its end.
            async with agent.slot.aside():
                manifest = await to_thread.run_sync(_built, job)
        response = Response(_tar(job.folder.archive, manifest), content_type="application/x-tar")
        response.headers["Content-Disposition"] = f'attachment; filename="{manifest.run_id}.tar"'
        response.timeout = None
        return response


def _built(job: Job) -> Manifest:
    """Build the archive of a job that is over. Blocks; raises where it has none."""
    if job.spec.run_id is not None:
        raise NotFound(
            f"job {job.job_id} belongs to run {job.spec.run_id}",
            "Central has the run's folder: `benchrace runs export` writes it.",
        )
    end = terminal_line(job.folder)
    manifest = None if end is None else archive.build(job.folder, job.record, end)
    if manifest is None:
        raise NotFound(
            f"job {job.job_id} has no archive", "The agent's log says why: `benchrace agent logs`."
        )
    return manifest


async def _tar(folder: Path, manifest: Manifest) -> AsyncIterator[bytes]:
    """Yield the archive's files as one uncompressed tar, the manifest last."""
    for name in (*(file.path for file in manifest.files), MANIFEST):
        path = folder / name
        status = await to_thread.run_sync(path.stat)
        head = tarfile.TarInfo(f"{manifest.run_id}/{name}")
        head.size, head.mtime, head.mode = status.st_size, int(manifest.created_at), 0o600
        yield head.tobuf(tarfile.PAX_FORMAT)
        async for piece in pieces_of(path):
            yield piece
        yield bytes(-status.st_size % _BLOCK)
    yield bytes(2 * _BLOCK)
