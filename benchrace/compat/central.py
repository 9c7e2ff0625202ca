"""Central's older routes, in terms of its native ones."""

from collections.abc import Callable

from quart import Quart

from benchrace.central.central import Central
from benchrace.compat.central_agents import install_agents
from benchrace.compat.central_jobs import install_jobs
from benchrace.compat.central_reset import install_reset
from benchrace.compat.central_service import install_service


def install(app: Quart, central: Central, restart: Callable[[], None] | None = None) -> None:
    """Add what older clients know of central; pass it to `serve` as `extend`.

    `restart` has the process start anew after its end, null where it cannot.
    """
    install_jobs(app, central)
    install_agents(app, central)
    install_reset(app, central)
    install_service(app, central, restart)
