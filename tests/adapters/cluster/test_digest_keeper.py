"""The digest key on a real API server, under the rights that are shipped."""

import asyncio

from kubernetes.aio.client import ApiClient

from azure_vpn_operator.cluster.digest_keeper import DIGEST_SECRET, DigestKeeper
from azure_vpn_operator.cluster.secret_reader import ClusterSecrets
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.cluster.settings import ClusterSettings
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.keys.digest import DigestKey
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from support.world.operator_access import may_operator, operator_kubeconfig
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call


async def session_of(control_plane: ControlPlane, namespace: str) -> ClusterSession:
    kubeconfig = await operator_kubeconfig(control_plane, namespace)
    return ClusterSession(ClusterSettings(kubeconfig=str(kubeconfig)), clock=SystemClock())


async def test_it_is_made_once_and_then_read(control_plane: ControlPlane, admin: ApiClient, namespace: str):
    registry = SecretRegistry()
    async with await session_of(control_plane, namespace) as session:
        first = await DigestKeeper(session, namespace=namespace, guard=registry).obtain()
        again = await DigestKeeper(session, namespace=namespace, guard=registry).obtain()
    assert isinstance(first, DigestKey)
    assert first == again
    stored = await call(admin, "GET", f"/api/v1/namespaces/{namespace}/secrets/{DIGEST_SECRET}")
    assert stored["immutable"] is True
    assert stored["data"]["digestKey"] not in repr(first)


async def test_processes_that_start_together_get_one_key(control_plane: ControlPlane, namespace: str):
    async with await session_of(control_plane, namespace) as session:
        keepers = [DigestKeeper(session, namespace=namespace, guard=SecretRegistry()) for _ in range(8)]
        found = await asyncio.gather(*(keeper.obtain() for keeper in keepers))
    assert all(isinstance(item, DigestKey) for item in found)
    assert len({item.value for item in found if isinstance(item, DigestKey)}) == 1


async def test_a_secret_that_is_none_of_ours_is_not_overwritten(
    control_plane: ControlPlane, admin: ApiClient, namespace: str
):
    body = {"metadata": {"name": DIGEST_SECRET}, "stringData": {"digestKey": "short"}}
    await call(admin, "POST", f"/api/v1/namespaces/{namespace}/secrets", body=body)
    async with await session_of(control_plane, namespace) as session:
        found = await DigestKeeper(session, namespace=namespace, guard=SecretRegistry()).obtain()
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.UNREADABLE


async def test_the_right_ends_at_that_name(control_plane: ControlPlane, admin: ApiClient, namespace: str):
    async with await session_of(control_plane, namespace) as session:
        path = ("api", "v1", "namespaces", namespace, "secrets", "another")
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "another"}}
        refused = await session.request(
            "PATCH", path, query={"fieldManager": "x"}, body=body, content_type="application/apply-patch+yaml"
        )
    assert isinstance(refused, Fault)
    assert refused.kind is FaultKind.FORBIDDEN
    assert not await may_operator(admin, namespace, "patch", "secrets", "")


async def test_without_the_right_to_list_the_labelled_secrets_stay_unknown(control_plane: ControlPlane, namespace: str):
    async with await session_of(control_plane, namespace) as session:
        found = await ClusterSecrets(session, secrets=SecretRegistry(), namespaces=[namespace]).list_watched()
    assert isinstance(found, Fault)
    assert found.kind is FaultKind.FORBIDDEN


async def test_only_labelled_secrets_are_listed_and_without_their_data(
    control_plane: ControlPlane, admin: ApiClient, namespace: str
):
    path = f"/api/v1/namespaces/{namespace}/secrets"
    for name, labels in (("seen", {"azvpn.dev/watch": "true"}), ("unseen", {}), ("off", {"azvpn.dev/watch": "false"})):
        body = {"metadata": {"name": name, "labels": labels}, "stringData": {"sharedKey": "CanaryKey.1"}}
        made = await call(admin, "POST", path, body=body)
        if name == "seen":
            version = made["metadata"]["resourceVersion"]
    async with ClusterSession(
        ClusterSettings(kubeconfig=str(control_plane.kubeconfig)), clock=SystemClock()
    ) as session:
        for _ in range(50):  # the list is from the API server's cache, which may be a moment behind
            found = await ClusterSecrets(session, secrets=SecretRegistry(), namespaces=[namespace]).list_watched()
            if found:
                break
            await asyncio.sleep(0.05)
    assert found == {(namespace, "seen"): version}
