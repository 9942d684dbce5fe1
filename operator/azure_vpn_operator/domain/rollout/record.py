"""What the status keeps of an object's change after a pass, and whether it has to be stored before the pass writes."""

from collections.abc import Sequence

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeState, KnownGood, TunnelChange
from azure_vpn_operator.domain.passes.requests import is_retry_requested
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Put, Refuse, Settled, Step
from azure_vpn_operator.domain.passes.verdicts import Summary
from azure_vpn_operator.domain.rollout.beginning import begin


def record_after(
    halves: Sequence[tuple[Snapshot, Step, Summary]],
) -> tuple[TunnelChange | None, KnownGood | None]:
    """The change and the known good values of an object after a pass; its forward half comes first.

    A change counts as begun from before its write is sent; if Azure then refuses it, all is as before.
    """
    view = halves[0][0].change_view
    if any(summary.written or summary.foretold for _, _, summary in halves):
        begun = begin([(snapshot, step) for snapshot, step, _ in halves])
        if begun is not None:
            return begun
    return view.change or _waits_to_be_replaced(halves), view.known_good


def _waits_to_be_replaced(halves: Sequence[tuple[Snapshot, Step, Summary]]) -> TunnelChange | None:
    """The change that something else takes the place of, for as long as that has not begun: until then the undo would need it.

    What somebody else has put in its place, and is left there, ends it.
    """
    first = halves[0][0]
    if all(_leaves_it(step) for _, step, _ in halves) or is_retry_requested(
        first.metadata, first.previous.last_handled
    ):
        return None
    return first.change_view.unfinished


def _leaves_it(step: Step) -> bool:
    return isinstance(step, Settled) or (isinstance(step, Refuse) and step.reason is Reason.DRIFT_DETECTED)


def needs_record(halves: Sequence[tuple[Snapshot, Step]]) -> bool:
    """Whether the change that these steps make has to be stored before the first of them is carried out."""
    snapshot = halves[0][0]
    change, stored = snapshot.change_view.change, snapshot.previous.change
    if change is not None and change.state is ChangeState.ROLLING_BACK:
        recorded = stored is not None and stored.state is ChangeState.ROLLING_BACK
        return not recorded and any(isinstance(step, Put) for _, step in halves)
    return begin(halves) is not None
