"""Whether a connection that Azure already has may be written by this object."""

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import AdoptionPolicy, ConnectionType
from azure_vpn_operator.api.vpn_connection_status import Difference
from azure_vpn_operator.domain.azure.differences import field_names
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.ownership import OWNER_TAG, Ownership, find_neighbour, find_tag, judge_ownership
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Refuse


def refuse_foreign(snapshot: Snapshot, live: LiveConnection) -> Refuse | None:
    """Refuse what belongs to another owner, and what a write of ours would damage."""
    if _judge(snapshot, live) is Ownership.ANOTHERS:
        return Refuse(Reason.OWNED_BY_ANOTHER, _how_to_take_over(snapshot, live))
    if live.connection_type not in set(ConnectionType):
        return Refuse(
            Reason.UNSUPPORTED_PROPERTY, f"the connection is of type {live.connection_type}, which is not managed"
        )
    if live.inexpressible or len(live.policies) > 1:
        names = ", ".join(live.inexpressible) or "more than one ipsecPolicies entry"
        return Refuse(
            Reason.UNSUPPORTED_PROPERTY,
            f"the connection uses what a VpnConnection cannot say, and a write would reset it: {names}",
        )
    return None


def is_adoption(snapshot: Snapshot, live: LiveConnection) -> bool:
    """Whether a write would take the connection over.

    An object that once wrote here may put a lost owner tag back: that is drift, not adoption.
    """
    match _judge(snapshot, live):
        case Ownership.OURS:
            return False
        case Ownership.NOBODYS:
            return OWNER_TAG not in snapshot.half.managed_tags
        case Ownership.HANDED_OVER | Ownership.ANOTHERS:
            return True


def refuse_adoption(
    snapshot: Snapshot, adoption: AdoptionPolicy, differences: tuple[Difference, ...], live: LiveConnection
) -> Refuse | None:
    """Refuse to take over what adoptionPolicy does not allow; the annotation adopt-from overrides Never for equal ones."""
    beyond_owner = tuple(d for d in differences if d.path != f"tags[{OWNER_TAG}]")
    handed_over = _judge(snapshot, live) is Ownership.HANDED_OVER
    if adoption is AdoptionPolicy.ALWAYS:
        return None
    if adoption is AdoptionPolicy.NEVER and not handed_over:
        return Refuse(
            Reason.ADOPTION_REFUSED,
            "Azure already has this connection, and adoptionPolicy is Never: set adoptionPolicy: WhenEqual to have it taken over",
            beyond_owner,
        )
    if not beyond_owner:
        return None
    return Refuse(
        Reason.ADOPTION_REFUSED,
        f"Azure already has this connection, and it differs (adoptionPolicy {adoption}): {field_names(beyond_owner)}; "
        "make the object equal, or set adoptionPolicy: Always",
        beyond_owner,
    )


def _judge(snapshot: Snapshot, live: LiveConnection) -> Ownership:
    """Whose it is; what another namespace still looks after is not handed over by whoever would like to have it."""
    found = judge_ownership(live.tags, snapshot.owner, snapshot.metadata.annotations)
    return Ownership.ANOTHERS if found is Ownership.HANDED_OVER and snapshot.neighbour_holds else found


def _how_to_take_over(snapshot: Snapshot, live: LiveConnection) -> str:
    """Another namespace's object is not named: that it exists is its owners' affair."""
    if snapshot.neighbour_holds:
        return (
            "the connection belongs to a VpnConnection of another namespace, and only there can it be let go: "
            "by deleting that object with deletionPolicy Retain"
        )
    if find_neighbour(live.tags, snapshot.owner) is not None:
        return (
            "the connection belonged to a VpnConnection of another namespace; to take it over, set the annotation "
            f"azvpn.dev/adopt-from to the value of its tag {OWNER_TAG} in Azure"
        )
    owner = find_tag(live.tags, OWNER_TAG)
    return f"the connection belongs to {owner}; to take it over, set the annotation azvpn.dev/adopt-from: {owner}"
