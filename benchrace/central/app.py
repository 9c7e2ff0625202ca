"""Central's application: the native API, the page, and the agents' link."""

from quart import Quart

from benchrace.central import (
    routes_artifacts,
    routes_engines,
    routes_login,
    routes_logs,
    routes_machines,
    routes_page,
    routes_prompts,
    routes_runs,
    routes_service_logs,
    routes_settings,
)
from benchrace.central.central import Central
from benchrace.central.site import Site
from benchrace.web import openapi, problem
from benchrace.web.asgi import App, Receive, Scope, Send
from benchrace.web.guard import MAX_BODY_BYTES
from benchrace.web.socket import Socket, SocketClosed

LINK = "/api/v1/link"


def create_app(site: Site) -> Quart:
    """Make the application; compat adds its routes to it."""
    app = Quart("benchrace.central")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    openapi.install(app, "benchrace central")
    problem.install(app)
    routes_login.install(app, site)
    routes_runs.install(app, site)
    routes_artifacts.install(app, site)
    routes_logs.install(app, site)
    routes_machines.install(app, site)
    routes_engines.install(app, site)
    routes_prompts.install(app, site)
    routes_settings.install(app, site)
    routes_service_logs.install(app, site)
    routes_page.install(app)
    return app


def with_link(app: App, central: Central) -> App:
    """Serve the agents' link beside `app`: below it, so that TCP holds a fast agent back."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket" or scope["path"] != LINK:
            await app(scope, receive, send)
            return
        socket = Socket(scope, receive, send)
        try:
            await socket.accept()
            await central.link(socket, socket.peer)
            await socket.close()
        except SocketClosed:
            return

    return routed
