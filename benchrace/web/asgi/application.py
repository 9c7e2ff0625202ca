"""The application of a server: Quart, without what nothing of benchrace uses."""

from collections.abc import Callable
from typing import NoReturn

from quart import Quart
from quart.routing import QuartRule


class Route(QuartRule):
    """A rule that matches paths and builds none.

    No server of ours asks for the path of a route, and the code that would build it takes most of
    the time in which a route is added.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _not_built


class Application(Quart):
    """Quart with our routes."""

    url_rule_class = Route


def _not_built(route: Route, **values: object) -> NoReturn:
    raise NotImplementedError(f"the path of {route.endpoint} is not built")
