"""The other half of a tunnel that no VpnConnection of the namespace makes: compared with ours, reported, and never written.

It belongs to somebody else, so what is said of it names fields of ours and nothing of its own: no value, name or owner. And
whatever it holds, ours is planned as if it were not there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.azure.canonical import ArmId, CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairVerdict

_RESPONDER = "ResponderOnly"
_THEIRS = "the other half of this tunnel, which no VpnConnection of this namespace makes"


@dataclass(frozen=True, slots=True)
class ListedHalf:
    """What the list of a gateway shows of a VNet-to-VNet connection. Keys of gateways, for comparisons."""

    gateway: str
    peer_gateway: str
    protocol: str = "IKEv2"
    mode: str = "Default"
    policies: tuple[CanonicalPolicy, ...] | None = ()
    """None if they are in a form that we do not know."""
    provisioning_state: str = "Succeeded"


ForeignHalves = Read[Sequence[ListedHalf]] | NotRead
"""The connections in Azure that lead back to us; NotRead if there is a partner in the namespace, or no need to know."""


def read_listed_half(document: Mapping[str, Any]) -> ListedHalf | None:
    """Read an item of the list of a gateway's connections; None if it leads from no gateway to another one."""
    properties = document.get("properties")
    if not isinstance(properties, Mapping):
        return None
    gateway, peer = (_gateway_key(properties.get(f"virtualNetworkGateway{number}")) for number in (1, 2))
    if gateway is None or peer is None:
        return None
    return ListedHalf(
        gateway,
        peer,
        protocol=str(properties.get("connectionProtocol") or "IKEv2"),
        mode=str(properties.get("connectionMode") or "Default"),
        policies=_policies(properties.get("ipsecPolicies") or ()),
        provisioning_state=str(properties.get("provisioningState") or "Succeeded"),
    )


def judge_foreign(own: HalfFacts, found: ForeignHalves) -> PairVerdict | None:
    """Compare our half with what leads back; None if there was no look."""
    match found:
        case NotRead():
            return None
        case Unreadable(fault):
            return _unreadable(fault)
        case Absent() | Present(()):
            return PairVerdict(
                agreed=False,
                reason=Reason.PARTNER_MISSING,
                message="the other half is missing: no connection in Azure leads back from the peer's gateway",
            )
        case Present((half,)):
            return _compare(own, half)
        case Present():
            return PairVerdict(
                agreed=False,
                reason=Reason.DUPLICATE_PAIR,
                message="more than one connection in Azure leads back from the peer's gateway",
            )


def _unreadable(fault: Fault) -> PairVerdict:
    if fault.kind is FaultKind.FORBIDDEN:
        text = "the operator may not read the connections of the peer's gateway"
    else:
        text = f"the connections of the peer's gateway could not be read ({fault.kind})"
    return PairVerdict(agreed=None, reason=Reason.PARTNER_UNREADABLE, message=f"{text}, so the halves are not compared")


def _compare(own: HalfFacts, half: ListedHalf) -> PairVerdict:
    if half.policies is None or len(half.policies) > 1:
        text = f"{_THEIRS}, has ipsecPolicies of a form that cannot be compared"
        return PairVerdict(agreed=None, reason=Reason.PARTNER_UNREADABLE, message=text)
    policy = half.policies[0].hash if half.policies else None
    if own.policy_hash is None and own.policy_name is not None:
        text = "this half has no valid policy yet, so the halves are not compared"
        return PairVerdict(agreed=None, reason=Reason.PARTNER_NOT_MANAGED, message=text)
    differing = [
        name
        for name, differs in (
            ("ipsecPolicies", policy != own.policy_hash),
            ("connectionProtocol", half.protocol != own.protocol_beside()),
            ("connectionMode (both are ResponderOnly)", half.mode == _RESPONDER and own.responder_only),
        )
        if differs
    ]
    if differing:
        text = f"{_THEIRS}, differs in {', '.join(differing)}"
        return PairVerdict(agreed=False, reason=Reason.FOREIGN_HALF_DIFFERS, message=text)
    if not own.synced:
        return PairVerdict(
            agreed=False,
            reason=Reason.PARTNER_UPDATING,
            message=f"{_THEIRS}, holds what this half wants; this half is not in Azure yet",
        )
    return PairVerdict(agreed=True, reason=Reason.IN_SYNC, message=f"{_THEIRS}, holds the same")


def _gateway_key(reference: object) -> str | None:
    identifier = reference.get("id") if isinstance(reference, Mapping) else None
    found = ArmId.find(identifier) if isinstance(identifier, str) else None
    return found.key if found is not None else None


def _policies(items: object) -> tuple[CanonicalPolicy, ...] | None:
    if not isinstance(items, Sequence) or isinstance(items, str):
        return None
    try:
        return tuple(canonical_policy(item) for item in items)
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
