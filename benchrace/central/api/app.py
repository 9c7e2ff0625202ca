"""Central's application: the native API and the page."""

from quart import Quart

from benchrace.central.api import (
    artifacts,
    engines,
    exports,
    logs,
    machines,
    page,
    prompts,
    runs,
    service_logs,
    settings,
    wheels,
    workloads,
)
from benchrace.central.api.access import joining, login, tokens
from benchrace.central.api.files import assets
from benchrace.central.api.machine import ceilings as machine_ceilings
from benchrace.central.api.machine import history as machine_history
from benchrace.central.api.machine import settings as machine_settings
from benchrace.central.api.route_context import RouteContext
from benchrace.web import error_handlers, openapi
from benchrace.web.asgi.application import Application
from benchrace.web.guard import MAX_BODY_BYTES


def create_app(site: RouteContext) -> Quart:
    """Create the application; compat adds its routes to it."""
    app = Application("benchrace.central")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    openapi.install(app, "benchrace central")
    error_handlers.install(app)
    login.install(app, site)
    tokens.install(app, site)
    joining.install(app, site)
    runs.install(app, site)
    artifacts.install(app, site)
    logs.install(app, site)
    exports.install(app, site)
    machines.install(app, site)
    machine_ceilings.install(app, site)
    machine_history.install(app, site)
    machine_settings.install(app, site)
    workloads.install(app, site)
    engines.install(app, site)
    prompts.install(app, site)
    settings.install(app, site)
    service_logs.install(app, site)
    wheels.install(app, site)
    assets.install(app, site)
    page.install(app, site)
    return app
