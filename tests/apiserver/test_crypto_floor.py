"""What the crypto floors refuse and warn of in a real API server: exactly what the table in domain says."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor, check_floor
from support.cases.crypto import BEST, ENUMS
from support.cases.objects import DROP, connection, observed, policy
from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, Document, call

REPOSITORY = Path(__file__).parents[2]
NAMESPACE = "network"
WEAK = {"dhGroup": "DHGroup2"}
PLURALS = {"IpsecPolicy": "ipsecpolicies", "VpnConnection": "vpnconnections"}

pytestmark = pytest.mark.timeout(300)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def plane(
    kubernetes_binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[ControlPlane]:
    """Floors are of the whole cluster, so these tests have one of their own."""
    async with ControlPlane(tmp_path_factory.mktemp("floors"), binaries=kubernetes_binaries) as started:
        await started.apply(REPOSITORY / "crds")
        await started.create_namespace(NAMESPACE)
        yield started


async def set_floor(plane: ControlPlane, floor: CryptoFloor, actions: list[str]) -> None:
    """Put a floor in force, and wait until the API server knows it."""
    path = REPOSITORY / "manifests" / "crypto-floor" / floor / "crypto-floor.yaml"
    documents = list(yaml.safe_load_all(path.read_text()))
    for document in documents:
        if document["kind"] == "ValidatingAdmissionPolicyBinding":
            document["spec"]["validationActions"] = actions
    await plane.apply_objects(*documents)
    deadline = time.monotonic() + 60
    wanted = [(doc, f"crypto floor {floor} ") for doc in (named(**WEAK), linked(ipsecPolicyRef=DROP))]
    while wanted:
        said, is_refused = await try_out(plane, wanted[0][0])
        if any(wanted[0][1] in text or f"crypto floor {floor}:" in text for text in said) and is_refused == (
            "Deny" in actions
        ):
            wanted.pop(0)
            continue
        assert time.monotonic() < deadline, "the floor never came into force"
        await asyncio.sleep(0.1)


def named(**values: str) -> Document:
    return policy({"name": "floor", "namespace": NAMESPACE}, **BEST | values)


def linked(**values: Any) -> Document:
    return connection({"name": "floor", "namespace": NAMESPACE}, **{"ipsecPolicyRef": {"name": "floor"}, **values})


async def try_out(plane: ControlPlane, document: Document) -> tuple[list[str], bool]:
    """What the server says of a new object, as warnings or as its refusal; nothing is stored."""
    async with plane.client() as admin:
        path = f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}/{PLURALS[document['kind']]}"
        method, url, headers, body, _ = await admin.param_serialize(
            "POST",
            path,
            query_params=[("dryRun", "All")],
            header_params={"Accept": "application/json", "Content-Type": "application/json"},
            body=document,
            auth_settings=["BearerToken"],
        )
        response = await admin.call_api(method, url, headers, body)
        answer = json.loads(await response.read())
    if response.status == 422:
        return [answer["message"]], True
    assert response.status == 201, answer
    return [text for name, text in response.getheaders().items() if name.lower() == "warning"], False


def variants() -> Iterator[Document]:
    """Each value of each field beside the best ones, and connections of every sort."""
    for field, values in ENUMS.items():
        for value in values:
            changed = {field: str(value)}
            if field in {"ipsecEncryption", "ipsecIntegrity"}:
                gcm = value.startswith("GCMAES")
                changed["ipsecIntegrity"] = str(value) if gcm or field == "ipsecIntegrity" else "SHA256"
                changed["ipsecEncryption"] = str(value) if gcm or field == "ipsecEncryption" else "AES256"
            yield named(**changed)
    yield named(**WEAK, pfsGroup="PFS2", ikeEncryption="DES", ikeIntegrity="MD5")
    yield linked()
    yield linked(connectionProtocol="IKEv1")
    yield linked(connectionProtocol="IKEv2")
    yield linked(ipsecPolicyRef=DROP)
    yield {**observed(), "metadata": {"name": "floor", "namespace": NAMESPACE}}


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("action", ["Warn", "Deny"])
@pytest.mark.parametrize("floor", CryptoFloor)
async def test_the_server_says_what_the_table_says(plane: ControlPlane, floor: CryptoFloor, action: str) -> None:
    await set_floor(plane, floor, [action])
    judged = 0
    for document in variants():
        expected = [f"{violation.message} [{violation.rule}]" for violation in check_floor(floor, document)]
        said, is_refused = await try_out(plane, document)

        judged += 1
        assert is_refused == (action == "Deny" and bool(expected)), document["spec"]
        told = " ".join(said).replace('\\"', '"')
        # A refusal names the first thing that is wrong, warnings name all.
        for text in expected[: 1 if action == "Deny" else None]:
            assert text in told, (document["spec"], said)
        if not expected:
            assert said == []
    assert judged > 40


@pytest.mark.asyncio(loop_scope="session")
async def test_what_is_stored_goes_on_and_only_new_values_are_judged(plane: ControlPlane) -> None:
    await set_floor(plane, CryptoFloor.RECOMMENDED, ["Warn"])
    for document in (named(**WEAK), linked(ipsecPolicyRef=DROP)):
        await plane.apply_objects({**document, "metadata": {"name": "kept", "namespace": NAMESPACE}})
    await set_floor(plane, CryptoFloor.CNSA, ["Deny"])
    root = f"/apis/azvpn.dev/v1alpha1/namespaces/{NAMESPACE}"

    async def patch(path: str, change: Document) -> Document:
        async with plane.client() as admin:
            return await call(
                admin, "PATCH", f"{root}/{path}", body=change, content_type="application/merge-patch+json"
            )

    await patch("ipsecpolicies/kept", {"metadata": {"labels": {"a": "b"}, "finalizers": ["azvpn.dev/policy"]}})
    await patch("ipsecpolicies/kept", {"spec": {"saLifeTimeSeconds": 14400}})
    await patch("ipsecpolicies/kept/status", {"status": {"observedGeneration": 1}})
    await patch("vpnconnections/kept", {"spec": {"dpdTimeoutSeconds": 40}})
    with pytest.raises(ApiError, match=r"floor-ike-encryption|floor-dh-group"):
        await patch("ipsecpolicies/kept", {"spec": {"pfsGroup": "PFS2"}})
    with pytest.raises(ApiError, match="floor-policy"):
        await patch("vpnconnections/kept", {"spec": {"connectionProtocol": "IKEv2"}})
    mended = await patch("ipsecpolicies/kept", {"spec": BEST})
    assert mended["spec"]["dhGroup"] == "ECP384"
