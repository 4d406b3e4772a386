"""Which addresses are public."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stability_mcp.media.web.addresses import is_public

PRIVATE = [
    "0.0.0.0",  # noqa: S104 -- not bound
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "168.63.129.16",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700::1111", "2a00:1450::1"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_and_special_addresses_are_refused(address: str) -> None:
    """Documented (IANA special-purpose registries)."""
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address: str) -> None:
    """Chosen: everything else."""
    assert is_public(address)


def _containing(address: ipaddress.IPv4Address) -> list[str]:
    """Return the IPv6 addresses that lead to an IPv4 address."""
    number = int(address)
    return [
        f"::ffff:{address}",
        f"::{address}",
        f"64:ff9b::{address}",
        f"64:ff9b:1::{address}",
        f"2a00:1450::5efe:{address}",
        f"2a00:1450::200:5efe:{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x2001_0000 << 96) | (number ^ 0xFFFF_FFFF))),
    ]


@given(st.ip_addresses(v=4))
def test_an_ipv6_address_is_as_public_as_the_ipv4_address_in_it(
    address: ipaddress.IPv4Address,
) -> None:
    """Documented (RFC 4291, 6052, 8215, 5214, 3056, 4380), from mapped to Teredo."""
    if is_public(str(address)):
        return
    assert not any(map(is_public, _containing(address)))


@given(st.ip_addresses())
def test_what_python_calls_private_is_refused(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """Chosen: the guard is stricter than the library, never less strict."""
    if address.is_private or address.is_loopback or address.is_link_local:
        assert not is_public(str(address))
