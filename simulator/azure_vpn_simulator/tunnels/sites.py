"""A site as its tunnels meet it: the device as it behaves at each of them, and outages for a time."""

from dataclasses import dataclass, replace
from typing import Self

from azure_vpn_simulator.devices import Device

_NO_SETTINGS: dict[str, object] = {
    "delay_seconds": None,
    "recovery_seconds": None,
    "sa_life_time_seconds": None,
    "initiates": None,
    "flaps": None,
    "outage": False,
    "outage_tunnels": [],
    "tunnels": [],
    "silent": False,
    "ingress_bytes_per_second": 0,
    "egress_bytes_per_second": 0,
}
"""What may change of a device without any negotiation."""


@dataclass(frozen=True, slots=True)
class Site:
    """A device (None: nothing answers), the same at each tunnel, and how many outages keep each tunnel silent now."""

    device: Device | None = None
    each: tuple[Device | None, Device | None] = (None, None)
    outages: tuple[int, int] = (0, 0)

    def with_device(self, device: Device | None) -> Self:
        """Return the site with another device."""
        each = (None, None) if device is None else (device.at(0), device.at(1))
        return replace(self, device=device, each=each)

    def with_outage(self, tunnel: int | None, more: int) -> Self:
        """Return the site with so many more (or fewer) outages at one tunnel, or at both."""
        zero, one = (more if tunnel in {None, index} else 0 for index in (0, 1))
        return replace(self, outages=(self.outages[0] + zero, self.outages[1] + one))

    def at(self, index: int) -> Device | None:
        """Return the device as it behaves at a tunnel, whether or not it answers."""
        return self.each[index]

    def answers(self, index: int) -> bool:
        """Tell whether anything answers at a tunnel."""
        device = self.device
        silent = device is None or device.outage or index in device.outage_tunnels
        return not silent and not self.outages[index]


def initiates(device: Device | None) -> bool:
    """Tell whether a device would begin a negotiation by itself now."""
    return (
        device is not None
        and device.mode != "ResponderOnly"
        and not (device.initiates == "OnTraffic" and device.silent)
    )


def responds(device: Device) -> bool:
    """Tell whether a device takes part in a negotiation that Azure begins."""
    return device.mode != "InitiatorOnly"


def negotiated_settings(device: Device | None) -> object:
    """Return what costs the tunnels a new negotiation when it differs."""
    return None if device is None else device.model_copy(update=_NO_SETTINGS)
