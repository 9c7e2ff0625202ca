"""IP addresses: which one another stands for, and where a request may lead."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# What a translator of the network makes an IPv4 address of; the second prefix is a network's own,
# and where in it the IPv4 address stands is for that network to know (RFC 6052, RFC 8215).
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_LOCAL_NAT64 = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")


def unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    compatible = address in _COMPATIBLE and int(address) > 1
    if compatible or address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def is_public(address: Address) -> bool:
    """Check whether an address, and what it stands for, is reached over the internet."""
    plain = unwrapped(address)
    return plain.is_global and not is_confined(plain) and not _is_site_local(plain)


def is_confined(address: Address) -> bool:
    """Check whether an address has a meaning on one link only, or an unknown one.

    Machines of clouds find credentials at such an address.
    """
    plain = unwrapped(address)
    return (
        plain.is_link_local or plain.is_multicast or plain.is_unspecified or plain in _LOCAL_NAT64
    )


def _is_site_local(address: Address) -> bool:
    return isinstance(address, ipaddress.IPv6Address) and address.is_site_local
