"""Which IP addresses are public.

`ipaddress.is_global` isn't enough: an IPv6 address may contain an IPv4 one, which a translator on
the way turns into a connection to a private network.
"""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = tuple(
    map(
        ipaddress.ip_network,
        (
            "64:ff9b::/96",  # RFC 6052: NAT64
            "64:ff9b:1::/48",  # RFC 8215: NAT64 within a network
            "::/96",  # RFC 4291, 2.5.5.1: IPv4-compatible, deprecated
        ),
    )
)
"""IPv6 networks whose last 32 bits are an IPv4 address."""
_SPECIAL = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # RFC 6890: protocol assignments
            "192.88.99.0/24",  # RFC 7526: relays of 6to4, deprecated
            "168.63.129.16/32",  # Azure: a service of the host of a virtual machine
            "fec0::/10",  # RFC 3879: private addresses, deprecated
            "3fff::/20",  # RFC 9637: documentation
        ),
    )
)
"""Networks that aren't the public internet although Python calls them global."""
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""Bits before an IPv4 address at the end of an IPv6 one (RFC 5214, 6.1)."""


def is_public(text: str) -> bool:
    """Return whether an address belongs to the public internet.

    Args:
        text: An address, with a zone if it has one: `fe80::1%eth0`.
    """
    address = _within(ipaddress.ip_address(text.partition("%")[0]))
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in network for network in _SPECIAL)
    )


def _within(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address contains, or the address itself."""
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address.ipv4_mapped:
        return address.ipv4_mapped
    if address.sixtofour:
        return address.sixtofour
    if address.teredo:
        return address.teredo[1]
    isatap = int(address) >> 32 & 0xFFFF_FFFF in _ISATAP
    if isatap or any(address in network for network in _TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
