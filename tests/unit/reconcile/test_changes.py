"""Exactly one write per real change, none for what only looks like one, and nothing at all in peace."""

from collections.abc import Callable

import pytest

from support.world.core import CONNECTION, OWNER, POLICY, POLICY_SPEC, CoreHarness, arm_id, site_spec, wire_policy

Act = Callable[[CoreHarness], None]
NAT_RULE = f"{arm_id('virtualNetworkGateways', 'VNet1GW')}/natRules/one"
SELECTORS = [{"localAddressRanges": ["10.1.0.0/16", "10.2.0.0/16"], "remoteAddressRanges": ["10.9.0.0/16"]}]


def edit(**changes: object) -> Act:
    return lambda world: world.edit(CONNECTION, "site6", **changes)


def edit_policy(**changes: object) -> Act:
    return lambda world: world.edit(POLICY, "site6", **changes)


async def test_a_new_connection_is_one_put_with_key_policy_and_owner(world: CoreHarness):
    world.set_up_site(tags={"team": "network"})
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert world.live("VNet1toSite6").key == "CanaryKey4Site6"
    assert world.held()["ipsecPolicies"] == [wire_policy()]
    assert world.tags() == {"team": "network", "azvpn-owner": f"{OWNER}/site6"}
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    assert world.reasons_of_events() == ["Created", "UpToDate", "TunnelUp"]


@pytest.mark.parametrize(
    ("act", "held"),
    [
        pytest.param(
            edit_policy(saLifeTimeSeconds=3600),
            {"ipsecPolicies": [wire_policy(saLifeTimeSeconds=3600)]},
            id="a lifetime",
        ),
        pytest.param(
            edit_policy(dhGroup="DHGroup2048", pfsGroup="PFS14"),
            {"ipsecPolicies": [wire_policy(dhGroup="DHGroup14", pfsGroup="PFS2048")]},
            id="algorithms, in the spelling that all clients know",
        ),
        pytest.param(edit(ipsecPolicyRef=None), {"ipsecPolicies": []}, id="no policy any more is back to Default"),
        pytest.param(edit(dpdTimeoutSeconds=30), {"dpdTimeoutSeconds": 30}, id="DPD"),
        pytest.param(edit(connectionMode="ResponderOnly"), {"connectionMode": "ResponderOnly"}, id="mode"),
        pytest.param(edit(routingWeight=10), {"routingWeight": 10}, id="weight"),
        pytest.param(edit(useLocalAzureIpAddress=True), {"useLocalAzureIpAddress": True}, id="private address"),
        pytest.param(
            edit(usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=SELECTORS),
            {"usePolicyBasedTrafficSelectors": True, "trafficSelectorPolicies": SELECTORS},
            id="selectors",
        ),
        pytest.param(
            edit(ingressNatRules=[{"name": "one"}]), {"ingressNatRules": [{"id": NAT_RULE}]}, id="a NAT rule by name"
        ),
        pytest.param(
            edit(egressNatRules=[{"id": NAT_RULE}]), {"egressNatRules": [{"id": NAT_RULE}]}, id="a NAT rule by id"
        ),
        pytest.param(
            edit(tags={"team": "network"}, routingWeight=3), {"routingWeight": 3}, id="a tag and a field together"
        ),
    ],
)
async def test_a_change_is_one_put(site: CoreHarness, act: Act, held: dict[str, object]):
    act(site)
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert {name: site.held()[name] for name in held} == held
    assert site.ready() == ("True", "UpToDate")
    assert site.live("VNet1toSite6").key == "CanaryKey4Site6"


async def test_bgp_is_one_put(world: CoreHarness):
    world.add_gateway("VNet1GW", enable_bgp=True)
    world.set_up_site()
    await world.settle()
    world.edit(CONNECTION, "site6", enableBgp=True)
    await world.settle()
    assert world.accepted() == {"put": 2}
    assert world.held()["enableBgp"] is True


async def test_a_policy_for_a_connection_that_had_none_is_one_put(world: CoreHarness):
    world.set_up_site(ipsecPolicyRef=None)
    await world.settle()
    assert world.held()["ipsecPolicies"] == []
    world.edit(CONNECTION, "site6", ipsecPolicyRef={"name": "site6"})
    await world.settle()
    assert world.accepted() == {"put": 2}
    assert world.held()["ipsecPolicies"] == [wire_policy()]


@pytest.mark.parametrize(
    ("tags", "held"),
    [
        pytest.param({"team": "a", "new": "b"}, {"team": "a", "new": "b"}, id="a new one"),
        pytest.param({"team": "z"}, {"team": "z"}, id="another value"),
        pytest.param({}, {}, id="one less"),
    ],
)
async def test_tags_alone_are_one_patch_and_foreign_tags_stay(
    world: CoreHarness, tags: dict[str, str], held: dict[str, str]
):
    world.set_up_site(tags={"team": "a"})
    await world.settle()
    world.tags()["cost-center"] = "42"
    world.forget_journals()
    world.edit(CONNECTION, "site6", tags=tags)
    await world.settle()
    assert world.accepted() == {"patch_tags": 1}
    assert world.tags() == {**held, "cost-center": "42", "azvpn-owner": f"{OWNER}/site6"}


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda w: w.set_metadata("site6", labels={"a": "b"}), id="labels"),
        pytest.param(
            lambda w: w.set_metadata("site6", annotations={"argocd.argoproj.io/sync": "1"}), id="annotations of others"
        ),
        pytest.param(
            lambda w: w.set_metadata("site6", finalizers=["azvpn.dev/connection", "other/one"]),
            id="a finalizer of others",
        ),
        pytest.param(lambda w: w.set_metadata("site6", POLICY, labels={"a": "b"}), id="labels of the policy"),
        pytest.param(edit(azureName="vnet1TOsite6"), id="the case of the name"),
        pytest.param(edit(resourceGroup="testrg1"), id="the case of the group"),
        pytest.param(
            edit(virtualNetworkGateway={"id": str(arm_id("virtualNetworkGateways", "vnet1gw"))}),
            id="an id instead of a name",
        ),
        pytest.param(
            edit(subscriptionId="11111111-2222-3333-4444-555555555555"), id="the default written out: subscription"
        ),
        pytest.param(
            edit(connectionProtocol="IKEv2", connectionType="IPsec"), id="the default written out: protocol and type"
        ),
        pytest.param(
            edit(connectionMode="Default", routingWeight=0, dpdTimeoutSeconds=45), id="the default written out: fields"
        ),
        pytest.param(edit(enableBgp=False, trafficSelectorPolicies=[], tags={}), id="the default written out: empty"),
        pytest.param(lambda w: w.edit(POLICY, "site6", saDataSizeKilobytes=102400000), id="the policy, unchanged"),
        pytest.param(
            lambda w: w.apply(POLICY, "site6", dict(reversed(POLICY_SPEC.items()))),
            id="the order of the policy's fields",
        ),
        pytest.param(
            lambda w: (
                w.apply(POLICY, "twin", POLICY_SPEC),
                w.edit(CONNECTION, "site6", ipsecPolicyRef={"name": "twin"}),
            ),
            id="another policy of the same values",
        ),
        pytest.param(
            lambda w: w.portal_edit("VNet1toSite6", dpdTimeoutSeconds=45), id="Azure's spelling of the default DPD"
        ),
        pytest.param(
            lambda w: w.portal_edit("VNet1toSite6", virtualNetworkGateway1={"id": str(w.gateway).upper()}),
            id="Azure's spelling of an id",
        ),
        pytest.param(lambda w: w.tags().update({"added-by": "azure-policy"}), id="a foreign tag in Azure"),
    ],
)
async def test_what_means_the_same_is_no_write(site: CoreHarness, act: Act):
    act(site)
    await site.settle()
    await site.advance(700)
    assert not site.sent
    assert site.ready() == ("True", "UpToDate")


async def test_the_order_of_selectors_and_an_alias_in_azure_are_no_write(world: CoreHarness):
    world.set_up_site(usePolicyBasedTrafficSelectors=True, trafficSelectorPolicies=SELECTORS)
    world.edit(POLICY, "site6", dhGroup="DHGroup14", pfsGroup="PFS14")
    await world.settle()
    world.forget_journals()
    turned = [{**SELECTORS[0], "localAddressRanges": ["10.2.0.0/16", "10.1.0.0/16"]}]
    world.edit(CONNECTION, "site6", trafficSelectorPolicies=turned)
    world.edit(POLICY, "site6", dhGroup="DHGroup2048", pfsGroup="PFS2048")
    world.portal_edit("VNet1toSite6", ipsecPolicies=[wire_policy(dhGroup="DHGroup14", pfsGroup="PFS14")])
    await world.settle()
    assert not world.sent


@pytest.mark.slow
@pytest.mark.parametrize("tunnel", ["Connected", "NotConnected", "Connecting", "Unknown"])
async def test_hours_of_peace_write_nothing_anywhere(site: CoreHarness, tunnel: str):
    site.live("VNet1toSite6").tunnel = tunnel
    await site.settle()
    site.forget_journals()
    await site.advance(6 * 3600)
    assert not site.sent
    assert not site.cluster.writes
    assert not site.cluster.events


async def test_a_restart_in_peace_writes_nothing_anywhere(site: CoreHarness):
    for _ in range(5):
        await site.restart()
        await site.advance(400)
    assert not site.sent
    assert not site.cluster.writes
    assert not site.cluster.events


@pytest.mark.slow
async def test_reads_in_peace_stay_within_the_promised_rate(site: CoreHarness):
    await site.advance(3600)
    site.forget_journals()
    await site.advance(6 * 3600)
    verbs = [verb for verb, _ in site.calls]
    assert verbs.count("list_group") <= 6 * 3600 / 55 + 1
    assert verbs.count("get") <= 6 * 3600 / (300 * 0.9) + 1
    assert verbs.count("get_shared_key") <= 7


async def test_a_connection_of_an_unknown_gateway_and_a_missing_site_waits_for_both(world: CoreHarness):
    world.set_up_site("Later", virtualNetworkGateway={"name": "LaterGW"})
    await world.settle()
    assert world.ready() == ("False", "GatewayNotFound")
    assert world.condition("site6", "Stalled") is None
    assert world.condition("site6", "Reconciling") is None
    world.add_gateway("LaterGW")
    await world.settle()
    assert world.ready() == ("False", "GatewayNotFound")
    world.add_site("Later")
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted() == {"put": 1}


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        pytest.param({"sku": "Basic"}, "policy-needs-sku", id="Basic has no custom policy"),
        pytest.param({"vpn_type": "PolicyBased"}, "policy-needs-route-based", id="PolicyBased has no custom policy"),
        pytest.param({"gateway_type": "ExpressRoute"}, "gateway-is-vpn", id="no VPN gateway"),
    ],
)
async def test_an_unsuitable_gateway_is_refused_before_any_write(
    world: CoreHarness, facts: dict[str, object], rule: str
):
    world.add_gateway("VNet1GW", **facts)
    world.set_up_site()
    await world.settle()
    assert world.ready() == ("False", "GatewayUnsuitable")
    assert world.condition("site6", "Stalled") == ("True", "GatewayUnsuitable")
    assert rule in world.message()
    assert not world.sent
    world.add_gateway("VNet1GW")
    await world.advance(900)
    assert world.ready() == ("True", "UpToDate")


async def test_a_creation_without_a_key_is_refused(world: CoreHarness):
    world.set_up_site(sharedKeySecretRef=None)
    await world.settle()
    assert world.ready() == ("False", "SharedKeyRequired")
    assert not world.sent
    world.edit(CONNECTION, "site6", sharedKeySecretRef={"name": "keys"})
    await world.settle()
    assert world.ready() == ("True", "UpToDate")


async def test_an_object_that_resolves_to_another_connection_is_refused(site: CoreHarness):
    site.edit(CONNECTION, "site6", azureName="Another")
    await site.settle()
    assert site.ready() == ("False", "IdentityChanged")
    assert not site.sent
    site.edit(CONNECTION, "site6", azureName="VNet1toSite6")
    await site.settle()
    assert site.ready() == ("True", "UpToDate")


async def test_what_azure_cannot_change_in_place_is_refused(site: CoreHarness):
    site.edit(CONNECTION, "site6", localNetworkGateway={"name": "Site7"})
    await site.settle()
    assert site.ready() == ("False", "RecreateRequired")
    assert not site.sent


async def test_a_property_that_the_spec_cannot_say_is_never_overwritten(site: CoreHarness):
    site.portal_edit("VNet1toSite6", authenticationType="Certificate")
    site.edit(CONNECTION, "site6", routingWeight=4)
    await site.settle()
    assert site.ready() == ("False", "UnsupportedProperty")
    assert not site.sent
    assert "authenticationType" in site.message()


async def test_an_invalid_object_is_told_and_disturbs_nobody(site: CoreHarness):
    site.apply(CONNECTION, "broken", site_spec("Site7", azureName="../x", dpdTimeoutSeconds="soon"))
    await site.settle()
    assert site.ready("broken") == ("False", "InvalidSpec")
    assert not site.sent
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.settle()
    assert site.accepted() == {"put": 1}


async def test_a_policy_that_breaks_a_rule_keeps_azure_as_it_is(site: CoreHarness):
    site.edit(POLICY, "site6", ipsecEncryption="GCMAES256")
    await site.settle()
    assert site.ready("site6", POLICY) == ("False", "InvalidSpec")
    assert site.ready() == ("False", "PolicyInvalid")
    assert not site.sent
    site.edit(POLICY, "site6", ipsecIntegrity="GCMAES256")
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert site.ready("site6", POLICY) == ("True", "Valid")
