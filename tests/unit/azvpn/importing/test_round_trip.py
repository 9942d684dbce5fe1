"""What is imported and applied changes nothing: the body that the operator would send has no difference from the connection."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_operator.api import algorithms
from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.azvpn.importing.found import Found, FoundConnection
from azure_vpn_operator.azvpn.importing.manifests import Options, make_manifests
from azure_vpn_operator.domain.azure.bodies import build_put_body, read_put_body
from azure_vpn_operator.domain.azure.differences import find_differences
from azure_vpn_operator.domain.azure.installation import Installation
from azure_vpn_operator.domain.azure.live_connection import read_live_connection
from azure_vpn_operator.domain.azure.target import Target, resolve_target
from azure_vpn_operator.domain.rules.validation import read_connection, read_policy

ROOT = "/subscriptions/11111111-1111-4111-8111-111111111111/resourceGroups/{}/providers/Microsoft.Network"
GATEWAY = f"{ROOT.format('Hub')}/virtualNetworkGateways/Gw1"


def values(enum: Any) -> st.SearchStrategy[str]:
    return st.sampled_from([item.value for item in enum])


POLICIES = st.fixed_dictionaries(
    {
        "ikeEncryption": values(algorithms.IkeEncryption),
        "ikeIntegrity": st.sampled_from(["SHA1", "SHA256", "SHA384"]),
        "dhGroup": values(algorithms.DhGroup).filter(lambda group: group != "None"),
        "ipsecEncryption": st.sampled_from(["AES128", "AES256", "DES3"]),
        "ipsecIntegrity": st.sampled_from(["SHA1", "SHA256", "MD5"]),
        "pfsGroup": values(algorithms.PfsGroup),
        "saLifeTimeSeconds": st.integers(300, 172799),
        "saDataSizeKilobytes": st.integers(1024, 2147483647),
    }
)
RANGES = st.lists(
    st.sampled_from(["10.1.0.0/16", "10.2.0.0/16", "192.168.0.0/24"]), min_size=1, max_size=3, unique=True
)
SELECTORS = st.lists(
    st.fixed_dictionaries({"localAddressRanges": RANGES, "remoteAddressRanges": RANGES}),
    max_size=1,
)


@st.composite
def documents(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Connections of a group, as a LIST shows them."""
    return [draw(document(name)) for name in draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))]


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}[A-Za-z0-9]", fullmatch=True)


@st.composite
def document(draw: st.DrawFn, name: str) -> dict[str, Any]:
    peer = draw(st.booleans())
    group = draw(st.sampled_from(["Hub", "hub", "Spokes"]))
    selectors = draw(SELECTORS)
    properties: dict[str, Any] = {
        "provisioningState": "Succeeded",
        "connectionType": "Vnet2Vnet" if peer else "IPsec",
        "virtualNetworkGateway1": {"id": GATEWAY},
        "connectionProtocol": "IKEv2",
        "connectionMode": draw(st.sampled_from(["Default", "ResponderOnly", "InitiatorOnly"])),
        "routingWeight": draw(st.integers(0, 32000)),
        "dpdTimeoutSeconds": draw(st.sampled_from([0, 9, 30, 45, 3600])),
        "enableBgp": draw(st.booleans()),
        "useLocalAzureIpAddress": draw(st.booleans()),
        "usePolicyBasedTrafficSelectors": bool(selectors),
        "ipsecPolicies": draw(st.lists(POLICIES, min_size=bool(selectors), max_size=1)),
        "trafficSelectorPolicies": selectors,
        "egressNatRules": [{"id": f"{GATEWAY}/natRules/rule1"}] if draw(st.booleans()) else [],
    }
    if peer:
        properties["virtualNetworkGateway2"] = {"id": f"{ROOT.format('Other')}/virtualNetworkGateways/Gw2"}
    else:
        properties["localNetworkGateway2"] = {"id": f"{ROOT.format(group)}/localNetworkGateways/Site.1"}
    return {
        "id": f"{ROOT.format(group)}/connections/{name}",
        "name": name,
        "location": "eastus",
        "tags": draw(st.dictionaries(st.sampled_from(["env", "Cost", "azvpn-owner"]), st.text("ab ", max_size=4))),
        "properties": properties,
    }


@given(documents())
def test_what_is_imported_has_no_difference_from_what_is_there(found: list[dict[str, Any]]):
    manifests = make_manifests(Found(tuple(FoundConnection(item["id"], item) for item in found)), Options())

    policies = {
        each["metadata"]["name"]: read_policy(each) for each in manifests.objects if each["kind"] == IpsecPolicy.KIND
    }
    connections = [each for each in manifests.objects if each["kind"] == VpnConnection.KIND]
    assert len({each["metadata"]["name"] for each in connections}) == len(connections)
    assert len(connections) + len(manifests.notes) >= len(found)
    by_name = {item["name"]: read_live_connection(item) for item in found}
    for each in connections:
        connection = read_connection(each)
        assert isinstance(connection, VpnConnection), connection
        target = resolve_target(connection, Installation(id="x"))
        assert isinstance(target, Target), target
        reference = connection.spec.ipsec_policy_ref
        policy = policies[reference.name] if reference is not None else None
        assert policy is None or isinstance(policy, IpsecPolicy), policy
        live = by_name[target.connection.name]
        body = build_put_body(
            connection.spec,
            target,
            policy.spec if policy is not None else None,
            live.location,
            {**live.tags, **connection.spec.tags},
            connection.spec.connection_protocol or "",
        )
        assert find_differences(read_put_body(body, target), live) == ()
