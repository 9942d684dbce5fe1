from collections.abc import Callable
from typing import Any

import pytest

from azure_vpn_operator.azvpn.lint.findings import Finding, Report
from support.cases.objects import (
    DROP,
    OTHER_SUBSCRIPTION,
    SUBSCRIPTION,
    connection,
    pair_connection,
    policy,
    vnet_connection,
)

Lint = Callable[..., Report]


def told(report: Report) -> list[tuple[str, str, str]]:
    return [(one.severity.value, one.rule, one.field) for one in report.findings]


def named(name: str, **changes: Any) -> dict[str, Any]:
    changes = {"azureName": f"c-{name}", "localNetworkGateway": {"name": name}, **changes}
    return connection({"name": name}, **changes)


def there(name: str = "there", **changes: Any) -> dict[str, Any]:
    return {**vnet_connection(azureName=name, **changes), "metadata": {"name": name, "namespace": "network"}}


def back(name: str = "back", **changes: Any) -> dict[str, Any]:
    gateways = {
        "resourceGroup": "TestRG2",
        "virtualNetworkGateway": {"name": "vnet2gw"},
        "peerVirtualNetworkGateway": {"name": "VNet1GW", "resourceGroup": "TestRG1"},
    }
    return there(name, **{**gateways, **changes})


SITE6 = policy()
OTHER = policy({"name": "other"}, dhGroup="ECP384")
SAME = policy({"name": "same"}, dhGroup="DHGroup24")


@pytest.mark.parametrize(
    ("objects", "expected"),
    [
        pytest.param([SITE6, named("a"), named("b")], [], id="two connections that share a policy"),
        pytest.param([there(), back(), SITE6], [], id="two halves that agree"),
        pytest.param(
            [named("a")],
            [("warning", "PolicyNotFound", "spec.ipsecPolicyRef.name")],
            id="a policy that is not among the files",
        ),
        pytest.param(
            [named("a"), policy({"namespace": "elsewhere"})],
            [("warning", "PolicyNotFound", "spec.ipsecPolicyRef.name")],
            id="a policy of another namespace is another one",
        ),
        pytest.param(
            [named("a"), policy(dhGroup="x")],
            [("error", "enum", "spec.dhGroup")],
            id="a broken policy is there all the same",
        ),
        pytest.param(
            [SITE6, OTHER, named("a")],
            [("note", "NotReferenced", "metadata.name")],
            id="a policy that nobody uses",
        ),
        pytest.param([OTHER], [], id="policies alone are used by somebody else"),
        pytest.param(
            [OTHER, named("a", dpdTimeoutSeconds=1), SITE6],
            [("error", "range", "spec.dpdTimeoutSeconds")],
            id="a broken connection may use any policy",
        ),
        pytest.param(
            [SITE6, named("a"), SITE6],
            [("error", "duplicate-object", "metadata.name")],
            id="an object twice",
        ),
        pytest.param(
            [SITE6, named("a"), named("b", azureName="C-A")],
            [("error", "OwnedByAnother", "spec.azureName")],
            id="two objects of one connection, in Azure's eyes",
        ),
        pytest.param(
            [SITE6, named("a", azureName=DROP), named("b", azureName=DROP, resourceGroup="TestRG2")],
            [],
            id="names that are the objects' own",
        ),
        pytest.param(
            [SITE6, named("a"), named("b", azureName="c-a", managementPolicy="Observe")],
            [],
            id="one of them only watches",
        ),
        pytest.param(
            [
                SITE6,
                named("a", subscriptionId=SUBSCRIPTION),
                named("b", azureName="c-a", subscriptionId=OTHER_SUBSCRIPTION),
            ],
            [],
            id="in two subscriptions",
        ),
        pytest.param(
            [SITE6, named("a", subscriptionId=SUBSCRIPTION), named("b", azureName="c-a")],
            [("warning", "OwnedByAnother", "spec.azureName")],
            id="perhaps in one subscription",
        ),
        pytest.param(
            [SITE6, named("a", azureName="VNet2toVNet1", resourceGroup="TestRG2"), pair_connection()],
            [("error", "OwnedByAnother", "spec.reverse.azureName")],
            id="the other half of an owned pair",
        ),
        pytest.param(
            [SITE6, OTHER, there(), back(ipsecPolicyRef={"name": "other"})],
            [("error", "PairPolicyMismatch", "spec.ipsecPolicyRef")],
            id="halves of two policies",
        ),
        pytest.param(
            [SITE6, SAME, there(), back(ipsecPolicyRef={"name": "same"})],
            [],
            id="two policies of the same values are one to Azure",
        ),
        pytest.param(
            [SITE6, there(), back(sharedKeySecretRef={"name": "other"})],
            [("error", "PairKeyMismatch", "spec.sharedKeySecretRef")],
            id="halves of two keys",
        ),
        pytest.param(
            [SITE6, there(), back(connectionProtocol="IKEv1")],
            [("error", "PairProtocolMismatch", "spec.connectionProtocol")],
            id="halves of two versions of IKE",
        ),
        pytest.param(
            [SITE6, there(connectionMode="ResponderOnly"), back(connectionMode="ResponderOnly")],
            [("error", "PairBothResponders", "spec.connectionMode")],
            id="halves that both wait",
        ),
        pytest.param(
            [SITE6, there(connectionMode="InitiatorOnly"), back(connectionMode="InitiatorOnly")],
            [("warning", "both-initiators", "spec.connectionMode")],
            id="halves that both call",
        ),
        pytest.param(
            [SITE6, there(), back(), back("more")],
            [("error", "DuplicatePair", "spec.peerVirtualNetworkGateway")],
            id="three halves",
        ),
        pytest.param(
            [SITE6, there(), back(foo=1, sharedKeySecretRef={"name": "other"})],
            [("error", "unknown-field", "spec.foo")],
            id="a broken half is not compared",
        ),
        pytest.param(
            [SITE6, there(managementPolicy="Observe"), back(managementPolicy="Observe", sharedKeySecretRef=DROP)],
            [],
            id="two that only watch need not agree",
        ),
        pytest.param(
            [SITE6, {**there(), "metadata": {"name": "there"}}, back(sharedKeySecretRef=DROP)],
            [("warning", "PolicyNotFound", "spec.ipsecPolicyRef.name")],
            id="halves of two namespaces are not one tunnel",
        ),
    ],
)
def test_objects_are_seen_together(lint_objects: Lint, objects: list[Any], expected: list[Any]) -> None:
    assert told(lint_objects(*objects)) == expected


def selectors(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {
        "usePolicyBasedTrafficSelectors": True,
        "trafficSelectorPolicies": [
            {"localAddressRanges": [local], "remoteAddressRanges": [remote]} for local, remote in pairs
        ],
    }


ONE = selectors(("10.1.0.0/16", "10.2.0.0/16"))


@pytest.mark.parametrize(
    ("one", "other", "fields"),
    [
        pytest.param(ONE, selectors(("10.1.0.0/16", "10.3.0.0/16")), [], id="another site"),
        pytest.param(ONE, selectors(("10.4.0.0/16", "10.2.0.0/16")), [], id="another network here"),
        pytest.param(ONE, ONE, ["spec.trafficSelectorPolicies[0]"], id="the same"),
        pytest.param(
            ONE,
            selectors(("10.9.0.0/16", "10.9.0.0/16"), ("10.0.0.0/8", "10.2.3.4/32")),
            ["spec.trafficSelectorPolicies[1]"],
            id="one within the other, either way",
        ),
        pytest.param(ONE, {**ONE, "usePolicyBasedTrafficSelectors": False}, [], id="one that is not used"),
        pytest.param(ONE, {**ONE, "virtualNetworkGateway": {"name": "VNet9GW"}}, [], id="at another gateway"),
        pytest.param(
            selectors(("fd00::/8", "fd00::/8")), selectors(("0.0.0.0/0", "0.0.0.0/0")), [], id="IPv6 and IPv4"
        ),
    ],
)
def test_traffic_selectors_that_overlap_at_one_gateway(
    lint_objects: Lint, one: dict[str, Any], other: dict[str, Any], fields: list[str]
) -> None:
    found = lint_objects(SITE6, named("a", **one), named("b", **other)).findings

    assert [finding.field for finding in found if finding.rule == "selectors-overlap"] == fields


def test_another_object_is_named_with_its_place(lint_objects: Lint) -> None:
    findings: tuple[Finding, ...] = lint_objects(SITE6, there(), back(sharedKeySecretRef={"name": "x"})).findings

    (finding,) = findings
    assert finding.object == "VpnConnection network/back"
    assert "there has site6-key/sharedKey" in finding.message
    assert finding.message.endswith("the other half is at all.yaml:4")
    assert finding.hint == "Name the same Secret and entry on both objects."
