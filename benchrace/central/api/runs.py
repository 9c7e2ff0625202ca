"""Runs over HTTP: submit, list, read, change, cancel, delete, prune."""

from functools import partial
from typing import Any

import msgspec
from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring, document_request, document_response

from benchrace.api import decoding
from benchrace.api.demo import DemoAnswer, DemoRequest
from benchrace.api.runs import (
    CancelRequest,
    CompareQuery,
    Deleted,
    PlanAnswer,
    RunAnswer,
    RunPatch,
    RunStateAnswer,
    SeriesList,
    Submitted,
)
from benchrace.central.api.documents import answer as describe
from benchrace.central.api.route_context import RouteContext
from benchrace.central.runs.series import series_list
from benchrace.config.retention import RetentionLimits
from benchrace.errors import BenchraceError, Category
from benchrace.run.metadata import RunMetadata
from benchrace.run.spec import RunSpec
from benchrace.run.title import title
from benchrace.stats.comparison.several import RunsComparison, compare_runs, split
from benchrace.store import reindex
from benchrace.store.index import Choices, Page
from benchrace.store.query import Query
from benchrace.store.retention.pruning import Pruning
from benchrace.store.run_folder import RunFolder
from benchrace.web import body
from benchrace.web.answer import answer

_NO = frozenset({"", "0", "false", "no"})


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""
    _submitting(app, site)
    _reading(app, site)
    _changing(app, site)
    _pruning(app, site)


def _submitting(app: Quart, site: RouteContext) -> None:
    @app.post("/api/runs")
    @document_request(RunSpec)
    @document_response(Submitted, 202)
    async def submit_run() -> Response:
        """Queue a run; `?dry_run=1` returns the plan instead."""
        spec = await body.read(request, RunSpec)
        if request.args.get("dry_run", "0").lower() not in _NO:
            return answer(await site.central.dry_run(spec))
        return answer(Submitted(run_id=await site.central.submit(spec)), 202)

    @app.post("/api/runs/plan")
    @document_request(RunSpec)
    @document_response(PlanAnswer)
    async def plan_run() -> Response:
        """Plan and check a run, estimate its time, store nothing; `?check=0` asks no machine."""
        check = request.args.get("check", "1").lower() not in _NO
        run = await site.central.dry_run(await body.read(request, RunSpec), check=check)
        estimate = await to_thread.run_sync(site.earlier.estimate, run)
        return answer(
            PlanAnswer(**msgspec.structs.asdict(run), title=title(run), estimate=estimate)
        )

    @app.post("/api/demo")
    @document_request(DemoRequest)
    @document_response(DemoAnswer, 202)
    async def start_demo() -> Response:
        """Start simulated machines beside central, and a race of them; they leave after it."""
        wanted = await body.read(request, DemoRequest)
        return answer(await site.demo.start(wanted.machines), 202)

    @app.post("/api/runs/<run_id>/cancel")
    @document_request(CancelRequest)
    @document_response(RunStateAnswer, 202)
    async def cancel_run(run_id: str) -> Response:
        """End a run in whatever phase it is."""
        why = await body.read(request, CancelRequest)
        await site.central.cancel(run_id, why.reason)
        state = (await _metadata(site, run_id)).state
        return answer(RunStateAnswer(run_id=run_id, state=state), 202)


def _reading(app: Quart, site: RouteContext) -> None:
    @app.get("/api/runs")
    @document_querystring(Query)
    @document_response(Page)
    async def list_runs() -> Response:
        """List runs, newest first, or by `sort` and `order`; other parameters narrow the list."""
        query = decoding.query(dict(request.args), Query)
        return answer(await to_thread.run_sync(site.index.page, query))

    @app.get("/api/runs/series")
    @document_querystring(Query)
    @document_response(SeriesList)
    async def list_series() -> Response:
        """List runs of the same work and lanes together, each with its history."""
        query = decoding.query(dict(request.args), Query)
        listing = partial(series_list, site.index, query)
        return answer(await to_thread.run_sync(listing, limiter=site.costly))

    @app.get("/api/runs/choices")
    @document_response(Choices)
    async def list_choices() -> Response:
        """List the states, kinds, tags and machines to filter runs by."""
        return answer(await to_thread.run_sync(site.index.choices))

    @app.get("/api/compare")
    @document_querystring(CompareQuery)
    @document_response(RunsComparison)
    async def compare() -> Response:
        """Compare run `b`, and `c` to `e`, with run `a`: lanes, metrics, and other differences."""
        matches = {"match": [text for text in request.args.getlist("match") if text]}
        query = decoding.query(dict(request.args) | matches, CompareQuery)
        sides = [split(side) for side in query.runs]
        runs = [await describe(site.central, run_id) for run_id, _ in sides]
        comparison = partial(compare_runs, runs, query.match, [lane for _, lane in sides])
        return answer(await to_thread.run_sync(comparison, limiter=site.costly))

    @app.get("/api/runs/<run_id>")
    @document_response(RunAnswer)
    async def read_run(run_id: str) -> Response:
        """Return a run's metadata and its results so far."""
        return answer(await describe(site.central, run_id))


def _changing(app: Quart, site: RouteContext) -> None:
    @app.patch("/api/runs/<run_id>")
    @document_request(RunPatch)
    @document_response(RunAnswer)
    async def change_run(run_id: str) -> Response:
        """Change name, tags or notes, or pin the run."""
        changes = (await body.read(request, RunPatch)).changes()
        live = site.central.live(run_id)
        if live is not None:
            await live.save(**changes)
            await to_thread.run_sync(site.index.put, live.metadata, None)
        else:
            await to_thread.run_sync(_change, site, run_id, changes)
        return answer(await describe(site.central, run_id))

    @app.delete("/api/runs/<run_id>")
    @document_response(Deleted)
    async def delete_run(run_id: str) -> Response:
        """Delete a run that is over, with all that was measured."""
        if site.central.live(run_id) is not None:
            raise BenchraceError(
                Category.BUSY,
                f"run {run_id} has not ended",
                "Cancel it first, then delete it.",
            )
        await to_thread.run_sync(_delete, site, run_id)
        return answer(Deleted(deleted=run_id))


def _pruning(app: Quart, site: RouteContext) -> None:
    @app.get("/api/retention")
    @document_querystring(RetentionLimits)
    @document_response(Pruning)
    async def read_retention() -> Response:
        """Return which runs would be removed, by the limits of `central.yaml` or of the query."""
        limits = decoding.query(dict(request.args), RetentionLimits)
        return answer(await site.retention.plan(limits if limits.any else None))

    @app.post("/api/retention")
    @document_request(RetentionLimits)
    @document_response(Pruning)
    async def apply_retention() -> Response:
        """Remove the runs over the limits now: those of `central.yaml`, or of the body."""
        limits = await body.read(request, RetentionLimits)
        return answer(await site.retention.apply(limits if limits.any else None))


async def _metadata(site: RouteContext, run_id: str) -> RunMetadata:
    live = site.central.live(run_id)
    if live is not None:
        return live.metadata
    read = partial(RunFolder.open, site.central.runs_dir, run_id)
    return (await to_thread.run_sync(read)).metadata


def _change(site: RouteContext, run_id: str, changes: dict[str, Any]) -> None:
    folder = RunFolder.open(site.central.runs_dir, run_id)
    folder.save(msgspec.structs.replace(folder.metadata, **changes))
    site.index.put(*reindex.entry(folder))


def _delete(site: RouteContext, run_id: str) -> None:
    RunFolder.open(site.central.runs_dir, run_id).delete()
    site.index.remove([run_id])
