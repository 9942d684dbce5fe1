"""A request to reset a connection, as it stands in a pass."""

from dataclasses import dataclass

from azure_vpn_operator.api.vpn_connection_status import ResetRecord
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.domain.passes.events import EventNote


@dataclass(frozen=True, slots=True)
class SentReset:
    """A reset that Azure has taken from this process."""

    token: str
    """The request that it was for."""
    fault: Fault | None = None
    """How its operation failed, if it did."""


@dataclass(frozen=True, slots=True)
class ResetView:
    """What is known of one half before the pass writes."""

    record: ResetRecord | None = None
    """What is known of the last request that was taken up."""
    due: str | None = None
    """The token of a request that is to be carried out, as soon as it can be."""
    news: tuple[EventNote, ...] = ()
    """What this pass is the first to know."""
