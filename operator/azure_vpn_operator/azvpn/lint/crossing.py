"""What only shows when all objects are seen together: what they name and what they get in each other's way."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from azure_vpn_operator.api.kinds import IPSEC_POLICY, VPN_CONNECTION
from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.azvpn.lint.composing import Json
from azure_vpn_operator.azvpn.lint.findings import Finding, Severity
from azure_vpn_operator.azvpn.lint.judging import Manifest
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairView, both_initiate, find_disagreement
from azure_vpn_operator.domain.rules.advice import INITIATORS_ONLY
from azure_vpn_operator.domain.rules.identity import (
    GatewayIdentity,
    is_observe,
    read_azure_name,
    read_gateway,
    read_resource_group,
    read_subscription,
)
from azure_vpn_operator.domain.rules.reverse import (
    read_reverse_name,
    read_reverse_resource_group,
    read_reverse_subscription,
)
from azure_vpn_operator.domain.rules.traffic_selectors import find_overlaps

DUPLICATE: Final = "duplicate-object"
OVERLAP: Final = "selectors-overlap"
_FIELDS: Final = {
    Reason.PAIR_POLICY_MISMATCH: "spec.ipsecPolicyRef",
    Reason.PAIR_KEY_MISMATCH: "spec.sharedKeySecretRef",
    Reason.PAIR_PROTOCOL_MISMATCH: "spec.connectionProtocol",
    Reason.PAIR_BOTH_RESPONDERS: "spec.connectionMode",
    Reason.DUPLICATE_PAIR: "spec.peerVirtualNetworkGateway",
}
_Name = tuple[str, str]
"""Namespace and name."""


def judge_together(manifests: Sequence[Manifest]) -> Iterator[Finding]:
    """Yield what is wrong between objects; of broken ones only their names count."""
    connections = [one for one in manifests if one.kind == VPN_CONNECTION and one.valid]
    yield from _find_duplicates(manifests)
    yield from _find_lost_policies(manifests, connections)
    yield from _find_rivals_in_azure(connections)
    yield from _find_pairs(connections, _policy_hashes(manifests))
    yield from _find_overlaps(connections)


def _find_duplicates(manifests: Iterable[Manifest]) -> Iterator[Finding]:
    seen: dict[tuple[str, str, str], Manifest] = {}
    for one in manifests:
        if not one.name or "generateName" in one.whole["metadata"]:
            continue
        first = seen.setdefault((one.kind, one.namespace, one.name), one)
        if first is not one:
            yield _error(one, DUPLICATE, "metadata.name", f"there is another {one.title} at {_at(first)}", None)


def _find_lost_policies(manifests: Sequence[Manifest], connections: Sequence[Manifest]) -> Iterator[Finding]:
    known = {(one.namespace, one.name) for one in manifests if one.kind == IPSEC_POLICY}
    used = {
        (one.namespace, one.whole["spec"]["ipsecPolicyRef"]["name"]): one
        for one in connections
        if "ipsecPolicyRef" in one.whole["spec"]
    }
    for one in connections:
        reference = one.whole["spec"].get("ipsecPolicyRef")
        if reference is not None and (one.namespace, reference["name"]) not in known:
            message = (
                f"IpsecPolicy {one.namespace}/{reference['name']} is not among these files; it may be in the cluster"
            )
            field = "spec.ipsecPolicyRef.name"
            yield _warning(one, Reason.POLICY_NOT_FOUND, field, message, REASONS[Reason.POLICY_NOT_FOUND].action)
    # A broken connection may name any policy.
    broken = {one.namespace for one in manifests if one.kind == VPN_CONNECTION and not one.valid}
    peopled = {one.namespace for one in connections} - broken
    for one in manifests:
        if one.kind == IPSEC_POLICY and one.namespace in peopled and (one.namespace, one.name) not in used:
            message = "no VpnConnection among these files names this policy"
            yield _finding(Severity.NOTE, one, Reason.NOT_REFERENCED, "metadata.name", message, None)


def _find_rivals_in_azure(connections: Iterable[Manifest]) -> Iterator[Finding]:
    """Two objects that would write the same connection. A subscription that only the operator's setting names may be any."""
    seen: dict[tuple[str, str], list[tuple[str, Manifest]]] = defaultdict(list)
    for one in connections:
        if is_observe(one.whole["spec"]):
            continue
        for subscription, group, name, field in _owned(one):
            for other_subscription, other in seen[group, name]:
                if other_subscription and subscription and other_subscription != subscription:
                    continue
                certain = subscription == other_subscription
                message = (
                    f"{'this is' if certain else 'this may be'} the connection {name} in the resource group {group} that "
                    f"{other.title} has too ({_at(other)})"
                )
                hint = "keep one of them, or let one only watch: managementPolicy: Observe"
                severity = Severity.ERROR if certain else Severity.WARNING
                yield _finding(severity, one, Reason.OWNED_BY_ANOTHER, field, message, hint)
                break
            seen[group, name].append((subscription, one))


def _owned(one: Manifest) -> Iterator[tuple[str, str, str, str]]:
    """Subscription, resource group and name of each half that the object has in Azure, and the field that names it."""
    whole = one.whole
    field = "spec.azureName" if "azureName" in whole["spec"] else "metadata.name"
    yield read_subscription(whole), read_resource_group(whole), read_azure_name(whole), field
    if "reverse" in whole["spec"]:
        yield (
            read_reverse_subscription(whole),
            read_reverse_resource_group(whole),
            read_reverse_name(whole),
            "spec.reverse.azureName",
        )


def _policy_hashes(manifests: Iterable[Manifest]) -> dict[_Name, str]:
    return {
        (one.namespace, one.name): canonical_policy(_in_whole_numbers(one.whole["spec"])).hash
        for one in manifests
        if one.kind == IPSEC_POLICY and one.valid
    }


def _in_whole_numbers(spec: Json) -> Json:
    """JSON may say 27000.0, which is taken for 27000."""
    return {name: int(value) if isinstance(value, float) else value for name, value in spec.items()}


def _find_pairs(connections: Iterable[Manifest], policies: dict[_Name, str]) -> Iterator[Finding]:
    """Two halves of one tunnel, of one namespace as for the operator."""
    ways: dict[tuple[str, GatewayIdentity, GatewayIdentity], list[Manifest]] = defaultdict(list)
    for one in connections:
        own, peer = (
            read_gateway(one.whole, "virtualNetworkGateway"),
            read_gateway(one.whole, "peerVirtualNetworkGateway"),
        )
        if own is not None and peer is not None and "reverse" not in one.whole["spec"]:
            ways[one.namespace, own, peer].append(one)
    told = set()
    for (namespace, own, peer), there in ways.items():
        back = ways.get((namespace, peer, own), [])
        if not back or (namespace, peer, own) in told:
            continue
        told.add((namespace, own, peer))
        yield from _judge_pair(there, back, policies)


def _judge_pair(there: list[Manifest], back: list[Manifest], policies: dict[_Name, str]) -> Iterator[Finding]:
    halves = {id(one): _half(one, policies) for one in (*there, *back)}
    first, last = there[0], back[-1]
    rivals = tuple(one.name for one in there[1:] if halves[id(one)].enforced)
    view = PairView(halves[id(first)], tuple(halves[id(one)] for one in back), rivals)
    if not halves[id(first)].enforced and not any(half.enforced for half in view.partners):
        return
    verdict = find_disagreement(view)
    if verdict is not None:
        message = f"{verdict.message}; the other half is at {_at(first)}"
        yield _error(last, verdict.reason, _FIELDS[verdict.reason], message, REASONS[verdict.reason].action)
    elif both_initiate(view):
        yield _warning(last, INITIATORS_ONLY.id, INITIATORS_ONLY.field, INITIATORS_ONLY.message, None)


def _half(one: Manifest, policies: dict[_Name, str]) -> HalfFacts:
    spec = one.whole["spec"]
    policy, secret = spec.get("ipsecPolicyRef"), spec.get("sharedKeySecretRef")
    wanted = policies.get((one.namespace, policy["name"])) if policy is not None else None
    return HalfFacts(
        name=one.name,
        policy_hash=wanted,
        policy_name=policy["name"] if policy is not None else None,
        key_reference=(secret["name"], secret["key"]) if secret is not None else None,
        protocol=spec.get("connectionProtocol"),
        responder_only=spec.get("connectionMode") == "ResponderOnly",
        initiator_only=spec.get("connectionMode") == "InitiatorOnly",
        # What Azure holds is not known, and not asked here.
        synced=True,
        held_policy_hash=wanted,
        enforced=not is_observe(spec),
    )


def _find_overlaps(connections: Iterable[Manifest]) -> Iterator[Finding]:
    gateways: dict[GatewayIdentity, list[Manifest]] = defaultdict(list)
    for one in connections:
        own = read_gateway(one.whole, "virtualNetworkGateway")
        if own is not None and one.whole["spec"].get("usePolicyBasedTrafficSelectors"):
            gateways[own].append(one)
    for found in gateways.values():
        for overlap in find_overlaps([one.whole["spec"] for one in found]):
            one, other = found[overlap.later], found[overlap.earlier]
            where = "of the same object" if one is other else f"of {other.title} ({_at(other)})"
            message = (
                f"traffic between {overlap.local} and {overlap.remote} fits a selector {where} too: "
                f"{overlap.earlier_local} to {overlap.earlier_remote}"
            )
            yield _warning(one, OVERLAP, overlap.field, message, "make the ranges disjoint")


def _at(one: Manifest) -> str:
    place = one.document.place("metadata.name")
    return f"{place.file}:{place.line}"


def _error(one: Manifest, rule: str, field: str, message: str, hint: str | None) -> Finding:
    return _finding(Severity.ERROR, one, rule, field, message, hint)


def _warning(one: Manifest, rule: str, field: str, message: str, hint: str | None) -> Finding:
    return _finding(Severity.WARNING, one, rule, field, message, hint)


def _finding(severity: Severity, one: Manifest, rule: str, field: str, message: str, hint: str | None) -> Finding:
    return Finding(severity, str(rule), message, one.document.place(field), field, one.title, hint)
