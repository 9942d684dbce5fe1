"""Which step a snapshot leads to: every branch, and which of two causes is named.

Size: one table, so that a missing row shows.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import ManagementPolicy
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, VpnConnectionStatus
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, SharedKey, Unreadable
from azure_vpn_operator.domain.passes.snapshot import (
    Attempts,
    KeyCheck,
    KeyEntryMissing,
    KeyFound,
    KeyMalformed,
    KeyUnreadable,
    OperationKind,
    PolicyBroken,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import Put
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import (
    NOW,
    OWNER,
    PEER_ID,
    a_broken_connection,
    a_connection,
    a_failed_operation,
    a_fault,
    a_gateway,
    a_live_connection,
    a_live_vnet_connection,
    a_policy,
    a_snapshot,
    a_vnet_connection,
    an_installation,
    an_open_operation,
)
from support.cases.objects import DROP, OTHER_SUBSCRIPTION, SUBSCRIPTION
from support.checkers import run_pass


@dataclass(frozen=True)
class Case:
    """One snapshot, and the step that it leads to."""

    why: str
    snapshot: Snapshot
    step: str
    reason: str | None = None
    says: str = ""


def params(cases: list[Case]) -> list[Any]:
    assert len({case.why for case in cases}) == len(cases)
    return [pytest.param(case, id=case.why) for case in cases]


OBSERVE: dict[str, Any] = {"managementPolicy": "Observe", "finalizers": ()}
EDITED = {"routingWeight": 7}
OUTAGE = Unreadable(a_fault(FaultKind.UNAVAILABLE))
ELSEWHERE = VpnConnectionStatus(
    halves=(
        ConnectionHalf(
            role=HalfRole.FORWARD,
            id=f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/TestRG1/providers/Microsoft.Network/connections/VNet1toSite6",
        ),
    )
)
CASES = [
    # The object itself
    Case("nothing differs", a_snapshot(), "Settled", "UpToDate"),
    Case("a VNet-to-VNet half in peace", a_snapshot(a_vnet_connection()), "Settled", "UpToDate"),
    Case(
        "an invalid spec names field and rule",
        a_snapshot(a_broken_connection()),
        "Refuse",
        "InvalidSpec",
        "spec.dpdTimeoutSeconds",
    ),
    Case(
        "nobody names a subscription",
        a_snapshot(installation=an_installation(subscription_id=None)),
        "Refuse",
        "SubscriptionRequired",
        "spec.subscriptionId",
    ),
    Case(
        "the names lead to another connection than the recorded one",
        a_snapshot(previous=ELSEWHERE),
        "Refuse",
        "IdentityChanged",
        OTHER_SUBSCRIPTION,
    ),
    Case(
        "identity comes before the finalizer, the policy and everything in Azure",
        a_snapshot(a_connection(finalizers=()), previous=ELSEWHERE, policy=Absent()),
        "Refuse",
        "IdentityChanged",
    ),
    Case(
        "an observer whose names lead elsewhere is told as well",
        a_snapshot(a_connection(**OBSERVE), previous=ELSEWHERE),
        "Refuse",
        "IdentityChanged",
    ),
    Case(
        "the recorded id in another case is the same connection",
        a_snapshot(
            previous=VpnConnectionStatus(
                halves=(
                    ConnectionHalf(
                        role=HalfRole.FORWARD,
                        id=f"/SUBSCRIPTIONS/{SUBSCRIPTION}/resourcegroups/testrg1/providers/microsoft.network/CONNECTIONS/vnet1tosite6",
                    ),
                )
            )
        ),
        "Settled",
        "UpToDate",
    ),
    Case(
        "the finalizer comes before the first write",
        a_snapshot(a_connection(finalizers=()), live=Absent()),
        "AddFinalizer",
    ),
    Case(
        "others' finalizers are not ours",
        a_snapshot(a_connection(finalizers=("example.com/guard",)), live=Absent()),
        "AddFinalizer",
    ),
    # Observe
    Case(
        "an observer that sees no differences",
        a_snapshot(a_connection(**OBSERVE)),
        "Settled",
        "Observed",
        "no differences",
    ),
    Case(
        "an observer reports differences",
        a_snapshot(a_connection(**OBSERVE), live=a_live_connection(routingWeight=9)),
        "Settled",
        "Observed",
        "1 difference(s): routingWeight",
    ),
    Case(
        "an observer of nothing but a name compares nothing",
        a_snapshot(
            a_connection(
                **OBSERVE,
                virtualNetworkGateway=DROP,
                localNetworkGateway=DROP,
                ipsecPolicyRef=DROP,
                sharedKeySecretRef=DROP,
            ),
            live=a_live_connection(routingWeight=9),
        ),
        "Settled",
        "Observed",
        "no differences",
    ),
    Case(
        "an observer does not miss an owner tag, and foreign tags are no difference",
        a_snapshot(a_connection(**OBSERVE), live=a_live_connection(tags={"team": "network"})),
        "Settled",
        "Observed",
        "no differences",
    ),
    Case(
        "an observer compares the tags that it names",
        a_snapshot(a_connection(**OBSERVE, tags={"team": "core"}), live=a_live_connection(tags={"Team": "network"})),
        "Settled",
        "Observed",
        "tags[team]",
    ),
    Case(
        "an observer without its policy compares nothing rather than with the Default policy",
        a_snapshot(a_connection(**OBSERVE), policy=Absent()),
        "Settled",
        "Observed",
        "no differences",
    ),
    Case(
        "an observer of nothing waits for it",
        a_snapshot(a_connection(**OBSERVE), live=Absent()),
        "Hold",
        "NotFoundInAzure",
    ),
    Case("an observer during an outage", a_snapshot(a_connection(**OBSERVE), live=OUTAGE), "Blocked"),
    Case(
        "a former Enforce object lets go of its finalizer first",
        a_snapshot(a_connection(managementPolicy="Observe"), live=OUTAGE),
        "ReleaseFinalizer",
    ),
    Case(
        "a write that began under Enforce is not mistaken for a missing connection",
        a_snapshot(a_connection(**OBSERVE), operation=an_open_operation()),
        "Wait",
        "Updating",
    ),
    Case(
        "the cap turns Enforce into Observe and says so",
        a_snapshot(
            a_connection(finalizers=()),
            installation=an_installation(max_management_policy=ManagementPolicy.OBSERVE),
            live=a_live_connection(routingWeight=9),
        ),
        "Settled",
        "ManagementPolicyCapped",
    ),
    Case(
        "an observer sees a connection that Azure shows as Failed",
        a_snapshot(a_connection(**OBSERVE), live=a_live_connection(provisioningState="Failed")),
        "Settled",
        "Observed",
        "provisioningState",
    ),
    Case(
        "the setting makes an object without a wish an observer",
        a_snapshot(
            a_connection(finalizers=()), installation=an_installation(management_policy=ManagementPolicy.OBSERVE)
        ),
        "Settled",
        "Observed",
    ),
    # What Azure is doing already
    Case("our creation is under way", a_snapshot(operation=an_open_operation(creating=True)), "Wait", "Creating"),
    Case("our update is under way", a_snapshot(operation=an_open_operation()), "Wait", "Updating"),
    Case(
        "our tags are under way",
        a_snapshot(operation=an_open_operation(OperationKind.TAGS)),
        "Wait",
        "Updating",
        "tags",
    ),
    Case(
        "our key is under way",
        a_snapshot(operation=an_open_operation(OperationKind.SHARED_KEY)),
        "Wait",
        "SettingSharedKey",
    ),
    Case(
        "a deletion that was taken back with a new object of that name is awaited",
        a_snapshot(operation=an_open_operation(OperationKind.DELETE)),
        "Wait",
        "Deleting",
    ),
    Case(
        "an edit waits for the open operation",
        a_snapshot(a_connection(**EDITED), operation=an_open_operation()),
        "Wait",
        "Updating",
    ),
    Case(
        "half an hour is not stuck yet",
        a_snapshot(operation=an_open_operation(since=NOW - timedelta(minutes=30))),
        "Wait",
        "Updating",
    ),
    Case(
        "an operation that is open for over half an hour",
        a_snapshot(operation=an_open_operation(since=NOW - timedelta(minutes=30, seconds=1))),
        "Refuse",
        "OperationStuck",
        "30 minutes",
    ),
    Case(
        "after a restart the provisioningState says that something runs",
        a_snapshot(a_connection(**EDITED), live=a_live_connection(provisioningState="Updating", connectionStatus=DROP)),
        "Wait",
        "UpdatedElsewhere",
    ),
    Case(
        "Updating for over half an hour",
        a_snapshot(
            live=a_live_connection(provisioningState="Updating"),
            attempts=Attempts(updating_since=NOW - timedelta(minutes=31)),
        ),
        "Refuse",
        "OperationStuck",
    ),
    Case(
        "a state that no release knows counts as running",
        a_snapshot(live=a_live_connection(provisioningState="Migrating")),
        "Wait",
        "UpdatedElsewhere",
        "Migrating",
    ),
    # Failures
    Case(
        "a failed operation is retried after a moment",
        a_snapshot(a_connection(**EDITED), operation=a_failed_operation(), attempts=Attempts(failed_writes=1)),
        "Wait",
        "OperationFailed",
        "InvalidParameter: Azure's words",
    ),
    Case(
        "an operation that lost against a lock is no failure",
        a_snapshot(
            a_connection(**EDITED),
            operation=a_failed_operation(OperationKind.PUT, FaultKind.BUSY, "AnotherOperationInProgress"),
        ),
        "Blocked",
    ),
    Case(
        "the third failure refuses and names what still differs",
        a_snapshot(
            a_connection(**EDITED),
            operation=a_failed_operation(),
            attempts=Attempts(failed_writes=3, last_failure=a_fault(FaultKind.REJECTED, "InvalidParameter")),
        ),
        "Refuse",
        "OperationFailed",
        "3 times: InvalidParameter",
    ),
    Case(
        "it stays refused at later looks",
        a_snapshot(a_connection(**EDITED), attempts=Attempts(failed_writes=3)),
        "Refuse",
        "OperationFailed",
    ),
    Case(
        "a failed connection counts its tries likewise",
        a_snapshot(live=a_live_connection(provisioningState="Failed"), attempts=Attempts(failed_writes=3)),
        "Refuse",
        "OperationFailed",
    ),
    Case(
        "an operation that is said to have failed and left what is wanted is no trouble",
        a_snapshot(operation=a_failed_operation(), attempts=Attempts(failed_writes=3)),
        "Settled",
        "UpToDate",
    ),
    Case(
        "Failed in Azure is a difference",
        a_snapshot(live=a_live_connection(provisioningState="Failed")),
        "Put",
        "Updating",
    ),
    Case(
        "Canceled in Azure is a difference",
        a_snapshot(live=a_live_connection(provisioningState="Canceled")),
        "Put",
        "Updating",
    ),
    Case(
        "a key that failed three times is not sent a fourth time",
        a_snapshot(key_check=KeyCheck.DIFFERENT, key_rotated=True, attempts=Attempts(failed_writes=3)),
        "Refuse",
        "OperationFailed",
    ),
    Case(
        "tags that failed three times are not sent a fourth time",
        a_snapshot(a_connection(tags={"team": "core"}), attempts=Attempts(failed_writes=3)),
        "Refuse",
        "OperationFailed",
    ),
    Case(
        "values that Azure took three times and never showed are not sent for ever",
        a_snapshot(a_connection(tags={"team": "core"}), attempts=Attempts(fruitless_writes=3)),
        "Refuse",
        "ChangeNotKept",
        "tags[team]",
    ),
    Case(
        "two fruitless writes are not enough",
        a_snapshot(a_connection(**EDITED), attempts=Attempts(fruitless_writes=2)),
        "Put",
        "Updating",
    ),
    # Reading Azure
    Case("the connection cannot be read", a_snapshot(live=OUTAGE), "Blocked"),
    Case("the gateway does not exist", a_snapshot(gateway=Absent()), "Hold", "GatewayNotFound", "VNet1GW"),
    Case("the site does not exist", a_snapshot(local_gateway=Absent()), "Hold", "GatewayNotFound", "Site6"),
    Case(
        "the peer does not exist",
        a_snapshot(a_vnet_connection(), peer_gateway=Absent()),
        "Hold",
        "GatewayNotFound",
        "VNet2GW",
    ),
    Case("the gateway cannot be read", a_snapshot(gateway=OUTAGE), "Blocked"),
    Case("the site cannot be read", a_snapshot(local_gateway=OUTAGE), "Blocked"),
    Case("the peer cannot be read", a_snapshot(a_vnet_connection(), peer_gateway=OUTAGE), "Blocked"),
    Case(
        "a gateway that cannot have a policy refuses before any write",
        a_snapshot(gateway=a_gateway(sku="Basic"), live=Absent()),
        "Refuse",
        "GatewayUnsuitable",
        "Basic",
    ),
    Case(
        "what is created without a wish is IKEv2, which a PolicyBased gateway refuses",
        a_snapshot(
            a_connection(ipsecPolicyRef=DROP), gateway=a_gateway(vpn_type="PolicyBased", sku="Basic"), live=Absent()
        ),
        "Refuse",
        "GatewayUnsuitable",
        "ikev2-needs-route-based",
    ),
    Case(
        "IKEv1 on a PolicyBased gateway is created",
        a_snapshot(
            a_connection(ipsecPolicyRef=DROP, connectionProtocol="IKEv1"),
            gateway=a_gateway(vpn_type="PolicyBased", sku="Basic"),
            live=Absent(),
        ),
        "Put",
        "Creating",
    ),
    Case(
        "an existing IKEv1 connection is not judged by what a new one would be",
        a_snapshot(
            a_connection(ipsecPolicyRef=DROP),
            gateway=a_gateway(vpn_type="PolicyBased", sku="Basic"),
            live=a_live_connection(connectionProtocol="IKEv1", ipsecPolicies=[]),
        ),
        "Settled",
        "UpToDate",
    ),
    Case(
        "a PolicyBased peer refuses",
        a_snapshot(a_vnet_connection(), peer_gateway=a_gateway(PEER_ID, vpn_type="PolicyBased")),
        "Refuse",
        "GatewayUnsuitable",
    ),
    Case(
        "a gateway that is being changed takes no write",
        a_snapshot(a_connection(**EDITED), gateway=a_gateway(provisioning_state="Updating")),
        "Hold",
        "GatewayNotReady",
    ),
    Case(
        "a peer that is being changed takes no write either",
        a_snapshot(a_vnet_connection(**EDITED), peer_gateway=a_gateway(PEER_ID, provisioning_state="Updating")),
        "Hold",
        "GatewayNotReady",
        "VNet2GW",
    ),
    Case(
        "a gateway that is being changed is no trouble if nothing is to be written",
        a_snapshot(gateway=a_gateway(provisioning_state="Updating")),
        "Settled",
        "UpToDate",
    ),
    # The policy
    Case(
        "a missing policy holds everything and keeps Azure as it is",
        a_snapshot(a_connection(**EDITED), policy=Absent()),
        "Hold",
        "PolicyNotFound",
        "site6",
    ),
    Case("a missing policy holds the creation", a_snapshot(policy=Absent(), live=Absent()), "Hold", "PolicyNotFound"),
    Case(
        "an invalid policy refuses and quotes the rule",
        a_snapshot(policy=PolicyBroken("spec.dhGroup: must be set [required]")),
        "Refuse",
        "PolicyInvalid",
        "spec.dhGroup",
    ),
    Case(
        "the policy is named before a missing gateway",
        a_snapshot(policy=Absent(), gateway=Absent()),
        "Hold",
        "PolicyNotFound",
    ),
    Case(
        "an unreadable connection is named before a missing policy",
        a_snapshot(policy=Absent(), live=OUTAGE),
        "Blocked",
    ),
    Case(
        "an edited policy is put",
        a_snapshot(policy=a_policy(dhGroup="ECP384")),
        "Put",
        "Updating",
        "ipsecPolicies[0].dhGroup",
    ),
    Case(
        "a removed reference goes back to the Default policy",
        a_snapshot(a_connection(ipsecPolicyRef=DROP)),
        "Put",
        "Updating",
        "ipsecPolicies",
    ),
    Case(
        "a policy on a connection that has Azure's Default",
        a_snapshot(live=a_live_connection(ipsecPolicies=[])),
        "Put",
        "Updating",
        "ipsecPolicies",
    ),
    # Creation and the key
    Case("a missing connection is created", a_snapshot(live=Absent()), "Put", "Creating"),
    Case(
        "without a key reference nothing is created",
        a_snapshot(a_connection(sharedKeySecretRef=DROP), live=Absent()),
        "Refuse",
        "SharedKeyRequired",
    ),
    Case(
        "a missing Secret holds the creation",
        a_snapshot(key=Absent(), live=Absent()),
        "Hold",
        "SecretNotFound",
        "site6-key",
    ),
    Case(
        "a missing entry holds the creation and lists what there is",
        a_snapshot(key=KeyEntryMissing(("psk", "other")), live=Absent()),
        "Hold",
        "SecretKeyNotFound",
        "psk, other",
    ),
    Case(
        "an empty Secret says so",
        a_snapshot(key=KeyEntryMissing(()), live=Absent()),
        "Hold",
        "SecretKeyNotFound",
        "no entries",
    ),
    Case(
        "a malformed key refuses the creation",
        a_snapshot(key=KeyMalformed("it has a space"), live=Absent()),
        "Refuse",
        "SharedKeyInvalid",
        "it has a space",
    ),
    Case(
        "a Secret that may not be read needs a person",
        a_snapshot(key=KeyUnreadable(a_fault(FaultKind.FORBIDDEN, "Forbidden")), live=Absent()),
        "Refuse",
        "SecretUnreadable",
    ),
    Case(
        "an API server that does not answer is waited for",
        a_snapshot(key=KeyUnreadable(a_fault()), live=Absent()),
        "Hold",
        "SecretUnreadable",
    ),
    *(
        Case(f"an existing connection does not need its key: {name}", a_snapshot(key=key), "Settled", "UpToDate")
        for name, key in {
            "no Secret": Absent(),
            "no entry": KeyEntryMissing(()),
            "malformed": KeyMalformed("it is empty"),
            "unreadable": KeyUnreadable(a_fault()),
        }.items()
    ),
    Case(
        "an edit does not wait for the key of an existing connection",
        a_snapshot(a_connection(**EDITED), key=Absent()),
        "Put",
        "Updating",
    ),
    Case("an equal key is left alone", a_snapshot(key_check=KeyCheck.EQUAL), "Settled", "UpToDate"),
    Case(
        "a key that Azure does not hand out is not written blindly",
        a_snapshot(key_check=KeyCheck.UNREADABLE, key_rotated=True),
        "Settled",
        "UpToDate",
    ),
    Case(
        "a changed Secret sets the key, whatever driftPolicy says",
        a_snapshot(a_connection(driftPolicy="Report"), key_check=KeyCheck.DIFFERENT, key_rotated=True),
        "SetKey",
    ),
    Case(
        "the configuration comes before the key",
        a_snapshot(a_connection(**EDITED), key_check=KeyCheck.DIFFERENT, key_rotated=True),
        "Put",
        "Updating",
    ),
    # What cannot be changed in place
    *(
        Case(f"{field} cannot be changed in place", a_snapshot(live=live), "Refuse", "RecreateRequired", field)
        for field, live in {
            "connectionProtocol": a_live_connection(connectionProtocol="IKEv1"),
            "localNetworkGateway2": a_live_connection(localNetworkGateway2={"id": f"{PEER_ID[:-7]}Other"}),
            "virtualNetworkGateway1": a_live_connection(virtualNetworkGateway1={"id": PEER_ID}),
            "connectionType": a_live_vnet_connection(),
        }.items()
        if field != "connectionProtocol"
    ),
    Case(
        "the IKE version cannot be changed in place",
        a_snapshot(a_connection(connectionProtocol="IKEv2"), live=a_live_connection(connectionProtocol="IKEv1")),
        "Refuse",
        "RecreateRequired",
        "connectionProtocol",
    ),
    Case(
        "an absent IKE version is Azure's on a connection that exists",
        a_snapshot(live=a_live_connection(connectionProtocol="IKEv1")),
        "Settled",
        "UpToDate",
    ),
    Case(
        "what needs a new connection is said before who may adopt it",
        a_snapshot(
            a_connection(adoptionPolicy="Never"), live=a_live_connection(tags={}, localNetworkGateway2={"id": PEER_ID})
        ),
        "Refuse",
        "RecreateRequired",
    ),
    # What a write would damage
    *(
        Case(
            f"{name} would be reset by a write",
            a_snapshot(a_connection(**EDITED), live=a_live_connection(**{name: value})),
            "Refuse",
            "UnsupportedProperty",
            name,
        )
        for name, value in {
            "authenticationType": "Certificate",
            "certificateAuthentication": {"outboundAuthCertificate": "x"},
            "authorizationKey": "x",
            "expressRouteGatewayBypass": True,
            "enablePrivateLinkFastPath": True,
            "peer": {"id": "x"},
            "tunnelProperties": [{"tunnelIpAddress": "10.0.0.1"}],
        }.items()
    ),
    Case(
        "values that mean unused damage nothing",
        a_snapshot(
            live=a_live_connection(
                authenticationType="PSK",
                certificateAuthentication=None,
                expressRouteGatewayBypass=False,
                tunnelProperties=[],
            )
        ),
        "Settled",
        "UpToDate",
    ),
    Case(
        "a connection of another type is never written",
        a_snapshot(live=a_live_connection(connectionType="ExpressRoute")),
        "Refuse",
        "UnsupportedProperty",
        "ExpressRoute",
    ),
    Case(
        "two policies on one connection cannot be said here",
        a_snapshot(
            live=a_live_connection(ipsecPolicies=[a_policy().spec.wire(), a_policy(dhGroup="ECP256").spec.wire()])
        ),
        "Refuse",
        "UnsupportedProperty",
        "more than one",
    ),
    Case(
        "another's connection is named as that before anything else",
        a_snapshot(policy=Absent(), live=a_live_connection(tags={"azvpn-owner": "prod/a/b"}, authorizationKey="x")),
        "Refuse",
        "OwnedByAnother",
        "prod/a/b",
    ),
    # Tags
    Case(
        "foreign tags are no difference",
        a_snapshot(live=a_live_connection(tags={"azvpn-owner": OWNER, "x": "1"})),
        "Settled",
        "UpToDate",
    ),
    Case(
        "names of tags have no case",
        a_snapshot(
            a_connection(tags={"Team": "core"}), live=a_live_connection(tags={"AZVPN-OWNER": OWNER, "team": "core"})
        ),
        "Settled",
        "UpToDate",
    ),
    Case(
        "values of tags have",
        a_snapshot(
            a_connection(tags={"team": "Core"}), live=a_live_connection(tags={"azvpn-owner": OWNER, "team": "core"})
        ),
        "PatchTags",
        "Updating",
    ),
    Case(
        "a new tag is one PATCH", a_snapshot(a_connection(tags={"team": "core"})), "PatchTags", "Updating", "tags[team]"
    ),
    Case(
        "a tag and a value are one PUT",
        a_snapshot(a_connection(tags={"team": "core"}, **EDITED)),
        "Put",
        "Updating",
        "routingWeight, tags[team]",
    ),
]


@pytest.mark.parametrize("case", params(CASES))
def test_step(case: Case):
    step = plan(case.snapshot)
    found = (type(step).__name__, getattr(step, "reason", None))
    assert found == (case.step, case.reason), step
    assert case.says in str(step)


def test_creation_sends_the_key_along_and_an_update_never_does():
    created, updated = plan(a_snapshot(live=Absent())), plan(a_snapshot(a_connection(routingWeight=5)))
    assert isinstance(created, Put)
    assert isinstance(updated, Put)
    assert (created.with_key, updated.with_key) == (True, False)
    assert "sharedKey" not in {*created.body["properties"], *updated.body["properties"]}


def test_creation_is_put_where_the_gateway_is():
    step = plan(a_snapshot(live=Absent(), gateway=a_gateway(location="swedencentral")))
    assert isinstance(step, Put)
    assert step.body["location"] == "swedencentral"


def test_steps_and_snapshots_show_no_key():
    key = KeyFound(SharedKey("s3cretPSK"), "2")
    snapshot = a_snapshot(key=key, live=Absent())
    record = run_pass(a_snapshot(key=key, key_check=KeyCheck.DIFFERENT, key_rotated=True), a_fault())
    assert "s3cretPSK" not in repr((snapshot, plan(snapshot), record))


def test_an_operation_of_ours_is_looked_at_when_azure_says():
    assert run_pass(a_snapshot(operation=an_open_operation(retry_after=17.0))).next_look == 17.0
