"""The page of the HTTP interfaces: routes from both servers' own maps, and their docs."""

from typing import Any, NamedTuple, cast

from quart import Quart

from benchrace.agent.agent import Agent
from benchrace.agent.api.routes import create_app as agent_app
from benchrace.api.jobs import ArchiveSummary, JobCallback, JobRequest, ReportedArtifact
from benchrace.api.paths import LINK
from benchrace.central.api.app import create_app as central_app
from benchrace.central.api.link import with_link
from benchrace.central.api.route_context import RouteContext
from benchrace.central.central import Central
from benchrace.compat import agent as agent_compat
from benchrace.compat import agent_socket
from benchrace.compat import central as central_compat
from benchrace.compat.envelope.envelope import Envelope
from benchrace.delivery.callbacks import Callbacks
from benchrace.web import problem, sse
from benchrace.web.asgi.codings import MIN_BYTES
from benchrace.web.shutdown import Shutdown
from docs.generator import structs
from docs.generator.markdown import docstring, first_line, page, table

HEAD = """\
Both servers use JSON. Central's OpenAPI document is at `/openapi.json`. A failure is
`{{"error": {{"category", "message", "remedy", "fields", "detail"}}}}`; each bad field is named by
its path. The categories are in [Events](events.md#categories-of-failure). A request that changes
something needs a `Host` that the server knows and no foreign `Origin`. On an address that others
can reach, everything but `/health` and the page's files needs a token (`Authorization: Bearer
TOKEN`), unless the server was started with `--insecure`. Central accepts the operator token, the
watcher token (for reading only), or the cookie that `POST /api/login` sets for either; the agent
token is for agents only. `POST /api/v1/agents/join` takes the code of an invitation instead. The
answer is 401 without a token, 403 if the token does not allow the request, and 429 after many wrong
tokens.

{statuses}"""

WIRE = """\
With `Accept-Encoding: gzip`, central compresses JSON and other text of {least} bytes or more. The
page's files are sent as `br` or `gzip`, as its build compressed them. Answers to `GET` have an
`ETag`; `If-None-Match` with it returns 304 if nothing has changed. Live logs, images and answers
with `Cache-Control: no-store` are never compressed. `GET /api/machines` and `GET /api/workloads`
name the description of a workload by its digest, and `GET /api/workloads/{{digest}}` returns that
description, which may be cached forever. The agent compresses nothing."""

LIVE = "`Accept: text/event-stream` gives a log live, as server-sent events. {words}"


class StandIn:
    """Stands in where routes only keep a reference: nothing of it is used before a request."""

    def __getattr__(self, name: str) -> "StandIn":
        return self


class Route(NamedTuple):
    """One route as the page shows it."""

    method: str
    path: str
    words: str


def render() -> str:
    """Render the page."""
    words = docstring(sse.stream).partition("\n\n")[2]
    return page(
        "HTTP",
        HEAD.format(statuses=_statuses()),
        "## Agent",
        _table(agent_routes()),
        f"WebSocket `{agent_socket.PATH}`: {first_line(docstring(agent_socket))}",
        structs.section(JobRequest, 3, "The body of `POST /jobs`"),
        structs.section(Callbacks, 4, "`callbacks`"),
        structs.section(JobCallback, 3, "The body of a callback"),
        structs.section(ReportedArtifact, 4, "`artifacts[]`"),
        structs.section(ArchiveSummary, 4, "`archive`"),
        structs.section(Envelope, 3, "An envelope at `POST /jobs`"),
        "## Central",
        _table(central_routes()),
        f"WebSocket `{LINK}`: {first_line(docstring(with_link))}",
        WIRE.format(least=f"{MIN_BYTES:,}"),
        "The body of `POST /api/runs`: [a run's specification]"
        "(configuration.md#a-runs-specification).",
        "## Live logs",
        LIVE.format(words=" ".join(words.split())),
    )


def agent_routes() -> list[Route]:
    """List the agent's routes, the older ones too."""
    agent = cast(Agent, StandIn())
    app = agent_app(agent, Shutdown())
    agent_compat.install(app, agent)
    return _routes(app)


def central_routes() -> list[Route]:
    """List central's routes, the older ones too."""
    app = central_app(cast(RouteContext, StandIn()))
    central_compat.install(app, cast(Central, StandIn()))
    return _routes(app)


def _routes(app: Quart) -> list[Route]:
    routes = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ("static", "openapi") or rule.endpoint.startswith("page_"):
            continue
        view: Any = app.view_functions[rule.endpoint]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        routes += [Route(method, rule.rule, first_line(docstring(view))) for method in methods]
    silent = [route.path for route in routes if not route.words]
    if silent:
        raise ValueError(f"these routes say nothing of themselves in a docstring: {silent}")
    return sorted(routes, key=lambda route: (route.path, route.method))


def _table(routes: list[Route]) -> str:
    rows = [
        (f"`{route.method} {route.path.replace('<', '{').replace('>', '}')}`", route.words)
        for route in routes
    ]
    return table(("call", "what it does"), rows)


def _statuses() -> str:
    rows = [(f"`{category}`", str(status)) for category, status in problem._STATUS.items()]
    rows.append(("unknown name or ID", "404"))
    return table(("category", "status"), [*rows, ("all others", "500")])
