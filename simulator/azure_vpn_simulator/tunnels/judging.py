"""Who decides whether a tunnel comes up, and whether its keys can be renewed."""

from dataclasses import dataclass
from typing import Protocol

from azure_vpn_simulator.devices import Device
from azure_vpn_simulator.tunnels.failures import Failure, failure_with_device, failure_with_half
from azure_vpn_simulator.tunnels.negotiation import Agreement, agree_with_device, agree_with_half
from azure_vpn_simulator.tunnels.state import LiveConfig


@dataclass(frozen=True, slots=True)
class Attempt:
    """Two ends that try to agree."""

    connection: str
    """The key of the connection's id."""
    tunnel: int
    number: tuple[int, int]
    """Differs for each attempt of the tunnel."""
    live: LiveConfig
    far: Device | LiveConfig | None
    """The device, or the other half's settings; None: there is nobody."""
    answers: bool
    """Whether what there is answers now."""
    addresses: tuple[str, str]
    """The public ones: Azure's, and the far side's."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The two ends did not agree."""

    failure: Failure
    said: tuple[str, ...] = ()
    """What the gateway logged of it; empty if its log has what the simulator writes for the failure."""


Verdict = Agreement | Refusal


class Judge(Protocol):
    """Decides. It may take its time: as long as the answer is None, it is asked again for the same attempt."""

    def negotiate(self, attempt: Attempt) -> Verdict | None:
        """Whether the tunnel comes up."""

    def rekey(self, attempt: Attempt) -> Verdict | None:
        """Whether the keys of a tunnel that is up can be renewed."""

    def down(self, connection: str, tunnel: int) -> None:
        """A tunnel went down, whatever the reason."""

    def gone(self, connection: str, tunnel: int) -> None:
        """A tunnel is no more."""


class Rules:
    """Decides at once by comparing the settings of both ends."""

    def negotiate(self, attempt: Attempt) -> Verdict:
        """Whether the tunnel comes up; under IKEv2 also if only the PFS group does not fit."""
        found = _agree(attempt)
        return found if found is not None else Refusal(why(attempt))

    def rekey(self, attempt: Attempt) -> Verdict:
        """Whether the keys can be renewed: for that the PFS group has to fit."""
        found = _agree(attempt)
        return found if found is not None and found.match.pfs_fits else Refusal(why(attempt))

    def down(self, connection: str, tunnel: int) -> None:
        """Keep nothing of a tunnel, so there is nothing to do."""

    def gone(self, connection: str, tunnel: int) -> None:
        """Keep nothing of a tunnel, so there is nothing to do."""


def why(attempt: Attempt) -> Failure:
    """The first thing in the order of IKE's messages that does not fit."""
    if isinstance(attempt.far, LiveConfig):
        return failure_with_half(attempt.live, attempt.far)
    return failure_with_device(attempt.live, attempt.far, answers=attempt.answers)


def _agree(attempt: Attempt) -> Agreement | None:
    if attempt.far is None or not attempt.answers:
        return None
    if isinstance(attempt.far, LiveConfig):
        return agree_with_half(attempt.live, attempt.far)
    return agree_with_device(attempt.live, attempt.far)
