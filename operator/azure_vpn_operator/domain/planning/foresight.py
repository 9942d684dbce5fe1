"""Whether a connection will want a write, told without reading Azure: what it wants now is not what was last seen in force there.

Who will want one can stand in line before it reads anything. A wrong guess costs a place in the line, never a write: when its turn
has come the connection is read, and planned from that. What cannot be foreseen (creation, drift, keys, deletion) is found by reading.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure_vpn_operator.api.base import ObjectMeta
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.api.vpn_connection import ConnectionProtocol, VpnConnection, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.access import Denial
from azure_vpn_operator.domain.azure.bodies import build_put_body, read_put_body
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.lookups import NotRead
from azure_vpn_operator.domain.azure.target import Target, Unresolved
from azure_vpn_operator.domain.pairs.pairing import PairView, find_disagreement
from azure_vpn_operator.domain.passes.finalizers import CONNECTION_FINALIZER
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.pauses import HOLD_UNTIL
from azure_vpn_operator.domain.passes.requests import (
    is_requested,
    is_reset_requested,
    is_retry_requested,
    is_rotation_requested,
)
from azure_vpn_operator.domain.passes.snapshot import NotReferenced, PolicyFound, PolicyLookup
from azure_vpn_operator.domain.planning.drift import configuration_hash
from azure_vpn_operator.domain.rollout.settings import half_of, same, settings_in, with_settings
from azure_vpn_operator.domain.rollout.window_gate import find_closed_for
from azure_vpn_operator.domain.rollout.windows import Closed
from azure_vpn_operator.domain.rules.violations import Invalid


@dataclass(frozen=True, slots=True)
class StoredFacts:
    """One half by what the store has of it: nothing of this needs a call."""

    metadata: ObjectMeta
    subject: VpnConnection | Invalid
    """As seen from the half's side."""
    released: bool
    previous: VpnConnectionStatus
    target: Target | Unresolved | NotRead
    policy: PolicyLookup
    pair: PairView | None
    denial: Denial | None
    role: HalfRole = HalfRole.FORWARD
    owns_both: bool = False
    """The object owns both halves of its pair."""

    @property
    def half(self) -> ConnectionHalf:
        """What the last status says of this half; empty if it says nothing."""
        return next((half for half in self.previous.halves if half.role is self.role), ConnectionHalf(role=self.role))


def foresee_gateways(facts: StoredFacts, installation: Installation) -> frozenset[str]:
    """The gateways that the half will want for a write, as comparable texts; empty if none is foreseen."""
    subject, target, policy = facts.subject, facts.target, facts.policy
    if not isinstance(subject, VpnConnection) or not isinstance(target, Target):
        return frozenset()
    if not isinstance(policy, PolicyFound | NotReferenced) or not _may_write(facts, subject, installation):
        return frozenset()
    if not _was_in_force(facts.half, target) or not _has_changed(facts, subject, target, policy):
        return frozenset()
    if find_disagreement(facts.pair) is not None:
        return frozenset()
    return target.gateway_ids


def drops_the_tunnel(facts: StoredFacts, seen_tunnel_values: tuple[object, ...] | None) -> bool:
    """Whether the write that is foreseen for the half takes down a tunnel that is up, as far as is known without reading.

    `seen_tunnel_values` are those of the last read; None: then nothing can be told, and the read will.
    """
    subject, target, policy = facts.subject, facts.target, facts.policy
    connected = find_condition(facts.previous.conditions, ConditionType.CONNECTED)
    up = connected is not None and connected.status is ConditionStatus.TRUE
    if not up or seen_tunnel_values is None or not isinstance(subject, VpnConnection) or not isinstance(target, Target):
        return False
    if not isinstance(policy, PolicyFound | NotReferenced):
        return False
    spec = policy.policy.spec if isinstance(policy, PolicyFound) else None
    body = build_put_body(subject.spec, target, spec, "", {}, _protocols(facts.half, subject.spec)[0])
    return read_put_body(_assigned(facts, body, target), target).tunnel_values != seen_tunnel_values


def foresee_closed(halves: Sequence[StoredFacts], installation: Installation, now: datetime) -> Closed | None:
    """Why the change that is foreseen for a unit, and takes its tunnel down, may not begin now; None if it may.

    As long as a change of the unit is not proven or not undone, this is not decided without reading: it has to be judged meanwhile.
    """
    changes = [facts.previous.change for facts in halves]
    if any(change is not None and (change.is_open or change.state is ChangeState.ROLLING_BACK) for change in changes):
        return None
    subjects = {
        (facts.metadata.namespace, facts.metadata.name): facts.subject
        for facts in halves
        if isinstance(facts.subject, VpnConnection) and facts.metadata.deletion_timestamp is None
    }
    return find_closed_for(subjects.values(), installation, now)


def _may_write(facts: StoredFacts, subject: VpnConnection, installation: Installation) -> bool:
    metadata = facts.metadata
    stopped = (
        facts.released
        or facts.denial is not None
        or metadata.deletion_timestamp is not None
        or subject.spec.suspend
        or HOLD_UNTIL in metadata.annotations
        or CONNECTION_FINALIZER not in metadata.finalizers
    )
    # What a person asks for by annotation is answered by a look at Azure.
    handled = facts.previous.last_handled
    asked = any(check(metadata, handled) for check in (is_requested, is_rotation_requested, is_retry_requested))
    asked = asked or is_reset_requested(metadata, facts.previous)
    return not stopped and not asked and effective_policies(subject.spec, installation).may_write


def _was_in_force(half: ConnectionHalf, target: Target) -> bool:
    return half.applied_hash is not None and half.id is not None and half.id.lower() == target.connection.key


def _has_changed(
    facts: StoredFacts, subject: VpnConnection, target: Target, policy: PolicyFound | NotReferenced
) -> bool:
    """Whether the wanted configuration is another one than was in force, and not one that Azure or the tunnel has refused."""
    half = facts.half
    if target.gateway is None or target.connection_type is None:
        return False
    spec = subject.spec
    policy_spec = policy.policy.spec if isinstance(policy, PolicyFound) else None
    protocols = _protocols(half, spec)
    bodies = (build_put_body(spec, target, policy_spec, "", {}, protocol) for protocol in protocols)
    hashes = {configuration_hash(_assigned(facts, body, target), spec) for body in bodies}
    return not hashes & {half.applied_hash, half.refused_hash}


def _protocols(half: ConnectionHalf, spec: VpnConnectionSpec) -> tuple[str, ...]:
    """The IKE versions that may be wanted: a spec that names none keeps the one in Azure, which a status may not tell."""
    known = spec.connection_protocol or half.connection_protocol
    return (str(known),) if known is not None else tuple(ConnectionProtocol)


def _assigned(facts: StoredFacts, body: dict[str, Any], target: Target) -> dict[str, Any]:
    """The body with the values from before, as long as those that the object wants are known not to work."""
    change, good = facts.previous.change, facts.previous.last_known_good
    if change is None or good is None or change.state not in {ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK}:
        return body
    before = half_of(good.settings, facts.role)
    if before is None or not same(settings_in(body, target), half_of(change.to, facts.role)):
        return body
    return with_settings(body, before)
