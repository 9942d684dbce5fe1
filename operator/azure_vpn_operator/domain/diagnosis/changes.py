"""What the last change of ours tells: the tunnel was up before it, and has not come back in the time that it was given."""

from typing import Final

from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, HalfSettings, TunnelChange
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.diagnosis.evidence import DefaultPolicy, Evidence, PolicyInForce
from azure_vpn_operator.domain.diagnosis.findings import Cause, Sureness
from azure_vpn_operator.domain.diagnosis.halves import IKEV1
from azure_vpn_operator.domain.diagnosis.policies import compare_policies

_FAILED: Final = frozenset({ChangeState.FAILED, ChangeState.ROLLING_BACK})
_MODES: Final = {
    "ResponderOnly": (Reason.BOTH_RESPONDER_ONLY, "the device waits to be called too"),
    "InitiatorOnly": (Reason.BOTH_INITIATOR_ONLY, "the device does not answer but calls too"),
}


def judge_change(evidence: Evidence) -> Cause | None:
    """The cause, if one change of one thing took the tunnel down for good. Several things at once do not tell which of them it was."""
    change = evidence.change
    if change is None or not took_it_down(evidence):
        return None
    before, after = policy_of(change.from_), policy_of(change.to)
    if change.cause is ChangeCause.KEY:
        return _cause(Reason.KEY_MISMATCH, "the device does not have the new shared key", "another shared key", change)
    things = changed_things(change, ikev1=evidence.own.protocol == IKEV1)
    if len(things) != 1:
        return None
    (thing,) = things
    if thing == "policy":
        return _policy(before, after, change, ikev1=evidence.own.protocol == IKEV1)
    if thing == "selectors":
        return _cause(Reason.SELECTOR_MISMATCH, "the device has other address ranges", "the traffic selectors", change)
    reason, summary = _MODES.get(change.to.connection_mode, (None, ""))
    if reason is None:
        return None
    return _cause(reason, summary, f"connectionMode {change.to.connection_mode}", change, ("connectionMode",))


def took_it_down(evidence: Evidence) -> bool:
    """Whether the tunnel was up before the last change, and not once since."""
    change = evidence.change
    if change is None or change.state not in _FAILED or not change.was_connected or change.in_force_since is None:
        return False
    return not came_up_since(evidence, change)


def came_up_since(evidence: Evidence, change: TunnelChange) -> bool:
    """Whether the tunnel has come up since the change left. Times of Azure are compared with times of Azure, where there are any."""
    established = evidence.last_established
    if established is None:
        return False
    before = [tunnel.last_established for tunnel in change.tunnels if tunnel.last_established is not None]
    return established.replace(microsecond=0) > max(before) if before else established >= change.start_time


def changed_things(change: TunnelChange, *, ikev1: bool) -> tuple[str, ...]:
    """Of what a tunnel can fail by, what the change has changed: `policy`, `mode`, `selectors`."""
    before, after = change.from_, change.to
    fields = policy_fields(policy_of(before), policy_of(after), ikev1=ikev1)
    found = {
        "policy": bool(fields),
        "mode": before.connection_mode != after.connection_mode,
        "selectors": _selectors(before) != _selectors(after),
    }
    return tuple(name for name, changed in found.items() if changed)


def policy_fields(before: PolicyInForce, after: PolicyInForce, *, ikev1: bool) -> tuple[str, ...]:
    """The fields of a policy that have changed and can keep a tunnel from coming up."""
    found = compare_policies(before, after)
    differences = [*found.differences, *filter(None, (found.group2, found.pfs if ikev1 else None))]
    return tuple(difference.field for difference in differences)


def policy_of(settings: HalfSettings) -> PolicyInForce:
    """The policy among the values of a change."""
    return canonical_policy(settings.ipsec_policies[0].wire()) if settings.ipsec_policies else DefaultPolicy()


def _policy(before: PolicyInForce, after: PolicyInForce, change: TunnelChange, *, ikev1: bool) -> Cause:
    fields = policy_fields(before, after, ikev1=ikev1)
    what = ", ".join(fields)
    if isinstance(after, DefaultPolicy) and fields == ("dhGroup",):
        return _cause(Reason.DEFAULT_POLICY_GROUP2, "the device does not have group 2", "the policy", change, fields)
    return _cause(Reason.POLICY_MISMATCH, f"the device does not have the new {what}", what, change, fields)


def _selectors(settings: HalfSettings) -> tuple[object, ...]:
    return settings.use_policy_based_traffic_selectors, frozenset(settings.traffic_selector_policies)


def _cause(reason: Reason, summary: str, what: str, change: TunnelChange, fields: tuple[str, ...] = ()) -> Cause:
    began = change.in_force_since or change.start_time
    evidence = (
        f"the tunnel was up until the change of {what}, which came into force at {began:%Y-%m-%d %H:%M:%S} UTC",
        "it has not come up once since, in the time that a change is given to prove itself",
    )
    return Cause(reason, Sureness.LIKELY, summary, evidence, (REASONS[reason].action,), fields)
