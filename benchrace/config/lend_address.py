"""`lend_address`: where a machine lends itself, for as long as a lane of another one uses it."""

import ipaddress

from benchrace.config.document import Document

KEY = "lend_address"
_EXAMPLE = "(e.g. 192.168.1.20)"


def check_lend_address(document: Document, address: str | None) -> None:
    """Raise BadDocument for what is no single IP address of a machine.

    What is lent has no authentication, so it never listens on all addresses.
    """
    if address is None:
        return
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        message = f"invalid address {address[:80]!r}: expected an IP address {_EXAMPLE}"
        raise document.bad((KEY,), message) from None
    if parsed.is_unspecified or parsed.is_multicast:
        message = f"invalid address {address!r}: name one address of this machine {_EXAMPLE}"
        raise document.bad((KEY,), message)
