"""Two daemons with a cable between them: one plays Azure's gateway, the other what is at the far side."""

from pathlib import Path

from azure_vpn_simulator.strongswan.daemon import Daemon, connect, wait_until
from azure_vpn_simulator.strongswan.traffic import open_socket, passes


class Pair:
    """The two daemons."""

    def __init__(self, folder: Path, addresses: tuple[str, str]) -> None:
        """Start them; the folder must have a short path. Raises DaemonError. They end with the thread that started them."""
        self.azure = Daemon("azure", folder / "a")
        try:
            self.far = Daemon("far", folder / "f")
        except BaseException:
            self.azure.stop()
            raise
        try:
            connect(self.azure, self.far, addresses)
        except BaseException:
            self.close()
            raise
        self._addresses = addresses
        self._hosts: set[tuple[str, str]] = set()

    def close(self) -> None:
        """Stop both."""
        self.azure.stop()
        self.far.stop()

    def load(self, azure: str, far: str) -> None:
        """Begin anew with these configurations; no tunnel of before is left. Who is to begin by itself does."""
        self.clear()
        self.azure.load(azure)
        self.far.load(far)

    def clear(self) -> None:
        """Take every tunnel down, and let the far side begin none."""
        self.far.load("connections {}\n")
        self.end()

    def end(self) -> None:
        """Take every tunnel down."""
        for daemon in (self.far, self.azure):
            for sa in daemon.sas():
                daemon.forget(sa.name)
        if not wait_until(lambda: not self.azure.sas() and not self.far.sas(), seconds=20):
            raise TimeoutError("a tunnel could not be taken down")

    def answer(self, *, on: bool) -> None:
        """Let the far side hear what is sent to it, or let nothing arrive."""
        self.far.ip("link", "set", "up0", "up" if on else "down")
        if on:
            self.far.ip("route", "replace", f"{self._addresses[0]}/32", "dev", "up0")  # it went with the link

    def put_hosts(self, azure: str, far: str) -> None:
        """Put a host behind each. A daemon takes no range of its own in which there is none."""
        for daemon, host in ((self.azure, azure), (self.far, far)):
            if (daemon.name, host) not in self._hosts:
                daemon.ip("address", "replace", f"{host}/32", "dev", "lo")
                self._hosts.add((daemon.name, host))

    def traffic_passes(self, azure: str, far: str, *, seconds: float = 5) -> bool:
        """Whether a datagram from this host behind the far side reaches that one behind Azure and comes back."""
        with open_socket(self.azure.namespace, azure) as server, open_socket(self.far.namespace, far) as client:
            return passes(client, server, seconds=seconds)
