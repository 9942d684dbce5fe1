"""Which values of its policy a connection is assigned: those of the spec once it may move, those from before until then."""

from collections.abc import Callable, Sequence

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy, PolicyRevision, RevisionState
from azure_vpn_operator.api.tunnel_change import PolicyValues
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.passes.snapshot import Assignment, Held, PolicyFound
from azure_vpn_operator.domain.rollout.holder import PolicyHolder
from azure_vpn_operator.domain.rollout.revisions import (
    assigned_values,
    find_revision,
    wants_rekey_proof,
    with_values,
)


def assign(
    policy: IpsecPolicy,
    revisions: Sequence[PolicyRevision],
    unit: Sequence[PolicyHolder],
    own: PolicyHolder | None,
    *,
    granted: bool,
    recall: Callable[[str], PolicyValues | None],
) -> PolicyFound:
    """The policy as an object is to hold it now.

    `unit`: the objects of its tunnel, which move together; `own` is the object itself. `granted`: the rollout lets the unit move.
    `recall`: as for `assigned_values`. Who has begun goes on, unless it was put back or waits for a change window. What has failed and
    is tried again has to be left first: to its connection the same values would be the failure that it knows.
    """
    name, wanted = policy.metadata.name, canonical_policy(policy.spec).hash
    target = find_revision(revisions, wanted)
    failed = target is not None and target.state is RevisionState.FAILED
    again = target is not None and any(holder.holds_failure_before(target) for holder in unit)
    put_back = (failed or again) and any(holder.is_put_back for holder in unit)
    begun = not put_back and any(holder.held_hash(name) == wanted and not holder.waits_for_window for holder in unit)
    held = None
    if own is not None:
        held = own.good_hash if put_back else own.held_hash(name)
    values = assigned_values(
        policy,
        revisions,
        held,
        may_move=(granted and not failed and not put_back) or begun,
        stays=put_back,
        recall=recall,
    )
    assignment = Assignment(
        held=None if values is None else Held.STOPPED if failed else Held.WAITS,
        undecided=values is not None and target is None,
        rekey_proof=wants_rekey_proof(policy, revisions),
    )
    return PolicyFound(policy if values is None else with_values(policy, values), assignment)
