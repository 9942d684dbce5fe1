"""The fakes that the passes are tested with say what the simulator and a real API server say: the same cases on both."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.cluster.digest_keeper import DigestKeeper
from azure_vpn_operator.cluster.event_recorder import EventRecorder
from azure_vpn_operator.cluster.objects import ClusterObjects
from azure_vpn_operator.cluster.secret_reader import ClusterSecrets
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.domain.azure.bgp_sessions import BgpSession
from azure_vpn_operator.domain.azure.canonical import ArmId, canonical_policy
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.ike_sas import IkeSa
from azure_vpn_operator.domain.azure.lookups import Absent, Present, SharedKey
from azure_vpn_operator.domain.keys.digest import DIGEST_KEY_BYTES, DigestKey
from azure_vpn_operator.domain.pairs.foreign_half import ListedHalf
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.rules.gateway import LocalGatewayFacts
from azure_vpn_operator.ports import (
    Accepted,
    AnyVersion,
    BgpAnswer,
    ConnectionsPort,
    DigestKeysPort,
    EventsPort,
    GatewaysPort,
    GatewayUse,
    ObjectsPort,
    OperationStatus,
    Pending,
    SecretsPort,
    StatusWrite,
    Written,
)
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.fakes.azure import FakeAzure
from support.fakes.clock import FakeClock
from support.fakes.cluster import FakeCluster
from support.world.listing import list_all
from support.world.operator_access import operator_kubeconfig
from support.world.simulated_azure import (
    GROUP,
    KEY,
    SUBSCRIPTION,
    body,
    connection_id,
    gateway_id,
    local_gateway_id,
    simulated_azure,
)
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call


@dataclass
class Azure:
    """Azure as the cases see it: the ports, and a way to let time pass."""

    connections: ConnectionsPort
    gateways: GatewaysPort
    pass_time: Callable[[float], Awaitable[None]]

    async def settle(self) -> None:
        await self.pass_time(120)

    async def create(self, name: str = "c1", **properties: Any) -> None:
        assert isinstance(await self.connections.put(connection_id(name), body(**properties)), Accepted)
        await self.settle()


@pytest.fixture(params=["fake", "simulator"])
async def azure(request: pytest.FixtureRequest, simulator_state: Path) -> AsyncIterator[Azure]:
    if request.param == "fake":
        clock = FakeClock()
        fake = FakeAzure(clock)
        fake.add_gateway(
            gateway_id("GW1"),
            active_active=True,
            enable_bgp=True,
            bgp_asn=65010,
            bgp_addresses=("10.1.0.4", "10.1.0.5"),
            public_addresses=("198.18.0.1", "198.18.0.2"),
        )
        fake.add_gateway(gateway_id("GW2"), network=network_id("GW2-network"))
        fake.networks[network_id("GW2-network")] = ("10.0.0.0/16",)
        fake.add_local_gateway(
            local_gateway_id("Site6"), "10.6.0.1", prefixes=("10.6.0.0/16",), public_address="203.0.113.6"
        )
        yield Azure(fake, fake, clock.advance)
        return
    async with simulated_azure(simulator_state) as simulated:

        async def step(seconds: float) -> None:
            simulated.clock.step(seconds)

        yield Azure(simulated.connections, simulated.gateways, step)


async def test_connection_is_created_by_an_operation_that_ends(azure: Azure) -> None:
    accepted = await azure.connections.put(connection_id(), body(routingWeight=3))
    assert isinstance(accepted, Accepted)
    assert accepted.operation_url is not None
    early = await azure.connections.get(connection_id())
    running = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    await azure.settle()
    late = await azure.connections.get(connection_id())
    ended = await azure.connections.poll(accepted.operation_url, SUBSCRIPTION)
    assert isinstance(early, Present)
    assert isinstance(late, Present)
    assert (early.value.provisioning_state, early.value.connection_status) == ("Updating", None)
    assert (late.value.provisioning_state, late.value.connection_status) == ("Succeeded", "Connected")
    assert (late.value.routing_weight, late.value.tags) == (3, {"team": "network"})
    assert not isinstance(running, Fault)
    assert not isinstance(ended, Fault)
    assert (running.status, ended.status) == (OperationStatus.IN_PROGRESS, OperationStatus.SUCCEEDED)


async def test_put_replaces_everything_but_the_key(azure: Azure) -> None:
    await azure.create(routingWeight=7)
    document = body(sharedKey="Another.Key.1")
    document["tags"] = {"only": "this"}
    assert isinstance(await azure.connections.put(connection_id(), document), Accepted)
    await azure.settle()
    live = await azure.connections.get(connection_id())
    assert isinstance(live, Present)
    assert (live.value.routing_weight, live.value.tags) == (0, {"only": "this"})
    assert await azure.connections.get_shared_key(connection_id()) == Present(SharedKey(KEY))


async def test_what_does_not_exist_is_absent(azure: Azure) -> None:
    assert await azure.connections.get(connection_id("nobody")) == Absent()
    assert await azure.connections.get(connection_id("c1", "NoSuchGroup")) == Absent()
    assert await azure.connections.list_group(SUBSCRIPTION, "NoSuchGroup") == Absent()
    assert await azure.connections.list_of_gateway(gateway_id("Nobody")) == Absent()
    assert await azure.connections.get_shared_key(connection_id("nobody")) == Absent()
    assert await azure.gateways.get_gateway(gateway_id("Nobody")) == Absent()
    assert await azure.gateways.get_local_gateway(local_gateway_id("Nobody")) == Absent()
    assert await azure.gateways.list_gateways(SUBSCRIPTION, "NoSuchGroup") == Absent()
    assert await azure.gateways.list_local_gateways(SUBSCRIPTION, "NoSuchGroup") == Absent()


async def test_lists_show_configuration_and_no_tunnel(azure: Azure) -> None:
    await azure.create("one")
    await azure.create("two", routingWeight=5)
    found = await azure.connections.list_group(SUBSCRIPTION, GROUP)
    assert isinstance(found, Present)
    assert {(item.id.name, item.routing_weight, item.connection_status) for item in found.value} == {
        ("one", 0, None),
        ("two", 5, None),
    }


async def test_gateway_lists_its_connections_with_their_state(azure: Azure) -> None:
    await azure.create("one")
    await azure.connections.put(connection_id("two"), body())
    found = await azure.connections.list_of_gateway(gateway_id())
    assert isinstance(found, Present)
    assert {(use.connection_id.rpartition("/")[2], use.provisioning_state) for use in found.value} == {
        ("one", "Succeeded"),
        ("two", "Updating"),
    }
    assert await azure.connections.list_of_gateway(gateway_id("GW2")) == Present(())


POLICY = {
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup14",
    "pfsGroup": "PFS14",
}


def half_body(gateway: ArmId, peer: ArmId, **properties: Any) -> dict[str, Any]:
    document = body(connectionType="Vnet2Vnet", virtualNetworkGateway1={"id": str(gateway)}, **properties)
    document["properties"]["virtualNetworkGateway2"] = {"id": str(peer)}
    del document["properties"]["localNetworkGateway2"]
    return document


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        pytest.param({}, {}, id="what a half leaves out has Azure's defaults"),
        pytest.param(
            {"connectionProtocol": "IKEv1", "connectionMode": "ResponderOnly"},
            {"protocol": "IKEv1", "mode": "ResponderOnly"},
            id="protocol and mode are in the list",
        ),
        pytest.param(
            {"ipsecPolicies": [POLICY]},
            {"policies": (canonical_policy(POLICY),)},
            id="the policy is in the list, with names that mean the same",
        ),
    ],
)
async def test_both_gateways_of_a_half_list_it_with_what_its_partner_is_compared_by(
    azure: Azure, properties: dict[str, Any], expected: dict[str, Any]
) -> None:
    own, peer = gateway_id("GW1"), gateway_id("GW2")
    sent = half_body(own, peer, **properties)
    assert isinstance(await azure.connections.put(connection_id(), sent), Accepted)
    await azure.settle()
    half = ListedHalf(own.key, peer.key, **expected)
    for gateway in (own, peer):
        found = await azure.connections.list_of_gateway(gateway)
        assert found == Present((GatewayUse(str(connection_id()), "Succeeded", half),))


async def test_gateways_of_a_half_are_told_apart_without_regard_to_case(azure: Azure) -> None:
    gateways = [ArmId.parse(str(gateway_id(name)).upper()) for name in ("GW1", "GW2")]
    assert isinstance(await azure.connections.put(connection_id(), half_body(*gateways)), Accepted)
    await azure.settle()
    found = await azure.connections.list_of_gateway(gateway_id("GW2"))
    assert isinstance(found, Present)
    assert [use.half for use in found.value] == [ListedHalf(gateway_id("GW1").key, gateway_id("GW2").key)]


async def test_a_connection_to_a_site_is_nobodys_half_and_each_half_shows_its_own_direction(azure: Azure) -> None:
    await azure.create("site")
    own, peer = gateway_id("GW1"), gateway_id("GW2")
    for name, ends in (("there", (own, peer)), ("back", (peer, own))):
        assert isinstance(await azure.connections.put(connection_id(name), half_body(*ends)), Accepted)
        await azure.settle()
    found = await azure.connections.list_of_gateway(own)
    assert isinstance(found, Present)
    assert {use.connection_id.rpartition("/")[2]: use.half for use in found.value} == {
        "site": None,
        "there": ListedHalf(own.key, peer.key),
        "back": ListedHalf(peer.key, own.key),
    }


async def test_gateway_takes_one_operation_at_a_time(azure: Azure) -> None:
    await azure.create("one")
    assert isinstance(await azure.connections.put(connection_id("two"), body()), Accepted)
    for refused in (
        await azure.connections.put(connection_id("three"), body()),
        await azure.connections.put(connection_id("two"), body()),
        await azure.connections.delete(connection_id("one")),
    ):
        assert isinstance(refused, Fault)
        assert (refused.kind, refused.code) == (FaultKind.BUSY, "AnotherOperationInProgress")
    await azure.settle()
    assert isinstance(await azure.connections.put(connection_id("three"), body()), Accepted)


async def test_other_gateways_are_free_meanwhile(azure: Azure) -> None:
    await azure.connections.put(connection_id("one"), body())
    other = body(virtualNetworkGateway1={"id": str(gateway_id("GW2"))})
    assert isinstance(await azure.connections.put(connection_id("two"), other), Accepted)


async def test_tags_are_replaced_alone(azure: Azure) -> None:
    await azure.create(routingWeight=7)
    assert await azure.connections.patch_tags(connection_id(), {"new": "tag"}) == Accepted(None, 0.0)
    live = await azure.connections.get(connection_id())
    assert isinstance(live, Present)
    assert (live.value.tags, live.value.routing_weight) == ({"new": "tag"}, 7)


async def test_tags_of_what_does_not_exist_are_not_found(azure: Azure) -> None:
    result = await azure.connections.patch_tags(connection_id("nobody"), {})
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.NOT_FOUND, "ResourceNotFound")


async def test_deletion_takes_an_operation(azure: Azure) -> None:
    await azure.create()
    accepted = await azure.connections.delete(connection_id())
    assert isinstance(accepted, Accepted)
    assert accepted.operation_url is not None
    meanwhile = await azure.connections.get(connection_id())
    await azure.settle()
    assert isinstance(meanwhile, Present)
    assert meanwhile.value.provisioning_state == "Deleting"
    assert await azure.connections.get(connection_id()) == Absent()


async def test_deleting_nothing_succeeds_at_once(azure: Azure) -> None:
    assert await azure.connections.delete(connection_id("nobody")) == Accepted(None, 0.0)


async def test_key_is_set_by_an_operation_on_the_connection(azure: Azure) -> None:
    await azure.create()
    accepted = await azure.connections.put_shared_key(connection_id(), SharedKey("Another.Key.2"))
    assert isinstance(accepted, Accepted)
    assert accepted.operation_url is not None
    meanwhile = await azure.connections.get(connection_id())
    await azure.settle()
    assert isinstance(meanwhile, Present)
    assert not meanwhile.value.settled
    assert await azure.connections.get_shared_key(connection_id()) == Present(SharedKey("Another.Key.2"))


async def test_a_reset_is_an_operation_that_locks_the_gateway_and_changes_no_value(azure: Azure) -> None:
    await azure.create()
    before = await azure.connections.get(connection_id())
    accepted = await azure.connections.reset(connection_id())
    assert isinstance(accepted, Accepted)
    assert accepted.operation_url is not None
    refused = await azure.connections.put_shared_key(connection_id(), SharedKey("Another.Key.2"))
    assert isinstance(refused, Fault)
    assert refused.kind is FaultKind.BUSY
    await azure.settle()
    after = await azure.connections.get(connection_id())
    assert isinstance(before, Present)
    assert isinstance(after, Present)
    assert after.value.configuration == before.value.configuration


async def test_what_does_not_exist_cannot_be_reset(azure: Azure) -> None:
    result = await azure.connections.reset(connection_id("nobody"))
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.NOT_FOUND, "ResourceNotFound")


async def test_reference_to_nothing_is_not_found(azure: Azure) -> None:
    result = await azure.connections.put(connection_id(), body(virtualNetworkGateway1={"id": str(gateway_id("No"))}))
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.NOT_FOUND, "InvalidResourceReference")
    assert await azure.connections.get(connection_id()) == Absent()


async def test_gateway_is_read_with_its_facts(azure: Azure) -> None:
    found = await azure.gateways.get_gateway(gateway_id())
    assert isinstance(found, Present)
    facts = found.value
    assert (facts.id, facts.sku, facts.vpn_type, facts.gateway_type) == (gateway_id(), "VpnGw2AZ", "RouteBased", "Vpn")
    assert (facts.active_active, facts.enable_bgp, facts.bgp_asn) == (True, True, 65010)
    assert facts.provisioning_state == "Succeeded"
    assert facts.ip_configuration_ids
    assert facts.bgp_addresses == ("10.1.0.4", "10.1.0.5")
    assert len(set(facts.public_addresses)) == 2
    site = LocalGatewayFacts(local_gateway_id(), ("10.6.0.1",), ("10.6.0.0/16",), "203.0.113.6")
    assert await azure.gateways.get_local_gateway(local_gateway_id()) == Present(site)


async def test_network_of_a_gateway_has_an_address_space(azure: Azure) -> None:
    found = await azure.gateways.get_gateway(gateway_id("GW2"))
    assert isinstance(found, Present)
    assert found.value.network is not None
    assert await azure.gateways.get_address_space(found.value.network) == Present(("10.0.0.0/16",))
    assert await azure.gateways.get_address_space(network_id("Nobody")) == Absent()


def network_id(name: str) -> ArmId:
    return ArmId.build(SUBSCRIPTION, GROUP, "virtualNetworks", name)


async def test_lists_of_gateways_say_what_a_get_says(azure: Azure) -> None:
    listed = await azure.gateways.list_gateways(SUBSCRIPTION, GROUP)
    assert isinstance(listed, Present)
    assert {facts.id.name for facts in listed.value} == {"GW1", "GW2"}
    for facts in listed.value:
        assert await azure.gateways.get_gateway(facts.id) == Present(facts)
    sites = await azure.gateways.list_local_gateways(SUBSCRIPTION, GROUP.upper())
    assert sites == Present((LocalGatewayFacts(local_gateway_id(), ("10.6.0.1",), ("10.6.0.0/16",), "203.0.113.6"),))


async def test_item_of_a_list_is_the_connection_without_the_tunnels_state(azure: Azure) -> None:
    await azure.create(routingWeight=5, enableBgp=True, dpdTimeoutSeconds=30)
    listed = await azure.connections.list_group(SUBSCRIPTION, GROUP)
    read = await azure.connections.get(connection_id())
    assert isinstance(listed, Present)
    assert isinstance(read, Present)
    assert [item.configuration for item in listed.value] == [read.value.configuration]
    assert (listed.value[0].connection_status, listed.value[0].tunnels) == (None, ())


async def sessions_of(azure: Azure, gateway: ArmId) -> BgpAnswer:
    asked = await azure.gateways.ask_bgp_sessions(gateway)
    assert isinstance(asked, Pending)
    early = await azure.gateways.look_at_bgp_sessions(gateway, asked.url)
    assert isinstance(early, Pending), "Azure takes some seconds"
    await azure.settle()
    return await azure.gateways.look_at_bgp_sessions(gateway, early.url)


async def test_connection_has_an_ike_sa_for_each_instance_of_its_gateway_as_old_as_the_tunnel(azure: Azure) -> None:
    await azure.create()
    before = await ike_sas(azure)
    assert [sa.has_child for sa in before] == [True, True]
    assert len({sa.local_endpoint for sa in before}) == 2
    assert len({sa.remote_endpoint for sa in before}) == 1
    await azure.pass_time(1000)
    for young, old in zip(before, await ike_sas(azure), strict=True):
        assert young.elapsed_seconds is not None
        assert old.elapsed_seconds == pytest.approx(young.elapsed_seconds + 1000 + 120, abs=1)


async def ike_sas(azure: Azure) -> tuple[IkeSa, ...]:
    asked = await azure.connections.get_ike_sas(connection_id())
    assert isinstance(asked, Pending)
    early = await azure.connections.look_at_ike_sas(connection_id(), asked.url)
    assert isinstance(early, Pending), "Azure takes some seconds"
    await azure.settle()
    found = await azure.connections.look_at_ike_sas(connection_id(), early.url)
    assert isinstance(found, tuple)
    return found


async def test_question_for_the_ike_sas_of_a_connection_that_does_not_exist_is_not_found(azure: Azure) -> None:
    asked = await azure.connections.get_ike_sas(connection_id("nobody"))
    assert isinstance(asked, Fault)
    assert (asked.kind, asked.code) == (FaultKind.NOT_FOUND, "ResourceNotFound")


async def test_gateway_tells_the_sessions_of_its_connections_with_bgp(azure: Azure) -> None:
    await azure.create("one", enableBgp=True)
    await azure.create("two", routingWeight=5)
    assert await sessions_of(azure, gateway_id()) == (
        BgpSession("10.1.0.4", "10.6.0.1", 65100, "Connected"),
        BgpSession("10.1.0.5", "10.6.0.1", 65100, "Connected"),
    )


async def test_gateway_without_bgp_connections_has_no_sessions(azure: Azure) -> None:
    await azure.create()
    assert await sessions_of(azure, gateway_id()) == ()


async def test_sessions_of_what_does_not_exist_are_not_found(azure: Azure) -> None:
    asked = await azure.gateways.ask_bgp_sessions(gateway_id("Nobody"))
    assert isinstance(asked, Fault)
    assert asked.kind is FaultKind.NOT_FOUND


SPEC = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 27000,
    "saDataSizeKilobytes": 102400000,
}


@dataclass
class Cluster:
    """The API server as the cases see it: the ports, and what a user does."""

    namespace: str
    objects: ObjectsPort
    secrets: SecretsPort
    digest_keys: DigestKeysPort
    events: EventsPort
    create: Callable[..., Awaitable[dict[str, Any]]]
    delete: Callable[[], Awaitable[None]]
    put_secret: Callable[..., Awaitable[None]]
    read_events: Callable[[], Awaitable[list[tuple[str, str]]]]

    async def current(self) -> dict[str, Any] | None:
        found = await list_all(self.objects)
        assert not isinstance(found, Fault)
        return next((dict(item) for item in found), None)

    async def write_status(self, version: str | AnyVersion, **status: Any) -> Written | Fault:
        return await self.objects.write_status("IpsecPolicy", self.namespace, "p", version, status)

    async def write_finalizers(self, version: str, *finalizers: str) -> Written | Fault:
        return await self.objects.write_finalizers("IpsecPolicy", self.namespace, "p", version, finalizers)


def fake_cluster() -> Cluster:
    fake = FakeCluster(FakeClock())

    async def create(**metadata: Any) -> dict[str, Any]:
        return fake.create("IpsecPolicy", "n", "p", SPEC, **metadata)

    async def delete() -> None:
        fake.delete("IpsecPolicy", "n", "p")

    async def put_secret(**entries: bytes) -> None:
        fake.put_secret("n", "s", **entries)

    async def read_events() -> list[tuple[str, str]]:
        return [(note.reason, note.note) for _, note in fake.events]

    return Cluster("n", fake, fake, fake, fake, create, delete, put_secret, read_events)


def real_cluster(session: ClusterSession, admin: ApiClient, namespace: str) -> Cluster:
    policies = f"/apis/azvpn.dev/v1alpha1/namespaces/{namespace}/ipsecpolicies"
    secrets = f"/api/v1/namespaces/{namespace}/secrets"

    async def create(**metadata: Any) -> dict[str, Any]:
        document = {"apiVersion": "azvpn.dev/v1alpha1", "kind": "IpsecPolicy", "spec": SPEC}
        return await call(admin, "POST", policies, body={**document, "metadata": {"name": "p", **metadata}})

    async def delete() -> None:
        await call(admin, "DELETE", f"{policies}/p")

    async def put_secret(**entries: bytes) -> None:
        data = {name: value.decode() for name, value in entries.items()}
        await call(admin, "POST", secrets, body={"metadata": {"name": "s"}, "stringData": data})

    async def read_events() -> list[tuple[str, str]]:
        found = await call(admin, "GET", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events")
        return [(item["reason"], item["note"]) for item in found["items"]]

    return Cluster(
        namespace,
        ClusterObjects(session, namespaces=[namespace]),
        ClusterSecrets(session, secrets=SecretRegistry()),
        DigestKeeper(session, namespace=namespace, guard=SecretRegistry()),
        EventRecorder(session, clock=SystemClock(), instance="test"),
        create,
        delete,
        put_secret,
        read_events,
    )


@pytest.fixture
def fake() -> Cluster:
    return fake_cluster()


@pytest.fixture
async def server(
    control_plane: ControlPlane, azvpn_crds: None, admin: ApiClient, namespace: str
) -> AsyncIterator[Cluster]:
    kubeconfig = await operator_kubeconfig(control_plane, namespace)
    async with ClusterSession(ClusterSettings(kubeconfig=str(kubeconfig)), clock=SystemClock()) as session:
        yield real_cluster(session, admin, namespace)


@pytest.fixture(params=["fake", pytest.param("server", marks=pytest.mark.apiserver)])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    found: Cluster = request.getfixturevalue(request.param)
    return found


def version(document: Any) -> str:
    return str(document["metadata"]["resourceVersion"])


def written(result: Written | Fault) -> Any:
    assert isinstance(result, Written)
    assert result.result is StatusWrite.WRITTEN
    return result.document


async def test_new_object_has_the_status_that_says_nobody_looked_yet(cluster: Cluster) -> None:
    created = await cluster.create()
    assert created["status"] == {"observedGeneration": -1}
    assert await cluster.current() is not None


async def test_status_is_replaced_as_a_whole_and_the_rest_stays(cluster: Cluster) -> None:
    created = await cluster.create(labels={"team": "network"})
    first = written(await cluster.write_status(version(created), observedGeneration=1, connections=3))
    second = written(await cluster.write_status(version(first), observedGeneration=2))
    current = await cluster.current()
    assert current is not None
    assert current["status"] == second["status"] == {"observedGeneration": 2}
    assert (current["spec"], current["metadata"]["labels"]) == (SPEC, {"team": "network"})
    assert current["metadata"]["generation"] == 1


async def test_equal_write_changes_nothing(cluster: Cluster) -> None:
    created = await cluster.create()
    first = written(await cluster.write_status(version(created), observedGeneration=1))
    again = written(await cluster.write_status(version(first), observedGeneration=1))
    assert version(again) == version(first)


async def test_write_on_an_older_version_is_a_conflict(cluster: Cluster) -> None:
    created = await cluster.create()
    written(await cluster.write_status(version(created), observedGeneration=1))
    assert await cluster.write_status(version(created), observedGeneration=2) == Written(StatusWrite.CONFLICT)
    assert await cluster.write_finalizers(version(created), "azvpn.dev/policy") == Written(StatusWrite.CONFLICT)


async def test_status_of_any_version_passes_over_an_edit_but_not_to_another_object(cluster: Cluster) -> None:
    created = await cluster.create(labels={"team": "network"})
    uid = AnyVersion(created["metadata"]["uid"])
    written(await cluster.write_finalizers(version(created), "azvpn.dev/policy"))
    after = written(await cluster.write_status(uid, observedGeneration=1))
    assert after["metadata"]["finalizers"] == ["azvpn.dev/policy"]
    assert after["status"] == {"observedGeneration": 1}
    of_another = await cluster.write_status(AnyVersion("00000000-0000-4000-8000-000000000000"), observedGeneration=2)
    assert isinstance(of_another, Fault)
    assert of_another.kind is FaultKind.REJECTED
    current = await cluster.current()
    assert current is not None
    assert current["status"] == {"observedGeneration": 1}
    written(await cluster.write_finalizers(version(after)))


async def test_write_on_a_deleted_object_is_gone(cluster: Cluster) -> None:
    created = await cluster.create()
    await cluster.delete()
    assert await cluster.write_status(version(created), observedGeneration=1) == Written(StatusWrite.GONE)
    uid = AnyVersion(created["metadata"]["uid"])
    assert await cluster.write_status(uid, observedGeneration=1) == Written(StatusWrite.GONE)
    assert await cluster.write_finalizers(version(created)) == Written(StatusWrite.GONE)


async def test_finalizer_keeps_a_deleted_object_until_it_is_released(cluster: Cluster) -> None:
    created = await cluster.create()
    held = written(await cluster.write_finalizers(version(created), "azvpn.dev/policy"))
    assert held["metadata"]["finalizers"] == ["azvpn.dev/policy"]
    await cluster.delete()
    terminating = await cluster.current()
    assert terminating is not None
    assert terminating["metadata"]["deletionTimestamp"]
    assert terminating["metadata"]["generation"] == 2
    written(await cluster.write_status(version(terminating), observedGeneration=2))
    still_there = await cluster.current()
    assert still_there is not None
    written(await cluster.write_finalizers(version(still_there)))
    assert await cluster.current() is None


async def test_secret_is_read_by_entry(cluster: Cluster) -> None:
    assert await cluster.secrets.read(cluster.namespace, "s", "sharedKey") == Absent()
    await cluster.put_secret(sharedKey=b"Contract.Key.1", other=b"x")
    found = await cluster.secrets.read(cluster.namespace, "s", "sharedKey")
    other = await cluster.secrets.read(cluster.namespace, "s", "missing")
    assert isinstance(found, Present)
    assert isinstance(other, Present)
    assert (found.value.entry, found.value.entries) == (b"Contract.Key.1", ("other", "sharedKey"))
    assert (other.value.entry, other.value.entries) == (None, ("other", "sharedKey"))
    assert found.value.version == other.value.version != ""


async def test_the_digest_key_is_there_when_it_is_first_asked_for_and_stays(cluster: Cluster) -> None:
    found = await cluster.digest_keys.obtain()
    assert isinstance(found, DigestKey)
    assert len(found.value) >= DIGEST_KEY_BYTES
    assert await cluster.digest_keys.obtain() == found


async def test_event_is_recorded(cluster: Cluster) -> None:
    created = await cluster.create()
    await cluster.events.record(created, [EventNote(True, Reason.TUNNEL_DOWN, "Observe", "down")])
    assert await cluster.read_events() == [("TunnelDown", "down")]
