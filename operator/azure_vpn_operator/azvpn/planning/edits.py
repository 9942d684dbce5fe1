"""How the new values of an edited policy would reach the connections that use it."""

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, RolloutStrategy
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.rollout.revisions import find_current, wave_terms
from azure_vpn_operator.domain.rollout.waves import most_unavailable
from azure_vpn_operator.reconcile.records import PolicyRecord


def tell_edit(record: PolicyRecord, units: int) -> str | None:
    """One sentence about an edit; None if the policy is not edited. `units`: connections that use it, a pair counted as one."""
    policy, revisions = record.subject, record.status.revisions
    if not isinstance(policy, IpsecPolicy) or not units:
        return None
    current = find_current(revisions)
    if current is None or current.hash == canonical_policy(policy.spec).hash:
        return None
    name = f"IpsecPolicy {policy.metadata.namespace}/{policy.metadata.name}"
    terms = wave_terms(policy, revisions)
    if terms.paused:
        return f"{name}: spec.rollout.paused is true, so its new values reach none of its {units} connections"
    if units == 1:
        return f"{name}: its new values reach the one connection that uses it"
    if terms.strategy is RolloutStrategy.ALL_AT_ONCE:
        return f"{name}: its new values reach all of its {units} connections at once (AllAtOnce)"
    most = most_unavailable(terms.max_unavailable, units)
    new_group = current.values.pfs_group != canonical_policy(policy.spec).pfs_group
    rekey = "; the first has to survive a rekey, since the PFS group changes" if terms.rekey_proof and new_group else ""
    return f"{name}: its new values reach one of its {units} connections first, then at most {most} at a time{rekey}"
