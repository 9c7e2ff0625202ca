"""The application of a server: Quart, without what nothing of benchrace uses."""

from collections.abc import Callable
from typing import Any, NoReturn

from quart import Quart
from quart.routing import QuartRule


class Route(QuartRule):
    """A rule that matches paths and builds none; `url_for` is not available.

    No server of ours asks for the path of a route, and the code that would build it takes most of
    the time in which a route is added.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        return _not_built


class Application(Quart):
    """Quart with our routes, each of which answers at its own path.

    Quart would build a path to redirect to where `defaults` of another route match.
    """

    url_rule_class = Route

    def __init__(self, import_name: str, **options: Any) -> None:
        super().__init__(import_name, **options)
        self.url_map.redirect_defaults = False


def _not_built(route: Route, **values: object) -> NoReturn:
    raise RuntimeError(f"routes only match paths: cannot build the path of {route.endpoint}")
