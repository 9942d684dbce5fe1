import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.lookups import Absent, Present
from azure_vpn_operator.domain.rules.gateway import LocalGatewayFacts
from support.world.simulated_azure import GROUP, SUBSCRIPTION, SimulatedAzure, gateway_id, local_gateway_id


async def test_gateway_is_read_with_what_the_rules_ask(azure: SimulatedAzure):
    match await azure.gateways.get_gateway(gateway_id()):
        case Present(facts):
            assert facts.id == gateway_id()
            assert (facts.sku, facts.vpn_type, facts.gateway_type) == ("VpnGw2AZ", "RouteBased", "Vpn")
            assert (facts.active_active, facts.enable_bgp, facts.bgp_asn) == (True, True, 65010)
            assert (facts.location, facts.provisioning_state) == ("eastus", "Succeeded")
            assert len(facts.ip_configuration_ids) == 2
            assert facts.bgp_addresses == ("10.1.0.4", "10.1.0.5")
        case other:
            pytest.fail(str(other))


async def test_gateway_without_bgp_says_so(azure: SimulatedAzure):
    match await azure.gateways.get_gateway(gateway_id("GW2")):
        case Present(facts):
            assert (facts.active_active, facts.enable_bgp) == (False, False)
        case other:
            pytest.fail(str(other))


async def test_local_gateway_is_read_in_azures_spelling(azure: SimulatedAzure):
    asked = ArmId.build(SUBSCRIPTION, GROUP.upper(), "localNetworkGateways", "SITE6")
    assert await azure.gateways.get_local_gateway(asked) == Present(
        LocalGatewayFacts(local_gateway_id(), ("10.6.0.1",), ("10.6.0.0/16",), "203.0.113.6")
    )


async def test_address_space_of_the_network_that_a_gateway_lies_in(azure: SimulatedAzure):
    found = await azure.gateways.get_gateway(gateway_id("GW2"))
    assert isinstance(found, Present)
    network = found.value.network
    assert network is not None
    assert network.type == "virtualNetworks"
    assert await azure.gateways.get_address_space(network) == Present(("10.0.0.0/16",))


async def test_missing_gateways_are_absent(azure: SimulatedAzure):
    network = ArmId.build(SUBSCRIPTION, GROUP, "virtualNetworks", "Nobody")
    assert await azure.gateways.get_address_space(network) == Absent()
    assert await azure.gateways.get_gateway(gateway_id("Nobody")) == Absent()
    assert await azure.gateways.get_local_gateway(local_gateway_id("Nobody")) == Absent()
