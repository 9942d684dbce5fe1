"""Traffic through a tunnel: a datagram that goes there and comes back, sent by this process in the namespaces of others."""

import ctypes
import os
import socket
import threading
from pathlib import Path

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


def open_socket(namespace: Path, address: str, port: int = 0) -> socket.socket:
    """A UDP socket in a network namespace: it stays there, whoever uses it."""
    made: list[socket.socket | OSError] = []

    def make() -> None:
        # A thread has a namespace of its own, which ends with it.
        library = ctypes.CDLL(None, use_errno=True)
        place = os.open(namespace, os.O_RDONLY)
        try:
            if library.setns(place, _NEW_NETWORK) != 0:
                made.append(OSError(ctypes.get_errno(), "setns"))
                return
            opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                opened.bind((address, port))
            except OSError as error:
                opened.close()
                made.append(error)
                return
            made.append(opened)
        finally:
            os.close(place)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    result = made[0]
    if isinstance(result, OSError):
        raise result
    return result


def passes(
    client: socket.socket, server: socket.socket, text: bytes = b"through the tunnel", seconds: float = 2
) -> bool:
    """Whether a datagram reaches the server and the same comes back."""
    client.settimeout(seconds)
    server.settimeout(seconds)
    try:
        client.sendto(text, server.getsockname())
        received, sender = server.recvfrom(2048)
        server.sendto(received, sender)
        return client.recv(2048) == text
    except OSError:
        return False
