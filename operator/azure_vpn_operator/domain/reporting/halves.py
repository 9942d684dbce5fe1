"""Two halves of one object, told as one: the worse of the two comes first, and says which half it is about."""

from dataclasses import dataclass, replace

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import Difference
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.findings import Finding, recall
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Step
from azure_vpn_operator.domain.passes.tunnel_health import find_connected
from azure_vpn_operator.domain.passes.verdicts import Progress, Summary

_PROGRESS = (Progress.NONE, Progress.RECONCILING, Progress.STALLED)
_CONNECTED = (ConditionStatus.TRUE, ConditionStatus.UNKNOWN, ConditionStatus.FALSE)


@dataclass(frozen=True, slots=True)
class HalfReport:
    """What a pass saw, did and made of one half."""

    snapshot: Snapshot
    step: Step
    summary: Summary

    @property
    def name(self) -> str:
        """The connection's name in Azure."""
        target = self.snapshot.target
        return target.connection.name if isinstance(target, Target) else self.snapshot.half.id or "the reverse half"


def combine(forward: HalfReport, reverse: HalfReport) -> Summary:
    """The summary of the object: ready only if both halves are, and as far as the one that is behind."""
    one, other = forward.summary, reverse.summary
    worse = reverse if _badness(other) > _badness(one) else forward
    message = f"{reverse.name}: {other.message}" if worse is reverse else one.message
    ready = one.ready and other.ready
    return replace(
        worse.summary,
        ready=ready,
        # Reason and message are those of the worse half, and Synced has to go with them.
        synced=_combine_synced(one.synced, other.synced) if ready else worse.summary.synced,
        message=message,
        differences=(*one.differences, *(_of_reverse(difference) for difference in other.differences)),
        next_look=min(one.next_look, other.next_look),
        failed=one.failed or other.failed,
        written=one.written or other.written,
    )


def combine_connected(forward: HalfReport, reverse: HalfReport) -> Finding:
    """One tunnel, seen from both ends: it is up if both ends say so."""
    one, other = find_connected(forward.snapshot), find_connected(reverse.snapshot)
    if _CONNECTED.index(other.status) > _CONNECTED.index(one.status):
        return replace(other, message=f"{reverse.name}: {other.message}")
    return other if one.reason is Reason.ALL_TUNNELS_UP and other.reason is Reason.REDUNDANCY_LOST else one


def pair_of_halves(forward: HalfReport, reverse: HalfReport) -> Finding:
    """Whether both halves hold the same, and what the object says."""
    one, other = _live(forward.snapshot), _live(reverse.snapshot)
    behind = [half.name for half in (forward, reverse) if half.summary.synced is not ConditionStatus.TRUE]
    if not behind and one is not None and other is not None and one.policies == other.policies:
        return Finding(
            ConditionType.PAIR_IN_SYNC,
            ConditionStatus.TRUE,
            Reason.IN_SYNC,
            f"{forward.name} and {reverse.name} hold the same",
        )
    if not behind and (one is None or other is None):
        # Both are taken to be as they were, since a half could not be read for a moment.
        said = recall(forward.snapshot.previous.conditions, ConditionType.PAIR_IN_SYNC)
        if said is not None:
            return said
    return Finding(
        ConditionType.PAIR_IN_SYNC,
        ConditionStatus.FALSE,
        Reason.PARTNER_UPDATING,
        f"not in Azure as wanted: {', '.join(behind) or reverse.name}",
    )


def _badness(summary: Summary) -> tuple[int, int]:
    return 0 if summary.ready else 1, _PROGRESS.index(summary.progress)


def _combine_synced(one: ConditionStatus, other: ConditionStatus) -> ConditionStatus:
    if ConditionStatus.FALSE in (one, other):
        return ConditionStatus.FALSE
    return ConditionStatus.UNKNOWN if ConditionStatus.UNKNOWN in (one, other) else ConditionStatus.TRUE


def _of_reverse(difference: Difference) -> Difference:
    return difference.model_copy(update={"path": f"reverse.{difference.path}"[:256]})


def _live(snapshot: Snapshot) -> LiveConnection | None:
    return snapshot.live.value if isinstance(snapshot.live, Present) else None
