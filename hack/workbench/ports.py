"""Ports of loopback for the programs that the workbench starts, chosen so that two processes never choose the same one.

A program binds its port some seconds after it was chosen for it, and several tests run at a time; so whoever chooses a port
holds a lock on it, which the system takes back when the process ends.
"""

import fcntl
import os
import random
import socket
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

HOST: Final = "127.0.0.1"

_PORTS: Final = range(15000, 32000)
"""Below the range from which systems take the source ports of outgoing connections: such a connection must not sit on
the API server's port while a test has it stopped."""

_chosen: set[int] = set()
_locks: list[int] = []
"""The one descriptor of the file of locks, once it is open. It stays open: closing any descriptor of the file would free all."""


def choose_ports(count: int, among: Sequence[int] = _PORTS) -> list[int]:
    """Choose so many ports of loopback that nobody listens on, and that no other caller of this function gets.

    Raises OSError if there are not as many.
    """
    chosen: list[int] = []
    for port in random.SystemRandom().sample(among, len(among)):
        if len(chosen) == count:
            return chosen
        if port not in _chosen and _lock(port) and _is_free(port):
            _chosen.add(port)
            chosen.append(port)
    if len(chosen) < count:
        raise OSError(f"only {len(chosen)} of {count} ports are free between {min(among)} and {max(among)}")
    return chosen


def _lock(port: int) -> bool:
    """Lock one byte of a file for each port. These locks belong to the process, and its children do not inherit them."""
    if not _locks:
        file = Path(tempfile.gettempdir()) / f"azure-vpn-operator-ports-{os.getuid()}"
        _locks.append(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    try:
        fcntl.lockf(_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
