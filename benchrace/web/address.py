"""Addresses of peers, as far as limits are counted by them."""

import ipaddress


def group_of(address: str) -> str:
    """Count an IPv6 network as one: whoever has one address of it has all of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    if parsed.is_loopback:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))


def is_loopback(address: str) -> bool:
    """Check whether an address, or what `group_of` makes of it, is this machine's own."""
    try:
        return ipaddress.ip_address(group_of(address)).is_loopback
    except ValueError:
        return False
