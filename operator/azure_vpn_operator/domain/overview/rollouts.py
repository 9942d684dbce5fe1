"""How far the values of each policy have come, and where each link stands while they are on their way."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision, RevisionState
from azure_vpn_operator.api.tunnel_change import ChangeState
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.overview.model import Attention, Member, Phase, Policy, Standing
from azure_vpn_operator.domain.overview.seen import SeenConnection, SeenPolicy
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.rollout.revisions import find_revision, wave_terms
from azure_vpn_operator.domain.rollout.standing import combine_members, member_of
from azure_vpn_operator.domain.rollout.waves import Standing as Stands
from azure_vpn_operator.domain.rollout.waves import Wave, plan_wave

Unit = Sequence[SeenConnection]

_STANDINGS: Final = {
    Stands.DONE: Standing.DONE,
    Stands.PROVISIONAL: Standing.PROVISIONAL,
    Stands.MOVING: Standing.MOVING,
    Stands.BEHIND: Standing.BEHIND,
    Stands.FAILED: Standing.FAILED,
    Stands.SKIPPED: Standing.SKIPPED,
}
_ATTENTION: Final = {
    Phase.AT_REST: Attention.WELL,
    Phase.PROVISIONAL: Attention.WELL,
    Phase.PAUSED: Attention.WAITING,
    Phase.FAILED: Attention.PROBLEM,
    Phase.INVALID: Attention.PROBLEM,
}


def units_by_policy(units: Iterable[Unit]) -> Mapping[tuple[str, str], Sequence[Unit]]:
    """The tunnels that use each policy, by namespace and name of the policy."""
    found: dict[tuple[str, str], list[Unit]] = {}
    for unit in units:
        for name in {seen.holder.policy for seen in unit} - {None}:
            found.setdefault((unit[0].metadata.namespace, str(name)), []).append(unit)
    return found


def draw_policy(seen: SeenPolicy, users: Sequence[Unit]) -> Policy:
    """The policy, with all that use it."""
    subject, status = seen.subject, seen.status
    target = _target(subject, status.revisions) if isinstance(subject, IpsecPolicy) else None
    said = find_condition(status.conditions, ConditionType.ROLLED_OUT)
    ready = find_condition(status.conditions, ConditionType.READY)
    wave, members = None, tuple[Member, ...]()
    if isinstance(subject, IpsecPolicy) and target is not None and target.state is not RevisionState.CURRENT:
        wave, members = _plan(subject, target, status.revisions, users)
    phase = _phase(subject, target, wave, said)
    word = (
        ready
        if said is None or (ready is not None and ready.status is ConditionStatus.FALSE and phase is not Phase.FAILED)
        else said
    )
    return Policy(
        id=f"{seen.metadata.namespace}/{seen.metadata.name}",
        namespace=seen.metadata.namespace,
        name=seen.metadata.name,
        phase=phase,
        attention=_ATTENTION.get(phase, Attention.CHANGING),
        values=_values(subject) if isinstance(subject, IpsecPolicy) else "",
        strength=status.strength,
        reason=word.reason if word is not None else "",
        message=word.message if word is not None else "",
        since=target.since if target is not None else None,
        connections=status.connections,
        updated=status.updated_connections,
        size=wave.size if wave is not None else 0,
        members=members,
    )


def _target(policy: IpsecPolicy, revisions: Sequence[PolicyRevision]) -> PolicyRevision | None:
    return find_revision(revisions, canonical_policy(policy.spec).hash)


def _plan(
    policy: IpsecPolicy, target: PolicyRevision, revisions: Sequence[PolicyRevision], users: Sequence[Unit]
) -> tuple[Wave, tuple[Member, ...]]:
    """The wave as the statuses have it, and where each link stands. Names of links and of objects are the same: one namespace."""
    members = [
        combine_members(unit[0].metadata.name, [member_of(seen.holder, target) for seen in unit]) for unit in users
    ]
    wave = plan_wave(members, wave_terms(policy, revisions))
    put_back = {unit[0].metadata.name for unit in users if any(_is_put_back(seen) for seen in unit)}
    # What has failed reaches nobody any more, also when the connection that failed has been put back.
    next_ones = set(wave.next) if target.state is RevisionState.TARGET else set()
    namespace = policy.metadata.namespace
    found = []
    for member in members:
        standing = _STANDINGS[member.standing]
        if member.standing is Stands.BEHIND and member.name in next_ones:
            standing = Standing.NEXT
        if member.name in put_back and member.standing in {Stands.BEHIND, Stands.FAILED}:
            standing = Standing.UNDONE
        found.append(Member(link=f"{namespace}/{member.name}", standing=standing))
    return wave, tuple(sorted(found, key=lambda member: member.link))


def _is_put_back(seen: SeenConnection) -> bool:
    """Whether the values from before are in Azure again after a change, or on their way there."""
    change = seen.status.change
    return change is not None and change.state in {ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK}


def _phase(subject: object, target: PolicyRevision | None, wave: Wave | None, said: Condition | None) -> Phase:
    if not isinstance(subject, IpsecPolicy):
        return Phase.INVALID
    if target is not None and target.state is RevisionState.FAILED:
        return Phase.FAILED
    if wave is not None:
        if subject.spec.rollout is not None and subject.spec.rollout.paused:
            return Phase.PAUSED
        if wave.waits_for_rekey:
            return Phase.REKEY
        # All may hold the values already: it is over when the operator has said so, and then the policy's history says the same.
        return Phase.CANARY if wave.size == 1 and not wave.done and wave.behind else Phase.WAVE
    provisional = said is not None and said.reason == "Provisional"
    return Phase.PROVISIONAL if provisional else Phase.AT_REST


def _values(policy: IpsecPolicy) -> str:
    spec = policy.spec
    return (
        f"IKE {spec.ike_encryption} {spec.ike_integrity} {spec.dh_group} · "
        f"IPsec {spec.ipsec_encryption} {spec.ipsec_integrity} · PFS {spec.pfs_group}"
    )
