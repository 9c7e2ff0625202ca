"""A run's exports and its card over HTTP."""

from functools import partial

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_querystring

from benchrace import export
from benchrace.api import decoding
from benchrace.api.runs import CardQuery
from benchrace.central.api.documents import answer
from benchrace.central.api.route_context import RouteContext
from benchrace.export import card

# A run's name may change, and late results arrive, so a card is used again only after central was
# asked; like all answers, it has an entity tag for that. On other sites it may be somewhat older:
# how often it is looked at there must not cost what is measured here.
_OWN, _ELSEWHERE = "private, no-cache", "private, max-age=300"
_CARD_HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/runs/<run_id>/card.svg")
    @document_querystring(CardQuery)
    async def read_card(run_id: str) -> Response:
        """Draw the card of a run: `shape` wide or square, `theme` light or dark."""
        look = decoding.query(dict(request.args), CardQuery)
        run = await answer(site.central, run_id)
        draw = partial(card.render, run, look.shape, look.theme)
        data = await to_thread.run_sync(draw, limiter=site.costly)
        response = Response(data, content_type="image/svg+xml", headers=_CARD_HEADERS)
        name = f"{run_id}-{look.shape}-{look.theme}.svg"
        response.headers["Content-Disposition"] = f'inline; filename="{name}"'
        foreign = request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site")
        response.headers["Cache-Control"] = _ELSEWHERE if foreign else _OWN
        return response

    @app.get("/api/runs/<run_id>/export.<name>")
    async def export_run(run_id: str, name: str) -> Response:
        """Export a run as csv, json, report, card, markdown, snippet, pytest-benchmark, parquet."""
        return await _export(site, run_id, name)

    @app.post("/api/runs/<run_id>/download")
    async def download_run(run_id: str) -> Response:
        """Export a run's rounds as CSV."""
        return await _export(site, run_id, "csv")


async def _export(site: RouteContext, run_id: str, name: str) -> Response:
    chosen = export.format_of(name)
    run = await answer(site.central, run_id)
    data = await to_thread.run_sync(chosen.render, run, limiter=site.costly)
    response = Response(data, content_type=chosen.media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{run_id}{chosen.suffix}"'
    return response
