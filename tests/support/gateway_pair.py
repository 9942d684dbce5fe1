"""Two real gateways on this machine: one plays Azure, the other is the device at the other end."""

from contextlib import ExitStack
from itertools import count
from pathlib import Path

from azure_vpn_simulator.strongswan.daemon import wait_until
from azure_vpn_simulator.strongswan.pair import Pair
from azure_vpn_simulator.strongswan.sas import ChildSa
from azure_vpn_simulator.strongswan.traffic import open_socket, passes
from support.azure_gateway import AZURE_ADDRESS, DEVICE_ADDRESS

AZURE_HOSTS = ("10.1.0.1", "10.2.0.1")
DEVICE_HOSTS = ("10.6.0.1", "10.7.0.1")
"""One in each network behind the two."""


class GatewayPair:
    """The two gateways, with a cable between them and hosts behind them."""

    def __init__(self, folder: Path) -> None:
        """Start them; the folder must have a short path."""
        self._stack = ExitStack()
        self._numbers = count()
        self._device_log = 0
        with ExitStack() as starting:
            self._pair = Pair(folder, (AZURE_ADDRESS, DEVICE_ADDRESS))
            starting.callback(self._pair.close)
            self.azure, self.device = self._pair.azure, self._pair.far
            for gateway, hosts in ((self.azure, AZURE_HOSTS), (self.device, DEVICE_HOSTS)):
                for host in hosts:
                    gateway.ip("address", "add", f"{host}/32", "dev", "lo")
            self.servers = {
                host: starting.enter_context(open_socket(self.azure.namespace, host)) for host in AZURE_HOSTS
            }
            self.clients = {
                host: starting.enter_context(open_socket(self.device.namespace, host)) for host in DEVICE_HOSTS
            }
            self._stack = starting.pop_all()

    def close(self) -> None:
        """Stop both."""
        self._stack.close()

    def load(self, azure: str, device: str) -> None:
        """Begin anew with these configurations; no tunnel of before is left. A device that is to begin does."""
        self._pair.clear()
        self._device_log = len(self.device.log())
        self._pair.load(azure, device)

    def said(self) -> str:
        """What the device has logged since the last `load`."""
        return self.device.log()[self._device_log :]

    def is_up(self, name: str, child: str = "net-1", *, seconds: float = 20) -> bool:
        """Whether an IPsec SA of the device comes to carry traffic."""
        return wait_until(lambda: self.child(name, child) is not None, seconds=seconds)

    def child(self, name: str, child: str = "net-1") -> ChildSa | None:
        """The device's IPsec SA that carries traffic."""
        found = [item for sa in self.device.sas() if sa.name == name for item in sa.installed if item.name == child]
        return found[-1] if found else None

    def hears(self, text: str, *, seconds: float = 20) -> bool:
        """Whether the device comes to log this."""
        return wait_until(lambda: text in self.said(), seconds=seconds)

    def traffic_passes(self, device: str = DEVICE_HOSTS[0], azure: str = AZURE_HOSTS[0], *, seconds: float = 5) -> bool:
        """Whether a datagram reaches a host behind Azure and comes back."""
        text = f"datagram {next(self._numbers)}".encode()
        return passes(self.clients[device], self.servers[azure], text, seconds)
