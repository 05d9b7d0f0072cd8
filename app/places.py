"""Where a request comes from: an address that somebody names counts only when a listed proxy names it."""

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address

Networks = Collection[IPv4Network | IPv6Network]


def place(peer: str, forwarded: str, proxies: Networks) -> str:
    """The address a request comes from.

    Args:
        peer: who is connected with us.
        forwarded: X-Forwarded-For, to which each proxy has added whom it was connected with.
        proxies: those whose word is taken.

    >>> from ipaddress import ip_network
    >>> place("192.0.2.1", "203.0.113.9", [])
    '192.0.2.1'
    >>> place("10.0.0.1", "127.0.0.1, 203.0.113.9, 10.0.0.2", [ip_network("10.0.0.0/8")])
    '203.0.113.9'
    """
    told = [word.strip() for word in forwarded.split(",")]
    found = peer
    while told and _is_of(found, proxies) and _is_address(word := told.pop()):
        found = word
    return found


def _is_of(address: str, networks: Networks) -> bool:
    return _is_address(address) and any(ip_address(address) in network for network in networks)


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True
