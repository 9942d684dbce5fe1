"""The change of an object that takes its tunnel down, as it stands in a pass: the status in the light of what was read."""

from dataclasses import dataclass

from azure_vpn_operator.api.tunnel_change import ChangeState, KnownGood, TunnelChange
from azure_vpn_operator.domain.passes.events import EventNote


@dataclass(frozen=True, slots=True)
class ChangeView:
    """What is known before the pass decides."""

    change: TunnelChange | None = None
    """The change that is under way, or that has failed."""
    known_good: KnownGood | None = None
    """What an undo would put back."""
    unfinished: TunnelChange | None = None
    """A change under which the tunnel went down and that something else takes the place of: whatever follows has to bring it back."""
    shared: bool = False
    """The other object of the pair has a change under way: what this one does is a part of it, also if its tunnel is down by now."""
    shared_tunnel: bool = False
    """Then: the tunnel was up before that change, and so it has to be up after both."""
    look_in: float | None = None
    """Seconds until more may be known."""
    text: str = ""
    """What is known, in words."""
    gateway_event: bool = False
    """Other connections of the gateway went down too: the change has more time."""
    news: tuple[EventNote, ...] = ()
    """What this pass is the first to know."""

    @property
    def undoes(self) -> bool:
        """Whether the values from before are to be in Azure instead of those that the object wants."""
        return self.change is not None and self.change.state in {ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK}
