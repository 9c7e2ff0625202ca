"""Tokens over HTTP: listed, created, rotated and revoked, by operators only."""

from anyio import to_thread
from quart import Quart, Response, request
from quart_schema import document_request, document_response

from benchrace.api.runs import Deleted
from benchrace.api.tokens import NewToken, TokenEntry, TokenList, TokenRequest
from benchrace.central.api.access.visitor import check_operator
from benchrace.central.api.route_context import RouteContext
from benchrace.web import body
from benchrace.web.answer import answer


def install(app: Quart, site: RouteContext) -> None:
    """Add the routes."""

    @app.get("/api/tokens")
    @document_response(TokenList)
    async def list_tokens() -> Response:
        """List the tokens of agents, operators and watchers, without their secrets."""
        check_operator()
        return answer(TokenList(tokens=await to_thread.run_sync(site.central.tokens.list)))

    @app.post("/api/tokens")
    @document_request(TokenRequest)
    @document_response(NewToken, 201)
    async def create_token() -> Response:
        """Create a token by name; the answer is the only time that it is shown."""
        wanted = await body.read(request, TokenRequest)
        tokens = site.central.tokens
        created = await to_thread.run_sync(
            tokens.create, wanted.role, wanted.name, wanted.machine_id
        )
        return _new(site, *created, 201)

    @app.post("/api/tokens/<token_id>/rotate")
    @document_response(NewToken)
    async def rotate_token(token_id: str) -> Response:
        """Replace a token; links, sessions and live streams of the old one end."""
        return _new(site, *await to_thread.run_sync(site.central.tokens.rotate, token_id))

    @app.delete("/api/tokens/<token_id>")
    @document_response(Deleted)
    async def revoke_token(token_id: str) -> Response:
        """Revoke a token; its links, sessions and live streams end."""
        await to_thread.run_sync(site.central.tokens.revoke, token_id)
        site.central.fleet.close_links(site.central.tokens.is_agent)
        return answer(Deleted(deleted=token_id))


def _new(site: RouteContext, entry: TokenEntry, token: str, status: int = 200) -> Response:
    # An earlier token, of the same machine or name, is wrong from now on.
    site.central.fleet.close_links(site.central.tokens.is_agent)
    response = answer(NewToken(token=token, entry=entry), status)
    response.headers["Cache-Control"] = "no-store"
    return response
