"""Bad and hostile specs: refused by the API server in words that help, or, if they got in before, by the operator."""

import json
import re
from collections.abc import AsyncIterator

import pytest

from support.world.rules import drop_rules, restore_rules
from support.world.tenant import Document, Tenant, condition
from workbench.rest import ApiError, call
from workbench.stack import ROOT

ZEROES = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        pytest.param(
            "IpsecPolicy",
            {"ipsecEncryption": "GCMAES256", "ipsecIntegrity": "SHA256"},
            ["spec.ipsecIntegrity", "[ipsec-gcm-pair]"],
            id="GCM encryption needs the same GCM integrity",
        ),
        pytest.param("IpsecPolicy", {"dhGroup": "DHGroup42"}, ["dhGroup", "DHGroup24"], id="unknown enum value"),
        pytest.param("IpsecPolicy", {"pfsGroup": None}, ["pfsGroup", "Required value"], id="a partial policy"),
        pytest.param("IpsecPolicy", {"saLifeTimeSeconds": 299}, ["saLifeTimeSeconds", "300"], id="too short a life"),
        pytest.param("IpsecPolicy", {"saLifeTimeSeconds": "long"}, ["saLifeTimeSeconds", "integer"], id="a wrong type"),
        pytest.param("VpnConnection", {"azureName": "a/../b"}, ["azureName", "azure-name"], id="a path in a name"),
        pytest.param("VpnConnection", {"azureName": ".."}, ["azureName", "azure-name"], id="dots as a name"),
        pytest.param("VpnConnection", {"azureName": "a%2Fb"}, ["azureName", "azure-name"], id="a percent sign"),
        pytest.param("VpnConnection", {"azureName": "a?b#c"}, ["azureName", "azure-name"], id="a query in a name"),
        pytest.param("VpnConnection", {"resourceGroup": "a/b"}, ["resourceGroup"], id="a path in a group"),
        pytest.param("VpnConnection", {"resourceGroup": ".."}, ["resourceGroup"], id="dots as a group"),
        pytest.param(
            "VpnConnection", {"subscriptionId": "demo"}, ["subscriptionId", "UUID"], id="not a subscription id"
        ),
        pytest.param(
            "VpnConnection",
            {"virtualNetworkGateway": {"id": f"/subscriptions/{ZEROES}/resourceGroups/../x"}},
            ["virtualNetworkGateway"],
            id="a crooked ARM id",
        ),
        pytest.param(
            "VpnConnection",
            {"peerVirtualNetworkGateway": {"name": "gw-b"}},
            ["peerVirtualNetworkGateway", "localNetworkGateway"],
            id="two other ends",
        ),
        pytest.param("VpnConnection", {"dpdTimeoutSeconds": 8}, ["dpdTimeoutSeconds", "9"], id="DPD below its range"),
        pytest.param(
            "VpnConnection",
            {"trafficSelectorPolicies": [{"localAddressRanges": ["10.0.0.0/33"], "remoteAddressRanges": ["::/0"]}]},
            ["localAddressRanges"],
            id="a range that is no CIDR",
        ),
        pytest.param("VpnConnection", {"tags": {f"t{n}": "x" for n in range(41)}}, ["tags", "40"], id="41 tags"),
        pytest.param("VpnConnection", {"tags": {"team": 5}}, ["tags", "string"], id="a tag that is a number"),
        pytest.param(
            "VpnConnection",
            {
                "trafficSelectorPolicies": [
                    {"localAddressRanges": ["10.0.0.0/8"], "remoteAddressRanges": ["10.0.0.0/8"]} for _ in range(10000)
                ]
            },
            ["trafficSelectorPolicies", "100"],
            id="10,000 list items",
        ),
        pytest.param(
            "VpnConnection",
            {"ingressNatRules": [{"name": f"r{n}"} for n in range(10000)]},
            ["ingressNatRules", "100"],
            id="10,000 NAT rules",
        ),
    ],
)
async def test_kubectl_prints_a_refusal_that_names_the_field(
    tenant: Tenant, kind: str, change: Document, words: list[str]
):
    document = tenant.connection() if kind == "VpnConnection" else tenant.policy()
    document["spec"] = {name: value for name, value in {**document["spec"], **change}.items() if value is not None}

    refused = await tenant.kubectl("create", "-f", "-", stdin=json.dumps(document))

    assert refused.code == 1
    assert "is invalid" in refused.err
    for word in words:
        assert word in refused.err, refused.err
    assert len(refused.err) < 4000, "a person has to read it"
    with pytest.raises(ApiError):
        await tenant.get(document["metadata"]["name"], kind)


async def test_our_own_rules_are_told_with_their_id_and_what_to_do(tenant: Tenant):
    document = tenant.policy(ipsecEncryption="GCMAES256", ipsecIntegrity="SHA256")
    refused = await tenant.kubectl("create", "-f", "-", stdin=json.dumps(document))
    assert re.search(r"ipsecIntegrity.*GCM.*\[[a-z0-9-]+\]", refused.err), refused.err

    await tenant.apply(tenant.connection(suspend=True))
    moved = await tenant.kubectl("patch", "vpnconn", "c1", "--type=merge", "-p", '{"spec":{"azureName":"other"}}')
    assert moved.code == 1
    assert re.search(r"azureName.*\[[a-z0-9-]+\]", moved.err), moved.err


async def test_an_unknown_field_is_refused_by_kubectl(tenant: Tenant):
    document = tenant.policy()
    document["spec"]["lifetime"] = 5
    refused = await tenant.kubectl("create", "-f", "-", stdin=json.dumps(document))
    assert refused.code == 1
    assert 'unknown field "spec.lifetime"' in refused.err


async def test_deep_and_huge_documents_are_refused_and_nobody_suffers(tenant: Tenant):
    whole = json.dumps({**tenant.connection(), "spec": {"tags": "NESTED"}})
    deep = whole.replace('"NESTED"', "[" * 50_000 + "]" * 50_000)
    huge = whole.replace('"NESTED"', json.dumps({"a": "x" * 3_500_000}))
    for text in (deep, huge):
        path = f"/apis/azvpn.dev/v1alpha1/namespaces/{tenant.namespace}/vpnconnections"
        refused = await tenant.kubectl("create", "--raw", path, "-f", "-", stdin=text)
        assert refused.code == 1
        assert "Error from server" in refused.err

    await tenant.apply(tenant.connection())
    await tenant.until_ready()


@pytest.fixture
async def without_rules(tenant: Tenant) -> AsyncIterator[None]:
    """As if objects had been made before there were any rules; put back at the end at the latest."""
    await drop_rules(tenant)
    yield
    await restore_rules(tenant)


OLD_SPECS: dict[str, Document] = {
    "path": {"azureName": "a/../../b"},
    "percent": {"resourceGroup": "a%2f.."},
    "types": {"dpdTimeoutSeconds": "often", "tags": [1, 2]},
    "many": {"ingressNatRules": [{"name": f"r{n}"} for n in range(10000)]},
    "enums": {"connectionMode": "Sometimes", "managementPolicy": "enforce"},
    "both": {"peerVirtualNetworkGateway": {"name": "gw-b"}},
    "deep": {"trafficSelectorPolicies": [[[[[[]]]]]]},
}


MISSHAPEN: Document = {"virtualNetworkGateway": ["gw"], "localNetworkGateway": 5}
"""Values that the rules cannot even look at: then the API server takes no status either, and only an Event tells."""


@pytest.mark.usefixtures("without_rules")
async def test_objects_older_than_a_rule_are_stalled_and_others_are_not_affected(tenant: Tenant):
    for name, change in OLD_SPECS.items():
        old = tenant.connection(name)
        await tenant.create({**old, "spec": {**old["spec"], **change}})
    old = tenant.connection("misshapen")
    await tenant.create({**old, "spec": {**old["spec"], **MISSHAPEN}})
    weak = tenant.policy("old")
    await tenant.create({**weak, "spec": {**weak["spec"], "ipsecEncryption": "GCMAES256", "dhGroup": 14}})
    await tenant.create({**tenant.policy("misshapen"), "spec": {}})
    await tenant.stack.plane.apply(ROOT / "crds")

    await tenant.apply(tenant.connection("healthy"), tenant.connection("user", ipsecPolicyRef={"name": "old"}, site=2))
    await tenant.until_ready("healthy")
    for name in OLD_SPECS:
        stalled = await tenant.until_reason("InvalidSpec", name)
        assert condition(stalled, "Stalled")["reason"] == "InvalidSpec"
        assert len(condition(stalled, "Stalled")["message"]) < 33000
    assert condition(await tenant.until_reason("InvalidSpec", "old", "IpsecPolicy"), "Stalled")

    async def is_told() -> bool:
        found = [event for event in await tenant.events("misshapen") if event["reason"] == "InvalidSpec"]
        return "VpnConnection" in {event["regarding"]["kind"] for event in found}

    await tenant.eventually(is_told, what="the Event about the misshapen connection")
    refused = await tenant.until_reason("PolicyInvalid", "user")
    assert condition(refused, "Stalled")

    assert await tenant.writes() == [("PUT", "healthy")]
    everything = await tenant.control("GET", "/journal?since=0")
    assert not [entry for entry in everything["entries"] if ".." in entry["path"] or "%" in entry["path"]]

    for name in (*OLD_SPECS, "misshapen"):
        await tenant.delete(name)
    for name in (*OLD_SPECS, "misshapen"):
        await tenant.until_gone(name)
    await call(tenant.cluster, "GET", "/readyz")
