"""Objects, Azure's answers and snapshots for tests of the pure core: literals with keyword overrides.

`a_snapshot()` is the how-to's Site6 connection, in peace: ours, equal, connected. A snapshot that no pass could have read is refused.
"""

import copy
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState, KnownGood, TunnelBefore, TunnelChange
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.bgp_sessions import BgpFacts
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.installation import Installation, effective_policies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection, read_live_connection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, SharedKey, Unreadable
from azure_vpn_operator.domain.azure.ownership import Owner
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from azure_vpn_operator.domain.pairs.pairing import HalfFacts, PairView
from azure_vpn_operator.domain.passes.snapshot import (
    Attempts,
    Cadence,
    FailedOperation,
    KeyCheck,
    KeyFound,
    KeyLookup,
    NotReferenced,
    OpenOperation,
    OperationKind,
    PolicyFound,
    PolicyLookup,
    Snapshot,
)
from azure_vpn_operator.domain.rollout.settings import joined, settings_of
from azure_vpn_operator.domain.rules.gateway import GatewayFacts, LocalGatewayFacts
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.cases.objects import DROP, NETWORK, SUBSCRIPTION, connection, policy

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWNER = "test/network/vnet1-to-site6"
CONNECTION_ID = f"{NETWORK}/connections/VNet1toSite6"
GATEWAY_ID = f"{NETWORK}/virtualNetworkGateways/VNet1GW"
SITE_ID = f"{NETWORK}/localNetworkGateways/Site6"
PEER_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/TestRG2/providers/Microsoft.Network/virtualNetworkGateways/VNet2GW"
)
SITE6_POLICY = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 30000,
    "saDataSizeKilobytes": 102400000,
}
KEY = "AzureA1b2C3"


class ImpossibleSnapshotError(ValueError):
    """No pass reads such a snapshot, so no test may decide anything from it."""


def a_fault(kind: FaultKind = FaultKind.UNAVAILABLE, code: str = "ServiceUnavailable", **changes: Any) -> Fault:
    """Build one failed call."""
    return Fault(kind, code, **({"message": "try again"} | changes))


def a_policy(**values: Any) -> IpsecPolicy:
    """Build the how-to's policy for Site6 with some values changed."""
    found = read_policy(policy(**values))
    if isinstance(found, Invalid):
        raise ImpossibleSnapshotError(f"not a valid policy: {found.violations}")
    return found


def a_document(
    *,
    generation: int = 3,
    annotations: Mapping[str, str] | None = None,
    finalizers: tuple[str, ...] = ("azvpn.dev/connection",),
    deleting: bool = False,
    **spec: Any,
) -> dict[str, Any]:
    """Build the how-to's connection as a document; `deleting` says that someone has deleted it. `DROP` drops a field."""
    document = connection(**spec)
    document["metadata"] |= {
        "namespace": "network",
        "uid": "0f3f6c0e-0000-4000-8000-000000000001",
        "generation": generation,
        "annotations": dict(annotations or {}),
        "finalizers": list(finalizers),
    }
    if deleting:
        document["metadata"]["deletionTimestamp"] = "2026-03-01T11:59:00Z"
    return document


def a_connection(**changes: Any) -> VpnConnection:
    """Build a valid VpnConnection; the arguments are those of `a_document`."""
    found = read_connection(a_document(**changes))
    if isinstance(found, Invalid):
        raise ImpossibleSnapshotError(f"not a valid connection: {[str(violation) for violation in found.violations]}")
    return found


def a_vnet_connection(**changes: Any) -> VpnConnection:
    """Build VNet1's half of the how-to's VNet-to-VNet pair."""
    peer = {"name": "VNet2GW", "resourceGroup": "TestRG2"}
    return a_connection(**{"localNetworkGateway": DROP, "peerVirtualNetworkGateway": peer, **changes})


def a_broken_connection(**changes: Any) -> Invalid:
    """Build an object that breaks a rule, as one that is older than the rule does."""
    found = read_connection(a_document(**{"dpdTimeoutSeconds": 5, **changes}))
    if not isinstance(found, Invalid):
        raise ImpossibleSnapshotError("this connection is valid")
    return found


def a_wire_connection(**changes: Any) -> dict[str, Any]:
    """Build Azure's answer to a GET of the connection, in peace; `tags` replace all tags, other names are properties."""
    tags = changes.pop("tags", {"azvpn-owner": OWNER})
    properties = {
        "provisioningState": "Succeeded",
        "connectionType": "IPsec",
        "virtualNetworkGateway1": {"id": GATEWAY_ID},
        "localNetworkGateway2": {"id": SITE_ID},
        "connectionProtocol": "IKEv2",
        "connectionMode": "Default",
        "routingWeight": 0,
        "dpdTimeoutSeconds": 45,
        "enableBgp": False,
        "useLocalAzureIpAddress": False,
        "usePolicyBasedTrafficSelectors": False,
        "ipsecPolicies": [copy.deepcopy(SITE6_POLICY)],
        "trafficSelectorPolicies": [],
        "gatewayCustomBgpIpAddresses": [],
        "ingressNatRules": [],
        "egressNatRules": [],
        "connectionStatus": "Connected",
        **changes,
    }
    return {
        "id": CONNECTION_ID,
        "name": "VNet1toSite6",
        "type": "Microsoft.Network/connections",
        "location": "westeurope",
        "tags": tags,
        "properties": {name: value for name, value in properties.items() if value is not DROP},
    }


def a_live_connection(**changes: Any) -> LiveConnection:
    """Build the connection as Azure shows it; the arguments are those of `a_wire_connection`."""
    return read_live_connection(a_wire_connection(**changes))


def a_listed_connection(**changes: Any) -> LiveConnection:
    """Build the connection as a list of its group shows it: without the tunnels' state."""
    return replace(a_live_connection(connectionStatus=DROP, **changes), listed=True)


def a_live_vnet_connection(**changes: Any) -> LiveConnection:
    """Build VNet1's half of the pair as Azure shows it."""
    ends = {
        "connectionType": "Vnet2Vnet",
        "localNetworkGateway2": DROP,
        "virtualNetworkGateway2": {"id": PEER_ID},
    }
    return a_live_connection(**{**ends, **changes})


def a_gateway(gateway_id: str = GATEWAY_ID, **changes: Any) -> GatewayFacts:
    """Build a RouteBased gateway that can do everything but BGP."""
    facts: dict[str, Any] = {
        "id": ArmId.parse(gateway_id),
        "location": "westeurope",
        "sku": "VpnGw2AZ",
        "vpn_type": "RouteBased",
        "gateway_type": "Vpn",
        "active_active": False,
        "enable_bgp": False,
        "bgp_asn": None,
        "provisioning_state": "Succeeded",
        "ip_configuration_ids": (f"{gateway_id}/ipConfigurations/default",),
    }
    return GatewayFacts(**(facts | changes))


def a_local_gateway(gateway_id: str = SITE_ID, *bgp_addresses: str) -> LocalGatewayFacts:
    """Build a local network gateway; with an address it has BGP."""
    return LocalGatewayFacts(ArmId.parse(gateway_id), bgp_addresses)


def a_half(name: str = "vnet1-to-vnet2", **changes: Any) -> HalfFacts:
    """Build what one half of a pair wants and holds."""
    facts: dict[str, Any] = {
        "policy_hash": "aaaaaaaaaaaa",
        "policy_name": "vnet-pair",
        "key_reference": ("pair-key", "sharedKey"),
        "protocol": "IKEv2",
        "responder_only": False,
        "synced": True,
        "held_policy_hash": "aaaaaaaaaaaa",
    }
    return HalfFacts(name, **(facts | changes))


def an_open_operation(kind: OperationKind = OperationKind.PUT, **changes: Any) -> OpenOperation:
    """Build a write of ours that Azure has not finished."""
    facts: dict[str, Any] = {"creating": False, "retry_after": 10.0, "since": NOW}
    return OpenOperation(kind, **(facts | changes))


def a_failed_operation(
    kind: OperationKind = OperationKind.PUT, fault_kind: FaultKind = FaultKind.REJECTED, code: str = "InvalidParameter"
) -> FailedOperation:
    """Build an operation of ours that ended badly."""
    return FailedOperation(kind, a_fault(fault_kind, code, message="Azure's words"))


def a_change(state: ChangeState = ChangeState.CONFIRMING, **changes: Any) -> TunnelChange:
    """Build a change of the policy's group to what `a_policy` says, in force for a minute; the tunnel was up before."""
    now = settings_of(a_live_connection())
    before = settings_of(a_live_connection(ipsecPolicies=[{**SITE6_POLICY, "dhGroup": "ECP256"}]))
    facts: dict[str, Any] = {
        "cause": ChangeCause.POLICY,
        "start_time": NOW - timedelta(minutes=2),
        "from_": joined(before, None),
        "to": joined(now, None),
        "tunnels": (TunnelBefore(name=""),),
        "in_force_since": None if state is ChangeState.SENT else NOW - timedelta(minutes=1),
    }
    return TunnelChange(state=state, **(facts | changes))


def a_known_good(**changes: Any) -> KnownGood:
    """Build what was there before that change."""
    facts: dict[str, Any] = {"time": NOW - timedelta(minutes=2), "settings": a_change().from_}
    return KnownGood(**(facts | changes))


def an_installation(**changes: Any) -> Installation:
    """Build the operator's settings."""
    return Installation(**({"id": "test", "subscription_id": SUBSCRIPTION} | changes))


def a_snapshot(
    subject: VpnConnection | Invalid | None = None,
    *,
    installation: Installation | None = None,
    previous: VpnConnectionStatus | None = None,
    raw_spec: Mapping[str, Any] | None = None,
    policy: PolicyLookup | IpsecPolicy | None = None,
    key: KeyLookup | None = None,
    live: LiveConnection | Absent | Unreadable | NotRead | None = None,
    gateway: GatewayFacts | Absent | Unreadable | None = None,
    local_gateway: LocalGatewayFacts | Absent | Unreadable | None = None,
    peer_gateway: GatewayFacts | Absent | Unreadable | None = None,
    key_check: KeyCheck = KeyCheck.NOT_NEEDED,
    key_rotated: bool = False,
    operation: OpenOperation | FailedOperation | None = None,
    own: Mapping[str, Any] | None = None,
    partners: tuple[HalfFacts, ...] = (),
    attempts: Attempts | None = None,
    cadence: Cadence | None = None,
    bgp: BgpFacts | None = None,
    own_prefixes: Read[tuple[str, ...]] | None = None,
    peer_prefixes: Read[tuple[str, ...]] | None = None,
    now: datetime = NOW,
) -> Snapshot:
    """Build what one pass has read; what is not given is as it is in peace. Raises `ImpossibleSnapshotError`."""
    subject = subject if subject is not None else a_connection()
    installation = installation or an_installation()
    previous = previous or VpnConnectionStatus()
    valid = subject if isinstance(subject, VpnConnection) else None
    target = resolve_target(valid, installation) if valid is not None else NotRead()
    policies = effective_policies(valid.spec, installation) if valid is not None else None
    enforced = policies is not None and policies.may_write
    plans_writes = policies is not None and policies.plans_writes
    deleting = subject.metadata.deletion_timestamp is not None
    judged = target if isinstance(target, Target) and plans_writes and not deleting else None
    vnet = isinstance(target, Target) and target.peer_gateway is not None
    if live is None:
        live = _live_in_peace(target, operation, previous, vnet=vnet)
    snapshot = Snapshot(
        now=now,
        installation=installation,
        owner=Owner(installation.id, "network", subject.metadata.name),
        metadata=subject.metadata,
        subject=subject,
        raw_spec=raw_spec or {},
        previous=previous,
        target=target,
        policy=_policy_lookup(valid, policy),
        key=key if key is not None else _key_in_peace(valid, read=plans_writes),
        live=Present(live) if isinstance(live, LiveConnection) else live,
        gateway=_read(gateway, judged.gateway if judged else None, a_gateway),
        local_gateway=_read(local_gateway, judged.local_gateway if judged else None, a_local_gateway),
        peer_gateway=_read(peer_gateway, judged.peer_gateway if judged else None, a_gateway),
        key_check=key_check,
        key_rotated=key_rotated,
        operation=operation,
        pair=PairView(a_half(subject.metadata.name, **(own or {})), partners) if vnet else None,
        attempts=attempts or Attempts(last_read=now),
        cadence=cadence or Cadence(),
        bgp=bgp,
        own_prefixes=own_prefixes if own_prefixes is not None else NotRead(),
        peer_prefixes=peer_prefixes if peer_prefixes is not None else NotRead(),
    )
    _refuse_impossible(snapshot, enforced=enforced, plans_writes=plans_writes, deleting=deleting)
    return snapshot


def _live_in_peace(target: object, operation: object, previous: VpnConnectionStatus, *, vnet: bool) -> Any:
    if isinstance(operation, OpenOperation) or not isinstance(target, Target):
        return NotRead()
    if any(half.id and half.id.lower() != target.connection.key for half in previous.halves):
        return NotRead()
    return a_live_vnet_connection() if vnet else a_live_connection()


def _policy_lookup(valid: VpnConnection | None, given: PolicyLookup | IpsecPolicy | None) -> PolicyLookup:
    if isinstance(given, IpsecPolicy):
        return PolicyFound(given)
    if given is not None:
        return given
    return PolicyFound(a_policy()) if valid is not None and valid.spec.ipsec_policy_ref is not None else NotReferenced()


def _key_in_peace(valid: VpnConnection | None, *, read: bool) -> KeyLookup:
    if valid is None or valid.spec.shared_key_secret_ref is None:
        return NotReferenced()
    return KeyFound(SharedKey(KEY), "1") if read else NotRead()


def _read(given: Any, gateway_id: ArmId | None, build: Any) -> Read[Any] | NotRead:
    if gateway_id is None:
        if given is not None:
            raise ImpossibleSnapshotError("a gateway that is not named, or not needed, is not read")
        return NotRead()
    if isinstance(given, Absent | Unreadable):
        return given
    return Present(given if given is not None else build(str(gateway_id)))


def _refuse_impossible(snapshot: Snapshot, *, enforced: bool, plans_writes: bool, deleting: bool) -> None:
    subject, live = snapshot.subject, snapshot.live
    valid = subject if isinstance(subject, VpnConnection) else None
    problems = {
        "a connection is not read while an operation of ours is open": isinstance(snapshot.operation, OpenOperation)
        and not isinstance(live, NotRead),
        "an object that is not understood leads to no connection, unless it is being deleted": not deleting
        and not isinstance(snapshot.target, Target)
        and not isinstance(live, NotRead),
        "a policy is looked up exactly if one is named": (valid is not None and valid.spec.ipsec_policy_ref is not None)
        is isinstance(snapshot.policy, NotReferenced),
        "a Secret is looked up exactly if one is named": (
            valid is not None and valid.spec.shared_key_secret_ref is not None
        )
        is isinstance(snapshot.key, NotReferenced),
        "the Secret of an observer is not read, that of any other object is": isinstance(snapshot.key, NotRead)
        and plans_writes,
        "a key is compared only with a connection that is there": snapshot.key_check
        in {KeyCheck.EQUAL, KeyCheck.DIFFERENT}
        and not (isinstance(snapshot.key, KeyFound) and isinstance(live, Present) and live.value.settled),
        "only an enforced object has operations": snapshot.operation is not None
        and valid is not None
        and not enforced
        and isinstance(snapshot.operation, FailedOperation),
        "BGP is looked at only if the spec asks for it, and there is a connection": snapshot.bgp is not None
        and not (valid is not None and valid.spec.enable_bgp and isinstance(live, Present)),
        "raw_spec is of invalid objects": bool(snapshot.raw_spec) and valid is not None,
    }
    if found := [problem for problem, holds in problems.items() if holds]:
        raise ImpossibleSnapshotError("; ".join(found))
