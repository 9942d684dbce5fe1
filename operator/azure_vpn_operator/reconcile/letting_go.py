"""The end of letting a connection go: it must always work, and for some minutes it is worth waiting for."""

from datetime import timedelta
from typing import Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import ReleaseFinalizer
from azure_vpn_operator.domain.passes.verdicts import Accepted, Busy, Outcome

PATIENCE_TO_LET_GO: Final = timedelta(minutes=10)
_PASSING: Final = frozenset({FaultKind.BUSY, FaultKind.THROTTLED, FaultKind.UNAVAILABLE, FaultKind.UNREADABLE})


def is_worth_waiting_for(snapshot: Snapshot, outcome: Outcome) -> bool:
    """Whether the owner tag may go if we try again soon. Letting go must always work: so only for some minutes."""
    deleted = snapshot.metadata.deletion_timestamp
    if deleted is None or snapshot.now - deleted > PATIENCE_TO_LET_GO:
        return False
    return isinstance(outcome, Busy) or (isinstance(outcome, Fault) and outcome.kind in _PASSING)


def after_letting_go(outcome: Outcome) -> ReleaseFinalizer:
    """What is told of a connection whose owner tag was to be removed."""
    if isinstance(outcome, Accepted):
        return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure; our owner tag is removed")
    return ReleaseFinalizer(Reason.RETAINED, "the connection stays in Azure; its owner tag could not be removed")
