"""What Azure is to hold, and what is said, while the last change of a connection is not confirmed, or has failed."""

from dataclasses import replace

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, HalfSettings
from azure_vpn_operator.domain.passes.snapshot import Held, PolicyFound, Snapshot
from azure_vpn_operator.domain.passes.steps import Refuse, Settled, Step, Wait
from azure_vpn_operator.domain.rollout.settings import half_of

RETRY = "azvpn.dev/rollout-retry"


def assigned_settings(snapshot: Snapshot) -> HalfSettings | None:
    """The values that Azure is to hold instead of those that the object wants: after a change that failed, those from before."""
    view = snapshot.change_view
    if not view.undoes or view.known_good is None:
        return None
    return half_of(view.known_good.settings, snapshot.role)


def under_trial(snapshot: Snapshot, step: Step) -> Step:
    """The step of a half that has nothing to write, in the light of its change; any other step as it is, but for what is said."""
    change = snapshot.change_view.change
    if change is None or change.state is ChangeState.PROVISIONAL:
        return _held_back(snapshot, step)
    if isinstance(step, Wait) and step.reason is Reason.UPDATING and change.state is ChangeState.ROLLING_BACK:
        return replace(step, reason=Reason.ROLLING_BACK)
    if not isinstance(step, Settled):
        return step
    view = snapshot.change_view
    match change.state:
        case ChangeState.SENT | ChangeState.CONFIRMING:
            look_in = view.look_in if view.look_in is not None else snapshot.cadence.recent
            reason = Reason.GATEWAY_EVENT if view.gateway_event else Reason.CONFIRMING
            return Wait(reason, _confirming(snapshot), look_in, step.differences, applied_hash=step.applied_hash)
        case ChangeState.ROLLING_BACK | ChangeState.PROVISIONAL:
            return step
        case ChangeState.ROLLED_BACK:
            text = (
                "the tunnel did not come back with what the object says, so Azure holds the values from before: have the other "
                f"side changed, then set the annotation {RETRY}, or change the values"
            )
            return Refuse(Reason.ROLLED_BACK, text, step.differences, applied_hash=step.applied_hash)
        case ChangeState.FAILED:
            return Refuse(
                Reason.CHANGE_FAILED, why_failed(change.cause), step.differences, applied_hash=step.applied_hash
            )


def _held_back(snapshot: Snapshot, step: Step) -> Step:
    """A connection that holds older values of its policy for now is in peace, and says why it does."""
    found = snapshot.policy
    if not isinstance(step, Settled) or not isinstance(found, PolicyFound) or found.assignment.held is None:
        return step
    reason, message = why_held(found.assignment.held, found.policy.metadata.name)
    return replace(step, reason=reason, message=message)


def why_held(held: Held, policy: str) -> tuple[Reason, str]:
    """What is said of a connection that holds older values of its policy."""
    match held:
        case Held.WAITS:
            return (
                Reason.WAITING_FOR_ROLLOUT,
                (
                    f"IpsecPolicy {policy} has new values, which reach its connections in waves: this one holds those from before "
                    "until its turn"
                ),
            )
        case Held.STOPPED:
            return (
                Reason.ROLLOUT_STOPPED,
                (
                    f"the rollout of IpsecPolicy {policy} has stopped, since a tunnel did not come back with its new values: this "
                    "connection holds those from before"
                ),
            )


def _confirming(snapshot: Snapshot) -> str:
    if snapshot.change_view.gateway_event:
        return "other connections of the gateway went down as well: the change gets its whole time once they are back"
    return "the change is in force in Azure; waiting for proof that the tunnel works with it"


def why_failed(cause: ChangeCause) -> str:
    """What is said of a change that failed and stays in Azure."""
    if cause is ChangeCause.KEY:
        return (
            "the tunnel did not come back with the new shared key: set the same key on the other side, or put the old one into "
            "the Secret"
        )
    return (
        "the tunnel did not come back with the change, and confirm.onFailure is Pause: have the other side changed, or put the "
        "values back"
    )
