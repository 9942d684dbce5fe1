"""What users see of the CRDs beside verdicts: tables, names, selectors, defaults, and room in the status."""

import asyncio
import copy
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from azure_vpn_operator.api.base import Advice, Condition, LastHandled
from azure_vpn_operator.api.vpn_connection_status import (
    AssignedPolicy,
    BgpPeer,
    BgpState,
    ConnectionHalf,
    ConnectionSummary,
    Difference,
    Tunnel,
    VpnConnectionStatus,
)
from azure_vpn_operator.domain.rules.validation import read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.cases.objects import NETWORK, SUBSCRIPTION, Document, connection, pair_connection, policy
from support.world.api_server import ApiServer, open_api_server
from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, call

_CRDS = Path(__file__).parents[2] / "crds"
_SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"
_MOMENT = "2026-11-23T10:00:00Z"


@pytest.fixture
def server(control_plane: ControlPlane, azvpn_crds: None) -> Iterator[ApiServer]:
    with open_api_server(control_plane, f"served-{uuid.uuid4().hex[:8]}") as opened:
        yield opened


def _condition(kind: str, status: str = "True", reason: str = "UpToDate") -> Document:
    return {"type": kind, "status": status, "reason": reason, "message": "m", "lastTransitionTime": _MOMENT}


def _print(server: ApiServer, plural: str, **query: str) -> tuple[list[tuple[str, int]], list[list[Any]]]:
    table = server.print_table(plural, query)
    return [(column["name"], column["priority"]) for column in table["columnDefinitions"]], [
        row["cells"] for row in table["rows"]
    ]


def test_table_of_connections_tells_state_and_cause(server: ApiServer):
    summary = {
        "tunnel": "1/1",
        "peer": "Site6",
        "gateway": "VNet1GW",
        "policy": "site6",
        "reason": "UpToDate",
        "message": "all well",
    }
    conditions = [
        _condition("Ready"),
        _condition("Connected"),
        _condition("Synced"),
        _condition("PairInSync", "False", "PairKeyMismatch"),
    ]
    server.create(connection(), {"observedGeneration": 1, "summary": summary, "conditions": conditions})

    columns, rows = _print(server, "vpnconnections")

    assert columns == [
        ("Name", 0),
        ("Ready", 0),
        ("Tunnel", 0),
        ("Since", 0),
        ("Peer", 0),
        ("Policy", 0),
        ("Reason", 0),
        ("Age", 0),
        ("Gateway", 1),
        ("Synced", 1),
        ("Pair", 1),
        ("Message", 1),
    ]
    cells = dict(zip([name for name, _ in columns], rows[0], strict=True))
    assert cells.pop("Since") not in {"", "<unknown>", "<invalid>"}
    del cells["Age"]
    assert cells == {
        "Name": "vnet1-to-site6",
        "Ready": "True",
        "Tunnel": "1/1",
        "Peer": "Site6",
        "Policy": "site6",
        "Reason": "UpToDate",
        "Gateway": "VNet1GW",
        "Synced": "True",
        "Pair": "False",
        "Message": "all well",
    }


def test_table_of_policies_tells_algorithms_and_use(server: ApiServer):
    status = {"conditions": [_condition("Ready")], "connections": 3, "updatedConnections": 2, "strength": "Weak"}
    server.create(policy(), status)

    columns, rows = _print(server, "ipsecpolicies")

    assert [name for name, priority in columns if not priority] == [
        "Name",
        "Ready",
        "RolledOut",
        "IKE",
        "IPsec",
        "PFS",
        "Connections",
        "Updated",
        "Age",
    ]
    cells = dict(zip([name for name, _ in columns], rows[0], strict=True))
    assert (cells["IKE"], cells["IPsec"], cells["PFS"], cells["Connections"], cells["Updated"]) == (
        "AES256",
        "AES256",
        "None",
        3,
        2,
    )


def test_connections_are_found_by_their_policy(server: ApiServer):
    server.create(connection({"name": "one"}))
    server.create(connection({"name": "two"}, ipsecPolicyRef={"name": "other"}))
    server.create(connection({"name": "three"}, ipsecPolicyRef=None))

    _, rows = _print(server, "vpnconnections", fieldSelector="spec.ipsecPolicyRef.name=site6")

    assert [row[0] for row in rows] == ["one"]


def test_kinds_have_short_names_and_a_category(server: ApiServer):
    kinds = {kind["name"]: kind for kind in server.discover()}

    assert kinds["ipsecpolicies"]["shortNames"] == ["ipsecpol"]
    assert kinds["vpnconnections"]["shortNames"] == ["vpnconn"]
    assert kinds["ipsecpolicies"]["categories"] == kinds["vpnconnections"]["categories"] == ["azvpn"]
    assert {"ipsecpolicies/status", "vpnconnections/status"} <= kinds.keys()
    assert kinds["ipsecpolicies"]["namespaced"]


def test_new_object_says_that_nobody_has_looked_at_it(server: ApiServer):
    assert server.create(connection())["status"] == {"observedGeneration": -1}
    assert server.create(policy())["status"] == {"observedGeneration": -1}


def test_only_published_defaults_are_stored(server: ApiServer):
    stored = server.create(policy(saLifeTimeSeconds=None, saDataSizeKilobytes=None))["spec"]

    assert (stored["saLifeTimeSeconds"], stored["saDataSizeKilobytes"]) == (27000, 102400000)
    sent = connection()["spec"]
    assert server.create(connection())["spec"] == {
        **sent,
        "sharedKeySecretRef": {"name": "site6-key", "key": "sharedKey"},
    }


def test_spec_and_status_are_written_apart(server: ApiServer):
    stored = server.create({**policy(), "status": {"observedGeneration": 7, "strength": "CNSA"}})

    assert stored["status"] == {"observedGeneration": -1}
    changed = server.create(policy({"name": "other"}), {"observedGeneration": 1, "strength": "Good"})
    assert changed["status"] == {"observedGeneration": 1, "strength": "Good"}
    assert changed["metadata"]["generation"] == 1


def test_fullest_status_that_the_models_allow_is_stored(server: ApiServer):
    half = {
        "id": "i" * 480,
        "provisioning_state": "s" * 64,
        "connection_status": "s" * 64,
        "tunnels": tuple(Tunnel(name="n" * 512, status="s" * 64, last_established=_MOMENT) for _ in range(16)),
        "bgp": BgpState(peers=tuple(BgpPeer(address="a" * 64, asn=4294967295, state="s" * 64) for _ in range(16))),
    }
    condition = {"status": "Unknown", "reason": "R" * 1024, "message": "m" * 32768, "observed_generation": 1}
    difference = Difference(path="p" * 256, want="w" * 1024, have="h" * 1024, effect="Recreate")
    status = VpnConnectionStatus(
        observed_generation=1,
        conditions=tuple(
            Condition(type=f"T{number}", last_transition_time=_MOMENT, **condition) for number in range(16)
        ),
        summary=ConnectionSummary(
            tunnel="1" * 32, peer="p" * 80, gateway="g" * 80, policy="p" * 253, reason="r" * 1024, message="m" * 32768
        ),
        policy=AssignedPolicy(name="n" * 253, hash="0" * 64, source="Custom"),
        halves=(ConnectionHalf(role="Forward", **half), ConnectionHalf(role="Reverse", **half)),
        differences=(difference,) * 64,
        warnings=(Advice(id="i" * 64, field="f" * 256, message="m" * 1024),) * 16,
        last_handled=LastHandled(reconcile_at="t" * 1024),
    ).wire()
    stored = server.create(connection())

    assert server.try_status(stored, status).refusal is None
    assert server.create(connection({"name": "full"}), status)["status"] == status


def test_status_with_one_condition_type_twice_is_refused(server: ApiServer):
    stored = server.create(connection())

    assert "Duplicate value" in str(
        server.try_status(stored, {"conditions": [_condition("Ready"), _condition("Ready")]}).refusal
    )


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
def test_largest_object_that_the_schema_allows_is_within_the_servers_budget(server: ApiServer):
    gateway = f"{NETWORK.replace('TestRG1', 'g' * 90)}/virtualNetworkGateways/{'v' * 80}"
    ranges = ["1234:1234:1234:1234:1234:1234:1234:1234/128"] * 100
    largest = connection(
        azureName="a" * 80,
        resourceGroup="g" * 90,
        subscriptionId=SUBSCRIPTION,
        virtualNetworkGateway={"id": gateway},
        localNetworkGateway={"id": gateway.replace("virtualNetworkGateways", "localNetworkGateways")},
        ipsecPolicyRef={"name": "p" * 63},
        sharedKeySecretRef={"name": "s" * 253, "key": "k" * 253},
        trafficSelectorPolicies=[{"localAddressRanges": ranges, "remoteAddressRanges": ranges}] * 100,
        enableBgp=True,
        gatewayCustomBgpIpAddresses=[
            {
                "ipConfigurationId": f"{gateway}/ipConfigurations/{'c' * 80}",
                "customBgpIpAddress": "1234:1234:1234:1234:1234:1234:1234:1234",
            }
        ]
        * 16,
        ingressNatRules=[{"id": f"{gateway}/natRules/{'n' * 80}"}] * 100,
        egressNatRules=[{"id": f"{gateway}/natRules/{'n' * 80}"}] * 100,
        tags={f"{number:02}{'t' * 510}": "v" * 256 for number in range(40)},
    )
    status = {"halves": [{"role": "Forward", "id": f"{gateway.rpartition('/')[0]}/{'c' * 80}"}]}

    stored = server.create(largest, status)

    assert server.try_update(stored, {**largest, "spec": {**largest["spec"], "suspend": True}}).refusal is None


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
def test_largest_owned_pair_that_the_schema_allows_is_within_the_servers_budget(server: ApiServer):
    gateway = f"{NETWORK.replace('TestRG1', 'g' * 90)}/virtualNetworkGateways/{'v' * 80}"
    per_half = {
        "connectionMode": "InitiatorOnly",
        "gatewayCustomBgpIpAddresses": [
            {
                "ipConfigurationId": f"{gateway}/ipConfigurations/{'c' * 80}",
                "customBgpIpAddress": "1234:1234:1234:1234:1234:1234:1234:1234",
            }
        ]
        * 16,
        "ingressNatRules": [{"id": f"{gateway}/natRules/{'n' * 80}"}] * 100,
        "egressNatRules": [{"id": f"{gateway}/natRules/{'n' * 80}"}] * 100,
        "tags": {f"{number:02}{'t' * 510}": "v" * 256 for number in range(40)},
    }
    largest = pair_connection(
        {"azureName": "b" * 80, "resourceGroup": "g" * 90, "subscriptionId": SUBSCRIPTION, **per_half},
        azureName="a" * 80,
        resourceGroup="g" * 90,
        subscriptionId=SUBSCRIPTION,
        virtualNetworkGateway={"id": gateway},
        peerVirtualNetworkGateway={"id": f"{gateway[:-1]}w"},
        enableBgp=True,
        **per_half,
    )
    halves = [{"role": role, "id": f"{NETWORK}/connections/{'c' * 80}"} for role in ("Forward", "Reverse")]

    stored = server.create(largest, {"halves": halves})

    assert server.try_update(stored, {**largest, "spec": {**largest["spec"], "suspend": True}}).refusal is None


@pytest.mark.parametrize("sample", ["default-policy", "site-to-site", "vnet-to-vnet"])
def test_samples_are_taken(server: ApiServer, sample: str):
    documents = [
        found for path in sorted((_SAMPLES / sample).glob("*.yaml")) for found in yaml.safe_load_all(path.read_text())
    ]
    ours = [document for document in documents if document["kind"] in {"IpsecPolicy", "VpnConnection"}]

    assert ours
    for document in ours:
        assert server.try_create(document).refusal is None


async def test_object_that_is_older_than_a_rule_can_still_be_changed(own_control_plane: ControlPlane):
    """The server tolerates what is invalid and unchanged: only the operator's second door tells."""
    crd = yaml.safe_load((_CRDS / "azvpn.dev_ipsecpolicies.yaml").read_text())
    relaxed = copy.deepcopy(crd)
    spec = relaxed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del spec["properties"]["saDataSizeKilobytes"]["x-kubernetes-validations"]
    await own_control_plane.apply_objects(relaxed)
    await own_control_plane.create_namespace("network")
    old = policy(saDataSizeKilobytes=5)
    await own_control_plane.apply_objects(old)
    await own_control_plane.apply_objects(crd)
    await _wait_until_refused(own_control_plane, policy({"name": "new"}, saDataSizeKilobytes=5))

    (changed,) = await own_control_plane.apply_objects(policy(saDataSizeKilobytes=5, saLifeTimeSeconds=3600))

    assert changed["spec"]["saLifeTimeSeconds"] == 3600
    read = read_policy(changed)
    assert isinstance(read, Invalid)
    assert [found.rule for found in read.violations] == ["sa-data-size"]


async def _wait_until_refused(plane: ControlPlane, document: Document) -> None:
    """Wait for the server to take up the changed CRD, which it does a moment after it has stored it."""
    async with plane.client() as client:
        for _ in range(100):
            try:
                path = "/apis/azvpn.dev/v1alpha1/namespaces/network/ipsecpolicies"
                await call(client, "POST", path, body=document, query={"dryRun": "All"})
            except ApiError as refusal:
                if "[sa-data-size]" not in refusal.message:
                    raise
                return
            await asyncio.sleep(0.1)
    pytest.fail("the server did not take up the changed CRD")
