"""The operator's own reasons for a tunnel that is down, from what a pass has read anyway."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.base import Condition
from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.api.tunnel_change import ChangeCause, ChangeState
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.azure.canonical import canonical_policy
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.gateway_log import GatewayLogLine
from azure_vpn_operator.domain.azure.lookups import Present, Unreadable
from azure_vpn_operator.domain.pairs.foreign_half import ForeignHalves, ListedHalf
from azure_vpn_operator.domain.passes.findings import Finding
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.tunnel_health import find_connected
from azure_vpn_operator.domain.rollout.settings import joined, settings_of
from support.builders import (
    GATEWAY_ID,
    NOW,
    PEER_ID,
    SITE6_POLICY,
    a_change,
    a_connection,
    a_fault,
    a_gateway,
    a_half,
    a_live_connection,
    a_live_vnet_connection,
    a_snapshot,
    a_vnet_connection,
)

DOWN = {"connectionStatus": "NotConnected"}
OWN, PEER = GATEWAY_ID.lower(), PEER_ID.lower()
SITE6 = canonical_policy(SITE6_POLICY)


def told(snapshot: Snapshot) -> Finding:
    """The condition; that it is in the table is checked each time."""
    found = find_connected(snapshot)
    assert (found.type, found.status) in REASONS[found.reason].conditions
    return found


def back(**values: Any) -> Present[Sequence[ListedHalf]]:
    """What leads back from the peer's gateway: as this half, but for some values."""
    return Present((ListedHalf(PEER, OWN, **({"policies": (SITE6,)} | values)),))


def half(foreign: ForeignHalves, **live: Any) -> Snapshot:
    return replace(a_snapshot(a_vnet_connection(), live=a_live_vnet_connection(**(DOWN | live))), foreign=foreign)


@pytest.mark.parametrize(
    ("snapshot", "reason", "text"),
    [
        pytest.param(half(Present(())), "PeerHalfMissing", "no connection", id="Azure was asked, and has none"),
        pytest.param(half(back(protocol="IKEv1")), "ProtocolMismatch", "different versions", id="two IKE versions"),
        pytest.param(
            half(back(mode="ResponderOnly"), connectionMode="ResponderOnly"),
            "BothResponderOnly",
            "nobody",
            id="both wait",
        ),
        pytest.param(
            half(back(mode="InitiatorOnly"), connectionMode="InitiatorOnly"),
            "BothInitiatorOnly",
            "neither",
            id="both call",
        ),
        pytest.param(
            half(back(policies=(canonical_policy({**SITE6_POLICY, "ikeIntegrity": "SHA256"}),))),
            "PolicyMismatch",
            "differ in ikeIntegrity",
            id="one field of phase 1",
        ),
        pytest.param(half(back(policies=())), "DefaultPolicyGroup2", "group is 2", id="the other half has no policy"),
        pytest.param(
            half(Unreadable(a_fault(FaultKind.FORBIDDEN, "AuthorizationFailed"))),
            "UnknownPeerSide",
            "may not read",
            id="it may not be read",
        ),
        pytest.param(half(back()), "NotConnected", "both halves agree", id="all that is known is alike"),
        pytest.param(
            half(back(policies=(canonical_policy({**SITE6_POLICY, "pfsGroup": "PFS24"}),))),
            "NotConnected",
            "both halves agree",
            id="a PFS group keeps no tunnel from coming up",
        ),
        pytest.param(
            a_snapshot(a_vnet_connection(), live=a_live_vnet_connection(**DOWN), partners=(a_half("z", synced=False),)),
            "NotConnected",
            "z, which makes the other half, is not in Azure as it wants to be",
            id="a partner that is on its way",
        ),
        pytest.param(
            a_snapshot(
                a_vnet_connection(),
                live=a_live_vnet_connection(**DOWN),
                partners=(a_half("z", policy=canonical_policy({**SITE6_POLICY, "dhGroup": "ECP384"})),),
            ),
            "PolicyMismatch",
            "z has ECP384",
            id="a partner of the namespace is named with its values",
        ),
        pytest.param(
            a_snapshot(live=a_live_connection(**DOWN)),
            "UnknownPeerSide",
            "behind Site6 has is not known",
            id="a device",
        ),
        pytest.param(
            a_snapshot(live=a_live_connection(connectionStatus="Connecting")), "Connecting", "bringing", id="on its way"
        ),
        pytest.param(
            half(back(protocol="IKEv1"), connectionStatus="Connecting"),
            "ProtocolMismatch",
            "different",
            id="on its way to nowhere",
        ),
    ],
)
def test_reason(snapshot: Snapshot, reason: str, text: str):
    found = told(snapshot)
    assert found.reason == reason
    assert text in found.message


def test_of_somebody_elses_half_no_value_is_told():
    theirs = canonical_policy({**SITE6_POLICY, "dhGroup": "ECP384", "ipsecIntegrity": "SHA1"})
    message = told(half(back(policies=(theirs,), protocol="IKEv1"))).message
    assert not {"ECP384", "SHA1", "IKEv1"} & set(message.replace(",", " ").replace(";", " ").split())


def test_a_line_of_the_gateways_log_is_quoted():
    line = GatewayLogLine(NOW, "IKEDiagnosticLog", "", "[RECEIVED] IKE_AUTH response: TS_UNACCEPTABLE")
    found = told(replace(a_snapshot(live=a_live_connection(**DOWN)), log_lines=(line,)))
    assert found.reason == "SelectorMismatch"
    assert "[RECEIVED] IKE_AUTH response: TS_UNACCEPTABLE" in found.message


def went_down(minutes_ago: int) -> VpnConnectionStatus:
    condition = Condition(
        type=ConditionType.CONNECTED.value,
        status=ConditionStatus.FALSE,
        reason=Reason.UNKNOWN_PEER_SIDE.value,
        message="",
        observed_generation=1,
        last_transition_time=NOW - timedelta(minutes=minutes_ago),
    )
    return VpnConnectionStatus(conditions=(condition,))


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [
        pytest.param(5, "GatewayUpdating", id="it went down a short while ago"),
        pytest.param(90, "UnknownPeerSide", id="it was down long before any operation of now began"),
    ],
)
def test_a_gateway_that_is_at_work(minutes: int, reason: str):
    busy = a_gateway(provisioning_state="Updating")
    snapshot = a_snapshot(previous=went_down(minutes), live=a_live_connection(**DOWN), gateway=busy)
    assert told(snapshot).reason == reason


def changed(
    after: dict[str, Any], cause: ChangeCause = ChangeCause.SPEC, state: ChangeState = ChangeState.FAILED
) -> Snapshot:
    """The tunnel was up, one change came into force, and it has not come back in its time."""
    live = a_live_connection(**DOWN, **after)
    change = a_change(
        state, cause=cause, from_=joined(settings_of(a_live_connection()), None), to=joined(settings_of(live), None)
    )
    return a_snapshot(a_connection(), previous=VpnConnectionStatus(change=change), live=live)


OTHER_GROUP = {"ipsecPolicies": [{**SITE6_POLICY, "dhGroup": "ECP256"}]}
RANGES = {
    "usePolicyBasedTrafficSelectors": True,
    "trafficSelectorPolicies": [{"localAddressRanges": ["10.1.0.0/16"], "remoteAddressRanges": ["10.6.0.0/16"]}],
}


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        pytest.param(changed(OTHER_GROUP), "PolicyMismatch", id="another group"),
        pytest.param(changed({"connectionMode": "ResponderOnly"}), "BothResponderOnly", id="Azure no longer calls"),
        pytest.param(changed(RANGES), "SelectorMismatch", id="ranges instead of any to any"),
        pytest.param(changed({}, ChangeCause.KEY), "KeyMismatch", id="another key"),
        pytest.param(
            changed({**OTHER_GROUP, **RANGES}), "UnknownPeerSide", id="two things at once: which one is not known"
        ),
        pytest.param(changed({"dpdTimeoutSeconds": 30}), "UnknownPeerSide", id="what no tunnel fails by"),
        pytest.param(
            changed(OTHER_GROUP, state=ChangeState.ROLLED_BACK),
            "UnknownPeerSide",
            id="undone, and still down: it was not that",
        ),
    ],
)
def test_a_change_that_took_the_tunnel_down(snapshot: Snapshot, reason: str):
    assert told(snapshot).reason == reason


@pytest.mark.parametrize(
    ("minutes", "reason"),
    [
        pytest.param(500, "PfsMismatchAtRekey", id="after one lifetime: 30,000 s"),
        pytest.param(300, "UnknownPeerSide", id="in the middle of one"),
        pytest.param(
            470, "UnknownPeerSide", id="a while before its end: devices may renew early, but it may be anything"
        ),
        pytest.param(900, "UnknownPeerSide", id="after the first rekey went well"),
    ],
)
def test_the_first_rekey_after_a_change_of_the_pfs_group(minutes: int, reason: str):
    up_at = NOW - timedelta(minutes=minutes + 1)
    live = a_live_connection(
        ipsecPolicies=[{**SITE6_POLICY, "pfsGroup": "PFS24"}],
        tunnelConnectionStatus=[
            {
                "tunnel": "a",
                "connectionStatus": "NotConnected",
                "lastConnectionEstablishedUtcTime": up_at.isoformat(),
            }
        ],
        **DOWN,
    )
    change = a_change(
        ChangeState.PROVISIONAL,
        start_time=up_at - timedelta(seconds=90),
        in_force_since=up_at - timedelta(seconds=20),
        from_=joined(settings_of(a_live_connection()), None),
        to=joined(settings_of(live), None),
    )
    previous = went_down(1).model_copy(update={"change": change})
    assert told(a_snapshot(previous=previous, live=live)).reason == reason
