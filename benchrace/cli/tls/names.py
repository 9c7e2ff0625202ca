"""The host names and addresses of a certificate for this machine."""

import ipaddress
import socket
from collections.abc import Sequence

from benchrace.cli.service.advertised_address import addresses
from benchrace.config.hosts import problem
from benchrace.errors import FieldError, InvalidInput

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_REVERSE = ".arpa"


def certificate_hosts(chosen: Sequence[str]) -> tuple[str, ...]:
    """Return the chosen names, or all of this machine's, and always those of loopback. Blocks.

    Raises InvalidInput for a name that no certificate can have.
    """
    for name in chosen:
        if (message := problem(name)) is not None:
            raise InvalidInput(FieldError("--name", message))
    named = [name.lower().strip("[]") for name in chosen] or _own()
    return tuple(dict.fromkeys((*named, *_LOOPBACK)))


def _own() -> list[str]:
    """Return this machine's host name, its full name, and its addresses, as far as they are set."""
    short, full = socket.gethostname().lower(), socket.getfqdn().lower()
    names = [name for name in (short, full) if problem(name) is None and _is_host(name)]
    return [*names, *(address.strip("[]") for address in addresses("::"))]


def _is_host(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return not name.endswith(_REVERSE) and not name.startswith("localhost")
    return False
