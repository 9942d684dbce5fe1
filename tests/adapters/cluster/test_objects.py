"""Our kinds on a real API server, as the ServiceAccount that is shipped."""

from typing import Any

import pytest
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.cluster.objects import ClusterObjects
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.ports import StatusWrite, Written
from support.world.listing import list_all
from support.world.operator_access import RecordedRequests
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call

POLICIES = "/apis/azvpn.dev/v1alpha1/namespaces/{}/ipsecpolicies"
SPEC = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
}
READY = {
    "type": "Ready",
    "status": "True",
    "reason": "Valid",
    "message": "",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


@pytest.fixture
def objects(session: ClusterSession, namespace: str):
    return ClusterObjects(session, namespaces=[namespace])


async def make_policy(admin: ApiClient, namespace: str, name: str = "site6", **metadata: Any):
    document = {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": "IpsecPolicy",
        "metadata": {"name": name, **metadata},
        "spec": SPEC,
    }
    return await call(admin, "POST", POLICIES.format(namespace), body=document)


async def read_policy(admin: ApiClient, namespace: str, name: str = "site6"):
    return await call(admin, "GET", f"{POLICIES.format(namespace)}/{name}")


def version(document: Any):
    return document["metadata"]["resourceVersion"]


async def test_list_has_the_objects_of_the_watched_namespaces_only(
    session: ClusterSession, admin: ApiClient, namespace: str, control_plane: ControlPlane
):
    other = f"{namespace}-other"
    await control_plane.create_namespace(other)
    await make_policy(admin, namespace, "one")
    await make_policy(admin, namespace, "two")
    await make_policy(admin, other, "three")
    watched = await list_all(ClusterObjects(session, namespaces=[namespace]))
    both = await list_all(ClusterObjects(session, namespaces=[namespace, other]))
    everywhere = await list_all(ClusterObjects(session))
    assert [item["metadata"]["name"] for item in watched] == ["one", "two"]
    assert [item["metadata"]["name"] for item in both] == ["one", "two", "three"]
    assert {"one", "two", "three"} <= {item["metadata"]["name"] for item in everywhere}
    assert {item["kind"] for item in watched} == {"IpsecPolicy"}


async def test_list_of_a_kind_without_objects_is_empty(objects: ClusterObjects):
    assert await list_all(objects, "VpnConnection") == []


async def test_list_follows_every_page(
    objects: ClusterObjects,
    admin: ApiClient,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    requests: RecordedRequests,
):
    monkeypatch.setattr("azure_vpn_operator.cluster.objects._PAGE", "2")
    for number in range(5):
        await make_policy(admin, namespace, f"p{number}")
    found = await list_all(objects)
    assert [item["metadata"]["name"] for item in found] == [f"p{number}" for number in range(5)]
    assert [method for method, _, _ in requests.seen] == ["GET"] * 3


async def test_status_is_replaced_as_a_whole(objects: ClusterObjects, admin: ApiClient, namespace: str):
    created = await make_policy(admin, namespace)
    first = await objects.write_status(
        "IpsecPolicy",
        namespace,
        "site6",
        version(created),
        {"observedGeneration": 1, "connections": 3, "conditions": [READY], "strength": "Strong"},
    )
    assert first.result is StatusWrite.WRITTEN
    second = await objects.write_status(
        "IpsecPolicy", namespace, "site6", version(first.document), {"observedGeneration": 2}
    )
    assert second.result is StatusWrite.WRITTEN
    assert second.document["status"] == {"observedGeneration": 2}
    assert (await read_policy(admin, namespace))["status"] == {"observedGeneration": 2}


async def test_status_write_leaves_spec_labels_and_finalizers_alone(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    created = await make_policy(admin, namespace, labels={"team": "network"}, finalizers=["other.dev/keep"])
    written = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 1})
    assert written.document["spec"] == created["spec"]
    assert written.document["metadata"]["labels"] == {"team": "network"}
    assert written.document["metadata"]["finalizers"] == ["other.dev/keep"]


async def test_equal_status_written_again_changes_nothing(objects: ClusterObjects, admin: ApiClient, namespace: str):
    created = await make_policy(admin, namespace)
    status = {"observedGeneration": 1, "conditions": [READY]}
    first = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), status)
    again = await objects.write_status("IpsecPolicy", namespace, "site6", version(first.document), status)
    assert version(again.document) == version(first.document)


async def test_object_that_changed_in_between_is_a_conflict_and_keeps_its_status(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    created = await make_policy(admin, namespace)
    first = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 1})
    late = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 9})
    finalizers = await objects.write_finalizers(
        "IpsecPolicy", namespace, "site6", version(created), ["azvpn.dev/policy"]
    )
    assert late == finalizers == Written(StatusWrite.CONFLICT)
    assert version(await read_policy(admin, namespace)) == version(first.document)


async def test_object_that_was_deleted_is_gone(objects: ClusterObjects, admin: ApiClient, namespace: str):
    created = await make_policy(admin, namespace)
    await call(admin, "DELETE", f"{POLICIES.format(namespace)}/site6")
    assert await objects.write_status(
        "IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 1}
    ) == Written(StatusWrite.GONE)
    assert await objects.write_finalizers("IpsecPolicy", namespace, "site6", version(created), []) == Written(
        StatusWrite.GONE
    )


async def test_object_that_was_replaced_by_another_of_its_name_is_a_conflict(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    created = await make_policy(admin, namespace)
    await call(admin, "DELETE", f"{POLICIES.format(namespace)}/site6")
    await make_policy(admin, namespace)
    late = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 9})
    assert late == Written(StatusWrite.CONFLICT)


async def test_finalizer_holds_the_object_until_it_is_released(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    created = await make_policy(admin, namespace)
    held = await objects.write_finalizers("IpsecPolicy", namespace, "site6", version(created), ["azvpn.dev/policy"])
    assert held.document["metadata"]["finalizers"] == ["azvpn.dev/policy"]
    terminating = await call(admin, "DELETE", f"{POLICIES.format(namespace)}/site6")
    assert terminating["metadata"]["deletionTimestamp"]
    released = await objects.write_finalizers("IpsecPolicy", namespace, "site6", version(terminating), [])
    assert released.result is StatusWrite.WRITTEN
    assert await list_all(objects) == []


async def test_invalid_status_is_rejected_and_not_taken_for_a_conflict(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    created = await make_policy(admin, namespace)
    result = await objects.write_status(
        "IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": "many"}
    )
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.REJECTED, "Invalid")
    assert "observedGeneration" in result.message


async def test_writes_are_made_under_the_operators_name(objects: ClusterObjects, admin: ApiClient, namespace: str):
    created = await make_policy(admin, namespace)
    written = await objects.write_status("IpsecPolicy", namespace, "site6", version(created), {"observedGeneration": 1})
    managers = {(entry["manager"], entry.get("subresource")) for entry in written.document["metadata"]["managedFields"]}
    assert ("azure-vpn-operator", "status") in managers


async def test_server_without_our_kinds_is_a_fault_not_an_empty_list(
    session: ClusterSession, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("azure_vpn_operator.cluster.objects.VERSION", "v9")
    result = await list_all(ClusterObjects(session))
    assert isinstance(result, Fault)
    assert (result.kind, result.code) == (FaultKind.NOT_FOUND, "ResourceTypeNotFound")
    assert "CRD" in result.message


async def test_name_from_outside_cannot_leave_its_place_in_the_path(
    objects: ClusterObjects, admin: ApiClient, namespace: str
):
    await make_policy(admin, namespace)
    result = await objects.write_status("IpsecPolicy", namespace, "../../secrets", "1", {})
    assert result == Written(StatusWrite.GONE) or isinstance(result, Fault)
