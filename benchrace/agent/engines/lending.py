"""How this machine is lent to lanes of others: for how long, and at which address."""

import ipaddress
import socket

import anyio
import msgspec

from benchrace.addresses import Address, unwrapped
from benchrace.agent.engines.operation import RunningOperation
from benchrace.agent.settings import AgentSettings
from benchrace.errors import BenchraceError, Category
from benchrace.formatting import duration
from benchrace.protocol.operations import OperationRequest
from benchrace.web.address import is_loopback

LOOPBACK = "127.0.0.1"
_ANY_PORT = 9


async def end_unfollowed(running: RunningOperation, lease_s: float) -> None:
    """End a lend that nobody has followed for `lease_s`: its central is gone, or its link is cut.

    Returns at the lend's end.
    """
    while running.running:
        left_s = running.followed_at + lease_s - anyio.current_time()
        if left_s <= 0:
            error = BenchraceError(
                Category.INTERRUPTED,
                f"{running.words} ended: central has not asked for it for "
                f"{duration(int(lease_s * 1e9))}",
                "Check the link between this machine and central.",
            )
            running.cancel(error)
            return
        with anyio.move_on_after(left_s):
            await running.ended()


def listening_address(own: str | None, link: str | None, coordinator: str | None) -> str:
    """Return the address at which the coordinator of a lane reaches this machine.

    `own` is the setting `lend_address`, `link` this end of the link to central, `coordinator`
    the other machine as central sees it. A link within one computer says nothing of the network:
    then the route to the other machine does.
    """
    if own:
        return own
    here, there = _parsed(link), _parsed(coordinator)
    if here is not None and not here.is_loopback:
        return str(here)
    route = None if there is None or there.is_loopback else _towards(there)
    return route or (LOOPBACK if here is None else str(here))


def with_host(
    request: OperationRequest, settings: AgentSettings, link: str | None
) -> OperationRequest:
    """Fill in where a lend is to listen; what the request itself says does not count."""
    host = listening_address(settings.lend_address, link, request.coordinator)
    if request.elsewhere and not settings.lend_address and is_loopback(host):
        raise BenchraceError(
            Category.SYSTEM,
            f"it would listen at {host}, which the coordinator of the lane cannot reach",
            f"Set lend_address in agent.yaml of {settings.machine_id}.",
        )
    lending = request.lending and msgspec.structs.replace(request.lending, host=host)
    return msgspec.structs.replace(request, lending=lending)


def _parsed(address: str | None) -> Address | None:
    """Return an address of the network; None for a name, whose address may differ elsewhere."""
    try:
        return None if address is None else unwrapped(ipaddress.ip_address(address))
    except ValueError:
        return None


def _towards(address: Address) -> str | None:
    """Return this machine's address on the route to another one; sends nothing."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _ANY_PORT))
            return str(probe.getsockname()[0])
    except OSError:
        return None
