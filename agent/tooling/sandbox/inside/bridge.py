"""Inside the sandbox: a port of its empty network that leads to the proxy's socket; then the command.

Called with the socket's path, the port, and the command.
"""

import os
import socket
import sys
import threading
from contextlib import suppress

_AT_ONCE = 1 << 16


def main(path: str, port: int, command: list[str]) -> int:
    """Run the command beside the bridge; gives its exit code."""
    listening = socket.create_server(("127.0.0.1", port))
    pid = os.fork()
    if pid == 0:
        listening.close()
        os.execvp(command[0], command)  # noqa: S606
    threading.Thread(target=_serve, args=(listening, path), daemon=True).start()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return code if code >= 0 else 128 - code


def _serve(listening: socket.socket, path: str) -> None:
    while True:
        asking = listening.accept()[0]
        proxy = socket.socket(socket.AF_UNIX)
        try:
            proxy.connect(path)
        except OSError:
            asking.close()
            continue
        for pair in ((asking, proxy), (proxy, asking)):
            threading.Thread(target=_carry, args=pair, daemon=True).start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while some := source.recv(_AT_ONCE):
            target.sendall(some)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    os._exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
