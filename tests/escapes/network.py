"""Reaching what listens outside, and being reached."""

import array
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.escapes.attempts import LANDLOCK, Loot, Places, attempt, shell

LOOPBACK = "127.0.0.1"
PATIENCE = 1.0
ODD = {"AF_ALG": 38, "AF_VSOCK": 40, "AF_CAN": 29, "AF_RDS": 21, "AF_TIPC": 30, "AF_KCM": 41, "AF_SMC": 43}
"""Families hardly anybody uses and in which faults of the kernel were found."""
MPTCP = 262


def missing(family: int, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> str:
    """A reason to be unreal: the kernel has no such socket."""
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        return f"the kernel has no such socket: {error.strerror}"
    return ""


def alone() -> str:
    """A reason to be unreal: there is no other interface than the loopback."""
    try:
        return "" if len(socket.if_nameindex()) > 1 else "the machine has no network"
    except OSError as error:
        return str(error)


def knock(family: int, address: object, kind: int = socket.SOCK_STREAM, protocol: int = 0) -> None:
    """Connect, and say something; who listens has heard it."""
    with socket.socket(family, kind, protocol) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(address)
        connection.send(b"knock")


def any_of(*ways: Callable[[], object]) -> None:
    """Go every way; the last one's refusal counts."""
    refusals: list[OSError] = []
    for way in ways:
        try:
            way()
        except OSError as error:
            refusals.append(error)
    if len(refusals) == len(ways):
        raise refusals[-1]


@attempt("high")
def connects_to_the_app(places: Places) -> Loot:
    knock(socket.AF_INET, (LOOPBACK, places.tcp))


@attempt("high")
def connects_to_the_app_by_other_names(places: Places) -> Loot:
    others = ("localhost", "127.1", "0.0.0.0", "2130706433")  # noqa: S104
    any_of(*(lambda name=name: knock(socket.AF_INET, (name, places.tcp)) for name in others))


@attempt("high")
def connects_to_the_app_by_its_shell(places: Places) -> Loot:
    return shell(f"bash -c 'echo knock > /dev/tcp/127.0.0.1/{places.tcp}'")


@attempt("high", unreal=missing(socket.AF_INET6))
def connects_over_the_newer_protocol(places: Places) -> Loot:
    knock(socket.AF_INET6, ("::1", places.tcp6))


@attempt("high", unreal=missing(socket.AF_INET6))
def connects_by_a_mapped_address(places: Places) -> Loot:
    knock(socket.AF_INET6, (f"::ffff:{LOOPBACK}", places.tcp))


@attempt("high", unreal=missing(socket.AF_INET, protocol=MPTCP))
def connects_over_many_paths(places: Places) -> Loot:
    """To a filter of TCP it is another protocol."""
    knock(socket.AF_INET, (LOOPBACK, places.tcp), protocol=MPTCP)


@attempt("high")
def connects_while_sending(places: Places) -> Loot:
    """A connection that was never asked for by connect()."""
    with socket.socket() as connection:
        connection.settimeout(PATIENCE)
        connection.sendto(b"knock", socket.MSG_FASTOPEN, (LOOPBACK, places.tcp))


@attempt("high")
def sends_a_datagram(places: Places) -> Loot:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"knock", (LOOPBACK, places.udp))


@attempt("high")
def sends_a_datagram_over_a_connection(places: Places) -> Loot:
    knock(socket.AF_INET, (LOOPBACK, places.udp), socket.SOCK_DGRAM)


@attempt("high")
def tells_a_secret_to_a_name_server(places: Places) -> Loot:
    """Names that are looked up reach whoever owns them."""
    labels = b"".join(bytes([len(label)]) + label for label in (b"secret", b"example", b"org"))
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(question, (LOOPBACK, places.udp))


@attempt("high", unreal=alone())
def has_a_way_to_the_world(_places: Places) -> Loot:
    """A datagram socket that connects only looks for the way: nothing leaves the machine."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("192.0.2.1", 443))
    return True


@attempt("high", unreal=alone())
def has_a_way_to_the_credentials_of_the_cloud(_places: Places) -> Loot:
    """The same for the address where many clouds hand them out."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(("169.254.169.254", 80))
    return True


@attempt("high", is_visited=True)
def listens_for_somebody(places: Places) -> Loot:
    """Who calls from outside brings the secret along."""
    with socket.create_server((LOOPBACK, places.free)) as listener:
        listener.settimeout(0.4)
        visitor, _ = listener.accept()
        return visitor.recv(4096)


@attempt("high", is_visited=True)
def listens_for_somebody_unbound(places: Places) -> Loot:
    """listen() alone binds, to a port it then tells; a filter of bind() never hears of it."""
    with socket.socket() as listener:
        listener.listen()
        Path("port").write_text(str(listener.getsockname()[1]))
        listener.settimeout(0.4)
        visitor, _ = listener.accept()
        return visitor.recv(4096) if places else None


@attempt("high")
def connects_to_a_docker_socket(places: Places) -> Loot:
    knock(socket.AF_UNIX, f"{places.sockets}/docker.sock")


@attempt("high")
def connects_to_a_socket_through_a_link(places: Places) -> Loot:
    Path("s").symlink_to(places.sockets)
    knock(socket.AF_UNIX, "s/docker.sock")


@attempt("high")
def connects_to_an_abstract_socket(places: Places) -> Loot:
    knock(socket.AF_UNIX, "\0" + places.abstract)


@attempt("high")
def sends_to_a_datagram_socket(places: Places) -> Loot:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"knock", f"{places.sockets}/log")


@attempt("high")
def sends_a_descriptor_out(places: Places) -> Loot:
    mine = array.array("i", [os.open(".", os.O_RDONLY)])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, mine)]
        sender.sendmsg([b"knock"], rights, 0, f"{places.sockets}/log")


@attempt("high")
def sends_to_an_abstract_datagram_socket(places: Places) -> Loot:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"knock", f"\0{places.abstract}-log")


@attempt("high")
def turns_a_pair_of_sockets_round(places: Places) -> Loot:
    """One of a pair was never made for a path, and can be sent to any."""
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.sendto(b"knock", f"{places.sockets}/log")


@attempt("high")
def turns_a_raw_pair_of_sockets_round(places: Places) -> Loot:
    """The kernel makes a datagram pair of a raw one."""
    one, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_RAW)
    one.connect(f"{places.sockets}/log")
    one.send(b"knock")


@attempt("medium", unreal="the kernel has none of them" if all(map(missing, ODD.values())) else "")
def makes_an_odd_socket(_places: Places) -> Loot:
    made = []
    for name, family in ODD.items():
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
            with suppress(OSError), socket.socket(family, kind):
                made.append(name)
    return bool(made)


@attempt("medium", unreal="only root sees all packets")
def listens_to_all_packets(_places: Places) -> Loot:
    return bool(socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 3))


@attempt("low", unreal=alone())
def lists_the_interfaces(_places: Places) -> Loot:
    return any(name != "lo" for _, name in socket.if_nameindex())


@attempt("low", residual=LANDLOCK)
def lists_who_listens(places: Places) -> Loot:
    return f":{places.tcp:04X} " in Path("/proc/net/tcp").read_text()


@attempt("medium", unreal="a socket the tests cannot make")
def finds_a_socket_of_the_system(_places: Places) -> Loot:
    known = (
        "/var/run/docker.sock",
        "/run/docker.sock",
        "/run/dbus/system_bus_socket",
        "/run/systemd/private",
    )
    for path in known:
        with suppress(OSError):
            knock(socket.AF_UNIX, path)
            return True
    return False
