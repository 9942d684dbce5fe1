"""How long the two halves of a VNet-to-VNet tunnel differ in Azure while a policy is changed, on the whole system.

Three forms of the same tunnel: two objects of one namespace and one object that owns both halves, which the operator changes as
one; and two objects of two namespaces, which it reconciles as two connections that know nothing of each other (they still wait
for each other's gateways). Each with either lock behaviour of Azure. The halves differ from the moment when Azure takes the new
policy of one until it takes that of the other.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

import aiohttp
from kubernetes.aio.client import ApiClient

from workbench.algorithms import ALGORITHMS
from workbench.rest import ApiError, Document, call
from workbench.stack import CLIENT_ID, CLIENT_SECRET, SUBSCRIPTION, TENANT, Stack

TIME_SCALE: Final = 20.0
PATIENCE_SECONDS: Final = 120.0
KEY: Final = "BenchKeyOfThePair"
LOCKS: Final = ("own", "both")
_API: Final = "/apis/azvpn.dev/v1alpha1/namespaces"


@dataclass(frozen=True, slots=True)
class Form:
    """A tunnel and the objects that make it."""

    name: str
    gateways: tuple[str, str]
    namespaces: tuple[str, str]
    owned: bool = False

    @property
    def halves(self) -> tuple[str, str]:
        """The names of the connections in Azure."""
        one, two = self.gateways
        return f"{one}-to-{two}", f"{two}-to-{one}"

    def objects(self) -> list[Document]:
        """Secrets, policies and connections."""
        found = [made for namespace in sorted(set(self.namespaces)) for made in self._shared(namespace)]
        sides = [(self.namespaces[0], *self.gateways)]
        if not self.owned:
            sides.append((self.namespaces[1], *self.gateways[::-1]))
        for namespace, own, peer in sides:
            spec: Document = {
                "resourceGroup": "bench",
                "virtualNetworkGateway": {"name": own},
                "peerVirtualNetworkGateway": {"name": peer},
                "ipsecPolicyRef": {"name": self.name},
                "sharedKeySecretRef": {"name": "key"},
            }
            if self.owned:
                spec["reverse"] = {"azureName": self.halves[1]}
            found.append(_object("VpnConnection", namespace, f"{own}-to-{peer}", spec))
        return found

    def _shared(self, namespace: str) -> list[Document]:
        secret = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "key", "namespace": namespace},
            "stringData": {"sharedKey": KEY},
        }
        return [secret, _object("IpsecPolicy", namespace, self.name, ALGORITHMS)]


FORMS: Final = (
    Form("two-objects", ("a1", "a2"), ("pairs", "pairs")),
    Form("one-object", ("b1", "b2"), ("pairs", "pairs"), owned=True),
    Form("independent", ("c1", "c2"), ("left", "right")),
)


def topology(locks: str) -> Document:
    """A simulated Azure with two gateways for each form."""
    gateways = [
        {"name": name, "sku": "VpnGw2AZ", "addressSpace": [f"10.{number}.0.0/16"]}
        for number, name in enumerate(name for form in FORMS for name in form.gateways)
    ]
    return {
        "tenantId": TENANT,
        "principals": [
            {"name": "operator", "clientId": CLIENT_ID, "objectId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
        ],
        "options": {"pairLocks": locks},
        "subscriptions": [
            {
                "id": SUBSCRIPTION,
                "name": "Bench",
                "resourceGroups": [{"name": "bench", "location": "eastus", "virtualNetworkGateways": gateways}],
            }
        ],
    }


def seconds_apart(entries: Sequence[Mapping[str, Any]], halves: tuple[str, str], time_scale: float) -> float | None:
    """Azure's seconds between the first accepted PUTs of the two halves in a journal; None if one is not there yet."""
    taken = []
    for half in halves:
        moments = (
            datetime.fromisoformat(entry["time"])
            for entry in entries
            if entry["method"] == "PUT"
            and entry["status"] in {200, 201}
            and entry["path"].lower().endswith(f"/connections/{half}".lower())
        )
        taken.append(min(moments, default=None))
    one, two = taken
    return abs((one - two).total_seconds()) * time_scale if one is not None and two is not None else None


def summarize(found: Sequence[float]) -> dict[str, float]:
    """Median and maximum of some durations, in seconds."""
    return {"changes": len(found), "median": round(median(found), 2), "max": round(max(found), 2)}


async def measure_pairs(directory: Path, locks: str, changes: int) -> dict[str, dict[str, float]]:
    """Run the system in an empty folder and change each form's policy so many times."""
    described = directory / "topology.json"
    described.write_text(json.dumps(topology(locks)), encoding="utf-8")
    stack = Stack(directory, time_scale=TIME_SCALE, topology=str(described))
    found: dict[str, list[float]] = {form.name: [] for form in FORMS}
    async with stack, stack.plane.client() as cluster, aiohttp.ClientSession() as web:
        for namespace in sorted({name for form in FORMS for name in form.namespaces}):
            await stack.plane.create_namespace(namespace)
        for form in FORMS:
            for document in form.objects():
                await _create(cluster, document)
        for form in FORMS:
            await _until_ready(cluster, form)
        for number in range(changes):
            for form in FORMS:
                found[form.name].append(await _change(stack, cluster, web, form, 3600 + number))
    return {name: summarize(durations) for name, durations in found.items()}


async def _change(stack: Stack, cluster: ApiClient, web: aiohttp.ClientSession, form: Form, seconds: int) -> float:
    since = (await _journal(stack, web, 0))["next"]
    patch = {"spec": {"saLifeTimeSeconds": seconds}}
    await asyncio.gather(
        *(
            call(
                cluster,
                "PATCH",
                f"{_API}/{namespace}/ipsecpolicies/{form.name}",
                body=patch,
                content_type="application/merge-patch+json",
            )
            for namespace in sorted(set(form.namespaces))
        )
    )
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            entries = (await _journal(stack, web, since))["entries"]
            if (apart := seconds_apart(entries, form.halves, TIME_SCALE)) is not None:
                break
            await asyncio.sleep(0.1)
    await _until_ready(cluster, form)
    return apart


async def _until_ready(cluster: ApiClient, form: Form) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            documents = []
            for namespace in sorted(set(form.namespaces)):
                listed = await call(cluster, "GET", f"{_API}/{namespace}/vpnconnections")
                documents += [d for d in listed["items"] if d["spec"]["ipsecPolicyRef"]["name"] == form.name]
            if all(_is_ready(document) for document in documents):
                return
            await asyncio.sleep(0.2)


def _is_ready(document: Document) -> bool:
    status = document.get("status", {})
    ready = next((item for item in status.get("conditions", ()) if item["type"] == "Ready"), None)
    return ready is not None and ready["status"] == "True" and ready["reason"] == "UpToDate"


async def _journal(stack: Stack, web: aiohttp.ClientSession, since: int) -> Document:
    async with web.get(f"{stack.azure.control_url}/journal", params={"since": str(since)}) as answer:
        found: Document = await answer.json()
        return found


async def _create(cluster: ApiClient, document: Document) -> None:
    namespace = document["metadata"]["namespace"]
    plurals = {
        "IpsecPolicy": f"{_API}/{namespace}/ipsecpolicies",
        "VpnConnection": f"{_API}/{namespace}/vpnconnections",
    }
    path = plurals.get(document["kind"], f"/api/v1/namespaces/{namespace}/secrets")
    try:
        await call(cluster, "POST", path, body=document)
    except ApiError as error:
        # Two forms of one namespace share its Secret.
        if error.reason != "AlreadyExists":
            raise


def _object(kind: str, namespace: str, name: str, spec: Mapping[str, Any]) -> Document:
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }
