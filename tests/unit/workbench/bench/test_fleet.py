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
