"""What the device at the other end has to know, in nobody's syntax: the one value that every format is written from."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto

from azure_vpn_operator.domain.azure.proposals import EspProposal, Proposals

ANY = "0.0.0.0/0"


class Initiation(Enum):
    """Who begins, seen from the device."""

    EITHER = auto()
    DEVICE = auto()
    """Azure only answers."""
    AZURE = auto()
    """The device only answers."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A pair of ranges between which traffic may pass, in CIDR notation."""

    device: str
    azure: str


@dataclass(frozen=True, slots=True)
class Bgp:
    """The two ends of the BGP session."""

    azure_asn: str
    azure_addresses: tuple[str, ...]
    """One for each tunnel."""
    device_asn: str
    device_address: str


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A text that stands where a value is not known, and where that can be read."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class PeerSide:
    """One connection as its device sees it."""

    name: str
    """The VpnConnection's name."""
    origin: str
    """Where the algorithms come from, for people."""
    ike_version: int
    """1 or 2."""
    proposals: Proposals
    """Any one of each list will do, the best first."""
    esp_with_pfs: tuple[EspProposal, ...]
    """For a device that always has perfect forward secrecy: what Azure takes of it if it is the device that begins."""
    ike_seconds: int
    """Lifetime of the IKE SA in Azure."""
    sa_seconds: int
    sa_kilobytes: int
    """0 for no limit."""
    dpd_seconds: int
    """Azure takes a silent device for dead after so long."""
    initiation: Initiation
    azure_addresses: tuple[str, ...]
    """One for each tunnel: two of an active-active gateway."""
    device_address: str
    """The public one, as the local network gateway has it."""
    is_policy_based: bool
    selectors: tuple[Selector, ...]
    """All pairs; of a route-based connection one, from anything to anything."""
    device_prefixes: tuple[str, ...]
    azure_prefixes: tuple[str, ...]
    """What is behind each end, for routes; empty if it is not known."""
    bgp: Bgp | None
    shared_key: str | None = field(repr=False)
    """None: a placeholder is written."""
    placeholders: tuple[Placeholder, ...]
    """What is to be filled in."""
    remarks: tuple[str, ...]
    """What else people should know."""

    @property
    def label(self) -> str:
        """A name for the device's objects: letters, digits and hyphens, with a letter first."""
        label = self.name.replace(".", "-")
        return f"azure-{label}" if label[:1].isdecimal() else label

    @property
    def key_text(self) -> str:
        """The key, or what stands for it."""
        return self.shared_key if self.shared_key is not None else KEY_PLACEHOLDER

    @property
    def probes_every(self) -> int:
        """Seconds between the device's own probes, so that three lost ones take as long as Azure waits."""
        return max(3, self.dpd_seconds // DPD_TRIES)

    def short_label(self, longest: int) -> str:
        """The label, cut to what the device takes: its end, in which names differ more often."""
        return self.label[-longest:].lstrip("-")

    @property
    def tunnels(self) -> Iterator[tuple[int, str]]:
        """Number and address of each tunnel, counted from 1."""
        return enumerate(self.azure_addresses, 1)

    def tunnel_label(self, number: int) -> str:
        """The label of one tunnel, counted from 1."""
        return self.label if len(self.azure_addresses) == 1 else f"{self.label}-{number}"


KEY_PLACEHOLDER = "SHARED_KEY"
DPD_TRIES = 3
REKEY_SHARE = 0.9
"""The device renews after this share of a lifetime, before Azure's own runs out."""
