"""Hosts and addresses in configuration files: one that cannot be meant is rejected.

`allowed_hosts` are host names as browsers send them, `lend_address` is where a worker machine
listens.
"""

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from benchrace.addresses import unwrapped
from benchrace.config.document import Document

KEY = "allowed_hosts"
LEND_ADDRESS = "lend_address"
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
MAX_CHARS = 253
_EXAMPLE = "(e.g. 192.168.1.20)"


def check_hosts(document: Document, hosts: Sequence[str]) -> tuple[str, ...]:
    """Return the names in lower case; raises BadDocument for the first that no request can have."""
    for index, host in enumerate(hosts):
        if (message := problem(host)) is not None:
            raise document.bad((KEY, index), message)
    return tuple(host.lower() for host in hosts)


def check_lend_address(document: Document, address: str | None) -> None:
    """Raise BadDocument unless the address is the IP address of one machine.

    What is lent has no authentication, so it never listens on all addresses.
    """
    if address is None:
        return
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        message = f"invalid address {address[:80]!r}: expected an IP address {_EXAMPLE}"
        raise document.bad((LEND_ADDRESS,), message) from None
    plain = unwrapped(parsed)
    if plain.is_unspecified or plain.is_multicast:
        message = f"invalid address {address!r}: name one address of this machine {_EXAMPLE}"
        raise document.bad((LEND_ADDRESS,), message)


def problem(host: str) -> str | None:
    """Return why no request can name this host, and what to write instead; None where one can."""
    if _is_address(host.lower()) or _is_name(host.lower()):
        return None
    shown = f"invalid host {host[:80]!r}"
    if "*" in host or host.startswith("."):
        return f"{shown}: wildcards are not supported; write each host name in a line of its own"
    name = _name_in(host)
    if name is not None:
        return f"{shown}: expected a name without scheme, port or path; write {name}"
    return f"{shown}: expected a host name such as bench.example"


def _name_in(host: str) -> str | None:
    """Find the name that was probably meant: in an address, or written in another alphabet."""
    try:
        name = urlsplit(host if "://" in host else f"//{host}").hostname or ""
        # What browsers do with other alphabets, but for a few letters.
        name = name.strip().rstrip(".").encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    return name if _is_address(name) or _is_name(name) else None


def _is_name(text: str) -> bool:
    labels = text.split(".")
    # Browsers take a name that ends in a number for an IPv4 address, and send it as one.
    is_number = _NUMBER.fullmatch(labels[-1]) is not None
    return len(text) <= MAX_CHARS and not is_number and all(map(_LABEL.fullmatch, labels))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text[1:-1] if text[:1] == "[" and text[-1:] == "]" else text)
    except ValueError:
        return False
    return True
