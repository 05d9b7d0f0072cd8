"""Forks a supervisor for each request: it has long loaded what they need, so a command begins at once.

One for each app, over the socket that is its standard input; it ends when the app does.
"""

import gc
import os
import signal
import socket

from .supervisor import Channels, supervise

REQUEST = b"!"
"""What comes with the descriptors of a request."""


def main() -> None:
    """Serve requests until the app closes the socket, or is gone."""
    requests = socket.socket(fileno=os.dup(0))
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel buries whom nobody waits for
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ^C in the app's terminal is the app's
    gc.freeze()
    while True:
        said, descriptors, _, _ = socket.recv_fds(requests, len(REQUEST), len(Channels._fields))
        if not said:
            return
        _serve(requests, descriptors)


def _serve(requests: socket.socket, descriptors: list[int]) -> None:
    pid = os.fork()
    if pid == 0:
        try:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            supervise(Channels(*descriptors))
        finally:
            os._exit(0)
    for descriptor in descriptors:
        os.close(descriptor)
