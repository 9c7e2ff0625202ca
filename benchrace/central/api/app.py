"""Central's application: the native API and the page."""

from quart import Quart

from benchrace.central.api import (
    artifacts,
    engines,
    exports,
    login,
    logs,
    machines,
    page,
    prompts,
    runs,
    service_logs,
    settings,
    workloads,
)
from benchrace.central.api.route_context import RouteContext
from benchrace.web import error_handlers, openapi
from benchrace.web.guard import MAX_BODY_BYTES


def create_app(site: RouteContext) -> Quart:
    """Create the application; compat adds its routes to it."""
    app = Quart("benchrace.central")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    openapi.install(app, "benchrace central")
    error_handlers.install(app)
    login.install(app, site)
    runs.install(app, site)
    artifacts.install(app, site)
    logs.install(app, site)
    exports.install(app, site)
    machines.install(app, site)
    workloads.install(app, site)
    engines.install(app, site)
    prompts.install(app, site)
    settings.install(app, site)
    service_logs.install(app, site)
    page.install(app, site)
    return app
