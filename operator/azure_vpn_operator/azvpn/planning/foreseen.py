"""What the operator would do for one connection in Azure, and what that means to the tunnel."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.domain.azure.differences import drops_tunnel
from azure_vpn_operator.domain.azure.faults import verdict
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import (
    Blocked,
    Delete,
    Hold,
    LetGo,
    PatchTags,
    Planned,
    Put,
    Refuse,
    Reset,
    SetKey,
    Settled,
    Step,
    Wait,
)
from azure_vpn_operator.domain.passes.tunnel_health import may_be_up
from azure_vpn_operator.domain.planning.preview import describe_write, key_follows, key_waits_for_turn
from azure_vpn_operator.domain.rules.violations import Invalid


class Action(StrEnum):
    """What would be done, from the most to the least that a person should look at."""

    REFUSE = "Refuse"
    """Nothing: a person has to act first."""
    UNKNOWN = "Unknown"
    """It could not be told."""
    DELETE = "Delete"
    CREATE = "Create"
    CHANGE = "Change"
    """One PUT of the connection."""
    SET_KEY = "SetKey"
    RESET = "Reset"
    """Somebody asks for it by annotation."""
    TAG = "Tag"
    """One PATCH of the tags."""
    WAIT = "Wait"
    """Nothing yet: something is expected to come."""
    NOTHING = "Nothing"


WRITES = (Action.DELETE, Action.CREATE, Action.CHANGE, Action.SET_KEY, Action.RESET, Action.TAG)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One connection in Azure, and what would be done about it."""

    object: str
    """`<namespace>/<name>` of the VpnConnection; of an IpsecPolicy, if that breaks a rule."""
    connection: str
    """Its ARM id; empty if it cannot be told, and for a policy."""
    action: Action
    effect: DifferenceEffect
    """On a tunnel that may be up."""
    reason: str
    message: str
    differences: tuple[Difference, ...] = ()
    then_sets_key: bool = False
    """The shared key is due too, and is set once the change is in force."""


def foresee(name: str, snapshot: Snapshot, step: Step) -> Foreseen:
    """What a step comes to."""
    target = snapshot.target.connection if isinstance(snapshot.target, Target) else ""
    differences: tuple[Difference, ...] = getattr(step, "differences", ())
    action, reason, message = _told(step)
    if key_waits_for_turn(snapshot, step):
        # As with the edit of a policy: what will be in the end, and when it comes is a sentence.
        action, message = Action.SET_KEY, f"would set the shared key, and the tunnel would drop for a moment; {message}"
    then_sets_key = key_follows(snapshot, step)
    if then_sets_key:
        message = f"{message}; then would set the shared key"
    sets_key = then_sets_key or action is Action.SET_KEY
    effect = _effect(snapshot, step, differences, sets_key=sets_key)
    return Foreseen(name, str(target), action, effect, reason, message, differences, then_sets_key)


def foresee_policy(name: str, policy: IpsecPolicy | Invalid) -> Foreseen | None:
    """What is to be said of a policy itself; None if it keeps the rules."""
    if isinstance(policy, IpsecPolicy):
        return None
    text = f"the IpsecPolicy breaks a rule: {policy}"
    return Foreseen(name, "", Action.REFUSE, DifferenceEffect.NONE, Reason.POLICY_INVALID.value, text)


def _told(step: Step) -> tuple[Action, str, str]:
    match step:
        case Put(creating=True):
            return Action.CREATE, Reason.CREATING.value, describe_write(step)
        case Put(reason):
            return Action.CHANGE, reason.value, describe_write(step)
        case PatchTags(reason):
            return Action.TAG, reason.value, describe_write(step)
        case SetKey():
            return Action.SET_KEY, Reason.SETTING_SHARED_KEY.value, describe_write(step)
        case Reset():
            return Action.RESET, Reason.RESETTING.value, "would reset the connection, as azvpn.dev/reset asks"
        case Delete():
            return Action.DELETE, Reason.DELETING.value, "would delete the connection"
        case LetGo():
            return Action.TAG, Reason.RETAINED.value, "would remove the owner tag, and leave the connection"
        case Settled(reason, message):
            return Action.NOTHING, reason.value, message
        case Hold(reason, message) | Wait(reason, message) | Planned(_, reason, message):
            # What is only planned is not written before the object is enforced.
            return Action.WAIT, reason.value, message
        case Refuse(reason, message):
            return Action.REFUSE, reason.value, message
        case Blocked(fault, what):
            return Action.UNKNOWN, verdict(fault).reason.value, f"{what}: {fault}"
        case _:
            return Action.NOTHING, "", "would let the object go, and leave Azure as it is"


def _effect(snapshot: Snapshot, step: Step, differences: Sequence[Difference], *, sets_key: bool) -> DifferenceEffect:
    if any(difference.effect is DifferenceEffect.RECREATE for difference in differences):
        return DifferenceEffect.RECREATE
    up = isinstance(snapshot.live, Present) and may_be_up(snapshot, snapshot.live.value)
    drops = sets_key or isinstance(step, Reset | Delete) or drops_tunnel(tuple(differences))
    return DifferenceEffect.TUNNEL_DROP if up and drops else DifferenceEffect.NONE
