import base64
import logging

import pytest
from kubernetes.aio.client import ApiClient

from azure_vpn_operator.cluster.secret_reader import ClusterSecrets
from azure_vpn_operator.cluster.session import ClusterSession
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.lookups import Absent, Present, Unreadable
from azure_vpn_operator.telemetry.redaction import SecretRegistry
from workbench.rest import call

KEY = b"Cluster.Canary.Key.0815"


@pytest.fixture
def registry():
    return SecretRegistry()


@pytest.fixture
def secrets(session: ClusterSession, registry: SecretRegistry):
    return ClusterSecrets(session, secrets=registry)


async def make_secret(admin: ApiClient, namespace: str, name: str = "key", **data: bytes):
    document = {
        "metadata": {"name": name},
        "data": {entry: base64.b64encode(value).decode() for entry, value in data.items()},
    }
    return await call(admin, "POST", f"/api/v1/namespaces/{namespace}/secrets", body=document)


async def test_entry_is_read_as_bytes_with_the_version_and_the_names(
    secrets: ClusterSecrets, admin: ApiClient, namespace: str
):
    created = await make_secret(admin, namespace, sharedKey=KEY, other=b"\x00\xff")
    match await secrets.read(namespace, "key", "sharedKey"):
        case Present(found):
            assert (found.entry, found.entries) == (KEY, ("other", "sharedKey"))
            assert found.version == created["metadata"]["resourceVersion"]
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        pytest.param({"sharedKey": b""}, b"", id="an empty entry is there"),
        pytest.param({"other": b"x"}, None, id="an entry of another name"),
        pytest.param({}, None, id="a Secret without data"),
    ],
)
async def test_entry_that_is_empty_or_missing(
    secrets: ClusterSecrets, admin: ApiClient, namespace: str, data: dict[str, bytes], entry: bytes | None
):
    await make_secret(admin, namespace, **data)
    match await secrets.read(namespace, "key", "sharedKey"):
        case Present(found):
            assert found.entry == entry
        case other:
            pytest.fail(str(other))


async def test_missing_secret_is_absent_also_in_a_missing_namespace(secrets: ClusterSecrets, namespace: str):
    assert await secrets.read(namespace, "nobody", "sharedKey") == Absent()
    assert await secrets.read(f"{namespace}-missing", "nobody", "sharedKey") == Absent()


async def test_new_value_is_seen_with_a_new_version(secrets: ClusterSecrets, admin: ApiClient, namespace: str):
    await make_secret(admin, namespace, sharedKey=KEY)
    before = await secrets.read(namespace, "key", "sharedKey")
    path = f"/api/v1/namespaces/{namespace}/secrets/key"
    patch = {"data": {"sharedKey": base64.b64encode(b"Next.Canary").decode()}}
    await call(admin, "PATCH", path, body=patch, content_type="application/merge-patch+json")
    after = await secrets.read(namespace, "key", "sharedKey")
    assert isinstance(before, Present)
    assert isinstance(after, Present)
    assert (before.value.entry, after.value.entry) == (KEY, b"Next.Canary")
    assert before.value.version != after.value.version


async def test_value_is_kept_out_of_texts_and_logs(
    secrets: ClusterSecrets,
    registry: SecretRegistry,
    admin: ApiClient,
    namespace: str,
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.DEBUG)
    await make_secret(admin, namespace, sharedKey=KEY)
    caplog.clear()
    found = await secrets.read(namespace, "key", "sharedKey")
    shown = repr(found) + "".join(record.getMessage() + repr(record.args) for record in caplog.records)
    assert KEY.decode() not in shown
    assert base64.b64encode(KEY).decode() not in shown
    assert registry.redact(f"a text with {KEY.decode()} in it") == "a text with [redacted] in it"


async def test_without_the_right_it_is_forbidden_and_says_which(
    secrets: ClusterSecrets, admin: ApiClient, namespace: str
):
    await make_secret(admin, namespace, sharedKey=KEY)
    role = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/azure-vpn-operator-{namespace}"
    rules = [rule for rule in (await call(admin, "GET", role))["rules"] if rule["resources"] != ["secrets"]]
    await call(admin, "PATCH", role, body={"rules": rules}, content_type="application/merge-patch+json")
    result = await secrets.read(namespace, "key", "sharedKey")
    for _ in range(100):  # the authorizer sees the change through its own watch
        if isinstance(result, Unreadable):
            break
        result = await secrets.read(namespace, "key", "sharedKey")
    assert isinstance(result, Unreadable)
    assert result.fault.kind is FaultKind.FORBIDDEN
    assert 'cannot get resource "secrets"' in result.fault.message
