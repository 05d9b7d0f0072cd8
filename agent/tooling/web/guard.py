"""Which hosts may be reached: public ones alone, told by the addresses that a connection is then made to."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from agent.core.errors import ToolFailed

LOOK_UP_SECONDS = 5.0
WEB_PORTS = frozenset({80, 443})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Looks up a name for a port; the addresses it leads to, as text."""

_NAME = re.compile(
    r"(?=.{1,253}\Z)(?:(?!-)[a-z0-9_-]{1,63}(?<!-)\.)+(?!-)[a-z0-9-]{1,63}(?<!-)\.?", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
_LOCAL_ENDS = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "lan", "home", "arpa"}
)
"""Source: RFC 6761, and RFC 6762, appendix G."""

_CLOSED = tuple(
    map(
        ipaddress.ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # Azure's own services, under a public number
            *("::/96", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7"),
            *("fe80::/10", "fec0::/10", "ff00::/8"),
            # What gateways turn into IPv4: NAT64, 6to4 and translated addresses.
            *("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "::ffff:0:0:0/96"),
        ),
    )
)
"""Source: IANA's registries of special-purpose addresses for IPv4 and IPv6."""

# Apart from the threads that all else is done in: a name server that is silent holds up nobody but us.
_THREADS = ThreadPoolExecutor(8, "look-up")


class Blocked(ToolFailed):
    """The guard refuses; the text says why."""


async def look_up(name: str, port: int) -> Sequence[str]:
    """The addresses of a name, as this machine finds them.

    Raises:
        Blocked: nobody knows the name, or nobody answers in time.
    """
    # With its last dot a name is whole: no search list of this machine's network is appended.
    ask = partial(socket.getaddrinfo, f"{name}.", port, type=socket.SOCK_STREAM)
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            found = await asyncio.get_running_loop().run_in_executor(_THREADS, ask)
    except TimeoutError:
        raise Blocked(f"{name} could not be looked up in {LOOK_UP_SECONDS:.0f} seconds.") from None
    except (OSError, UnicodeError):
        raise Blocked(f"{name} is not known: there is no such host, or its name server fails.") from None
    return list(dict.fromkeys(str(answer[4][0]) for answer in found))


@dataclass(frozen=True)
class Guard:
    """What may be reached."""

    resolve: Resolve = look_up
    ports: frozenset[int] = WEB_PORTS
    allowed: frozenset[tuple[str, int]] = frozenset()
    """Addresses with their ports that pass whatever they are: the servers of a test. No setting fills it."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """Where to connect to for a host: looked up once, and every answer judged.

        One bad answer refuses the host, as nobody can say which answer the next look-up brings.

        Raises:
            Blocked: it may not be reached, or is not known.
        """
        name = host_name(host)
        answers = [name] if _is_address(name) else await self.resolve(name, port)
        if not answers:
            raise Blocked(f"{name} has no address.")
        return [self._judged(answer, name, port) for answer in answers]

    def _judged(self, answer: str, name: str, port: int) -> str:
        if (answer, port) in self.allowed:
            return answer
        if port not in self.ports:
            known = " and ".join(map(str, sorted(self.ports)))
            raise Blocked(f"Port {port} of {name} is closed to you; only {known} can be reached.")
        return public_address(answer, name)


def public_address(text: str, name: str = "") -> str:
    """The address to connect to, when it is one of the public internet.

    Args:
        text: the address; an IPv4 address that is written as IPv6 becomes IPv4.
        name: the host that led there, for the error.

    >>> public_address("93.184.216.34"), public_address("::ffff:8.8.8.8")
    ('93.184.216.34', '8.8.8.8')
    >>> public_address("::ffff:10.0.0.1", "inside.example.org")
    Traceback (most recent call last):
    agent.tooling.web.guard.Blocked: inside.example.org leads to ::ffff:10.0.0.1, which is not public.

    Raises:
        Blocked: it is private, local, reserved, of many, bound to an interface, or no address.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise Blocked(f"{text!r:.80} is no address.") from None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if "%" in text or not _is_public(address):
        led = f"{name} leads to {text}, which" if name and name != text else text
        raise Blocked(f"{led} is not public.")
    return str(address)


def host_name(host: str) -> str:
    """The host in the one way it is written: a canonical address, or a name in lower case.

    >>> host_name("Example.ORG."), host_name("[2606:4700::1111]")
    ('example.org', '2606:4700::1111')
    >>> host_name("0x7f.1")
    Traceback (most recent call last):
    agent.tooling.web.guard.Blocked: '0x7f.1' is an address in disguise; write it as four numbers.

    Raises:
        Blocked: it is no name of the public internet, or could be read in two ways.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if _is_address(bare):
        return bare
    name = bare.rstrip(".").lower()
    last = name.rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        raise Blocked(f"{host!r:.80} is an address in disguise; write it as four numbers.")
    if last in _LOCAL_ENDS:
        raise Blocked(f"{host!r:.80} is a name of a local network, which is not public.")
    if not _NAME.fullmatch(bare):
        raise Blocked(f"{host!r:.80} is no name of a public host.")
    return name


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_public(address: Address) -> bool:
    # What Python calls global is not all we need, and differs between its versions; both must agree.
    is_closed = any(address.version == closed.version and address in closed for closed in _CLOSED)
    return not is_closed and address.is_global and not address.is_multicast
