"""The page of the HTTP interfaces: routes from both servers' own maps, with what they say."""

from typing import Any, NamedTuple, cast

from quart import Quart

from benchrace.agent import Agent
from benchrace.agent.direct import JobRequest
from benchrace.agent.routes import create_app as agent_app
from benchrace.central.app import LINK, with_link
from benchrace.central.app import create_app as central_app
from benchrace.central.central import Central
from benchrace.central.site import Site
from benchrace.compat import agent as agent_compat
from benchrace.compat import agent_socket
from benchrace.compat import central as central_compat
from benchrace.web import problem, sse
from benchrace.web.shutdown import Shutdown
from docs.generator import structs
from docs.generator.markdown import first_line, page, said, table

HEAD = """\
Both servers speak JSON. Central's document in OpenAPI is at `/openapi.json`. A failure is
`{{"error": {{"category", "message", "remedy", "fields", "detail"}}}}`; each bad field is named by
its path. The categories are in [Events](events.md#categories-of-failure). A request that changes
something needs a `Host` that the server knows and no foreign `Origin`. On an address that others
can reach everything but `/health` and the page's files needs a token (`Authorization: Bearer
TOKEN`), unless the server was started with `--insecure`. Central takes the operator's token, the
watchers' for what only reads, or the cookie that `POST /api/login` gives for either; the agents'
token is for agents. Without one the answer is 401, for more than it allows 403, and after many
wrong ones 429.

{statuses}"""

LIVE = "`Accept: text/event-stream` gives a log live, as server-sent events. {words}"


class _Standin:
    """Stands where routes only keep a reference: nothing of it is asked before a request."""

    def __getattr__(self, name: str) -> "_Standin":
        return self


class Route(NamedTuple):
    """One route as the page shows it."""

    method: str
    path: str
    words: str


def render() -> str:
    """Give the page."""
    words = said(sse.stream).partition("\n\n")[2]
    return page(
        "HTTP",
        HEAD.format(statuses=_statuses()),
        "## Agent",
        _table(agent_routes()),
        f"WebSocket `{agent_socket.PATH}`: {first_line(said(agent_socket))}",
        structs.section(JobRequest, 3, "The body of `POST /jobs`"),
        "## Central",
        _table(central_routes()),
        f"WebSocket `{LINK}`: {first_line(said(with_link))}",
        "The body of `POST /api/runs`: [a run's specification]"
        "(configuration.md#a-runs-specification).",
        "## Live logs",
        LIVE.format(words=" ".join(words.split())),
    )


def agent_routes() -> list[Route]:
    """List the agent's routes, the older ones too."""
    agent = cast(Agent, _Standin())
    app = agent_app(agent, Shutdown())
    agent_compat.install(app, agent)
    return _routes(app)


def central_routes() -> list[Route]:
    """List central's routes, the older ones too."""
    app = central_app(cast(Site, _Standin()))
    central_compat.install(app, cast(Central, _Standin()))
    return _routes(app)


def _routes(app: Quart) -> list[Route]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in ("static", "openapi") or rule.endpoint.startswith("page_"):
            continue
        view: Any = app.view_functions[rule.endpoint]
        methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
        found += [Route(method, rule.rule, first_line(said(view))) for method in methods]
    silent = [route.path for route in found if not route.words]
    if silent:
        raise ValueError(f"these routes say nothing of themselves in a docstring: {silent}")
    return sorted(found, key=lambda route: (route.path, route.method))


def _table(routes: list[Route]) -> str:
    rows = [
        (f"`{route.method} {route.path.replace('<', '{').replace('>', '}')}`", route.words)
        for route in routes
    ]
    return table(("call", "what it does"), rows)


def _statuses() -> str:
    rows = [(f"`{category}`", str(status)) for category, status in problem._STATUS.items()]
    rows.append(("a name that nothing has", "404"))
    return table(("category", "status"), [*rows, ("all others", "500")])
