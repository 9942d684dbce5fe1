import pytest

from workbench.bench.fleet import Fleet


def test_every_connection_of_the_fleet_exists_in_azure_with_our_tag_and_the_values_of_its_object():
    fleet = Fleet(connections=7, gateways=3)
    groups = {group["name"]: group for group in fleet.topology("demo")["subscriptions"][0]["resourceGroups"]}
    connections = [item for item in fleet.objects() if item["kind"] == "VpnConnection"]
    policies = {item["metadata"]["name"]: item["spec"] for item in fleet.objects() if item["kind"] == "IpsecPolicy"}

    assert len(connections) == len(policies) == 7
    for document in connections:
        name, spec = document["metadata"]["name"], document["spec"]
        [live] = [item for item in groups[spec["resourceGroup"]]["connections"] if item["name"] == name]
        assert live["tags"] == {"azvpn-owner": f"demo/bench/{name}"}
        assert live["localNetworkGateway"] == spec["localNetworkGateway"]["name"]
        assert live["properties"]["ipsecPolicies"] == [policies[spec["ipsecPolicyRef"]["name"]]]
        assert live["properties"]["routingWeight"] == spec["routingWeight"]


def test_all_but_the_first_connection_of_a_shared_fleet_have_one_policy():
    fleet = Fleet(connections=5, gateways=2, shared=True)
    connections = [item for item in fleet.objects() if item["kind"] == "VpnConnection"]
    policies = [item for item in (*fleet.shared_objects(), *fleet.objects()) if item["kind"] == "IpsecPolicy"]

    assert [item["spec"]["ipsecPolicyRef"]["name"] for item in connections] == ["c00000", *["shared"] * 4]
    assert [item["metadata"]["name"] for item in policies] == ["shared", "c00000"]


@pytest.mark.parametrize(
    ("connections", "gateways", "most"),
    [
        pytest.param(250, 25, 10, id="evenly"),
        pytest.param(7, 3, 3, id="one has one more"),
        pytest.param(2, 2, 1, id="one"),
    ],
)
def test_the_fullest_gateway(connections: int, gateways: int, most: int):
    fleet = Fleet(connections, gateways)
    groups = [fleet.group(number) for number in range(connections)]
    assert fleet.operations_on_fullest_gateway == most == max(groups.count(group) for group in groups)
