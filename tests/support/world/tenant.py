"""One test's part of the running system: a namespace in the real API server, a resource group in the simulated Azure.

What it offers is what people have: the API server, kubectl, Azure's REST interface as a colleague, and the simulator's journal.
Size: one class, since every test speaks of one thing, its part of the system, by one name.
"""

import asyncio
import copy
import json
import os
import ssl
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from kubernetes.aio.client import ApiClient

from support.world.topology import KEY, PORTAL_CLIENT_ID, PORTAL_SECRET
from workbench.bench.figures import is_write
from workbench.rest import ApiError, call
from workbench.stack import SUBSCRIPTION, TENANT, Stack

Document = dict[str, Any]

POLICY_SPEC: Document = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "DHGroup24",
    "ipsecEncryption": "AES256",
    "ipsecIntegrity": "SHA256",
    "pfsGroup": "None",
    "saLifeTimeSeconds": 30000,
}
_PLURALS = {"VpnConnection": "vpnconnections", "IpsecPolicy": "ipsecpolicies"}
POLL_SECONDS = 0.25
PATIENCE_SECONDS = 60.0
"""How long a test waits for what takes a second or two on an idle machine; a full one is ten times slower."""
_API_VERSION = "2024-05-01"


@dataclass(frozen=True)
class Ran:
    """What a program printed, and how it ended."""

    code: int
    out: str
    err: str


class Tenant:
    """See the module. Objects are called by kind and name, connections in Azure by their names."""

    def __init__(
        self, stack: Stack, kubectl: Path, namespace: str, group: str, cluster: ApiClient, web: aiohttp.ClientSession
    ) -> None:
        self.stack = stack
        self.namespace = namespace
        self.group = group
        self.subscription = SUBSCRIPTION
        self.cluster = cluster
        self._kubectl = kubectl
        self._web = web
        self._token: str | None = None
        self._faulty: list[str] = []
        self._tls = ssl.create_default_context(cafile=str(stack.azure.ca_file))

    def in_group(self, group: str) -> "Tenant":
        """The same namespace, with another resource group."""
        other = copy.copy(self)
        other.group = group
        return other

    def in_subscription(self, subscription: str) -> "Tenant":
        """The same namespace, with the resource group of the same name in another subscription."""
        other = copy.copy(self)
        other.subscription = subscription
        return other

    @asynccontextmanager
    async def neighbour(self, namespace: str = "") -> AsyncIterator["Tenant"]:
        """Another team, while the block lasts: a namespace of its own, with the same Secret, over the same resource group."""
        other = copy.copy(self)
        other.namespace = namespace or f"other-{uuid.uuid4().hex[:10]}"
        await self.stack.plane.create_namespace(other.namespace)
        await other.apply(other.secret())
        try:
            yield other
        finally:
            await other.leave()

    async def leave(self) -> None:
        """Delete all objects; nobody waits for them to go."""
        for kind in _PLURALS:
            with suppress(aiohttp.ClientError, ApiError):
                await call(self.cluster, "DELETE", self._path(kind))

    @property
    def scope(self) -> str:
        """The ARM id of the resource group."""
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    # What people apply

    def connection(
        self, name: str = "c1", *, site: int = 1, annotations: Document | None = None, **spec: Any
    ) -> Document:
        """A VpnConnection to one of the group's sites, with the right key; a field given as None is left out."""
        usual = {
            "azureName": name,
            "resourceGroup": self.group,
            "virtualNetworkGateway": {"name": "gw"},
            "localNetworkGateway": {"name": f"site-{site}"},
            "sharedKeySecretRef": {"name": "key"},
        }
        wanted = {field: value for field, value in {**usual, **spec}.items() if value is not None}
        return self._object("VpnConnection", name, wanted, annotations)

    def policy(self, name: str = "p1", **spec: Any) -> Document:
        """An IpsecPolicy."""
        return self._object("IpsecPolicy", name, {**POLICY_SPEC, **spec}, None)

    def secret(self, name: str = "key", value: str = KEY) -> Document:
        """A Secret with a shared key."""
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": self.namespace},
            "stringData": {"sharedKey": value},
        }

    def _object(self, kind: str, name: str, spec: Document, annotations: Document | None) -> Document:
        metadata = {"name": name, "namespace": self.namespace, "annotations": annotations or {}}
        return {"apiVersion": "azvpn.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}

    # Kubernetes

    async def apply(self, *documents: Document) -> None:
        """Apply, as `kubectl apply --server-side` does."""
        await self.stack.plane.apply_objects(*documents)

    async def create(self, document: Document) -> Document:
        """Create; raises ApiError in the server's words."""
        return await call(self.cluster, "POST", self._path(document["kind"]), body=document)

    async def get(self, name: str = "c1", kind: str = "VpnConnection") -> Document:
        """The object as it is now; raises ApiError 404."""
        return await call(self.cluster, "GET", self._path(kind, name))

    async def patch(self, change: Document, name: str = "c1", kind: str = "VpnConnection") -> Document:
        """Change by a merge patch: a field set to None goes away."""
        return await call(
            self.cluster, "PATCH", self._path(kind, name), body=change, content_type="application/merge-patch+json"
        )

    async def edit(self, name: str = "c1", kind: str = "VpnConnection", **spec: Any) -> Document:
        """Change fields of the spec."""
        return await self.patch({"spec": spec}, name, kind)

    async def annotate(self, name: str = "c1", **annotations: str | None) -> Document:
        """Set or remove annotations of our group; underscores stand for hyphens."""
        given = {f"azvpn.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        return await self.patch({"metadata": {"annotations": given}}, name)

    async def delete(self, name: str = "c1", kind: str = "VpnConnection") -> None:
        """Ask for the deletion; does not wait."""
        await call(self.cluster, "DELETE", self._path(kind, name))

    async def set_secret(self, value: str, name: str = "key") -> None:
        """Change the key in the Secret."""
        await self.apply(self.secret(name, value))

    async def events(self, name: str | None = None) -> list[Document]:
        """The Events about an object, or all of the namespace."""
        found = await call(self.cluster, "GET", f"/apis/events.k8s.io/v1/namespaces/{self.namespace}/events")
        return [item for item in found["items"] if name is None or item["regarding"]["name"] == name]

    async def kubectl(self, *arguments: str, stdin: str = "") -> Ran:
        """Run the real kubectl in the test's namespace, as administrator."""
        process = await asyncio.create_subprocess_exec(
            str(self._kubectl),
            "--kubeconfig",
            str(self.stack.plane.kubeconfig),
            "--namespace",
            self.namespace,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())

    async def azvpn(self, *arguments: str, environment: Mapping[str, str] | None = None, stdin: str = "") -> Ran:
        """Run `kubectl azvpn` likewise, with this checkout's plugin, and further variables."""
        path = os.pathsep.join([str(Path(sys.executable).parent), str(self._kubectl.parent), os.environ["PATH"]])
        process = await asyncio.create_subprocess_exec(
            str(self._kubectl),
            *("azvpn", *arguments, "--namespace", self.namespace),
            env={**os.environ, "PATH": path, "KUBECONFIG": str(self.stack.plane.kubeconfig), **(environment or {})},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())

    def _path(self, kind: str, name: str | None = None) -> str:
        path = f"/apis/azvpn.dev/v1alpha1/namespaces/{self.namespace}/{_PLURALS[kind]}"
        return path if name is None else f"{path}/{name}"

    # Waiting

    async def until(
        self,
        is_so: Callable[[Document], bool],
        name: str = "c1",
        kind: str = "VpnConnection",
        *,
        seconds: float = PATIENCE_SECONDS,
        what: str = "",
    ) -> Document:
        """The object once it is so; fails with what it is instead."""
        deadline = time.monotonic() + seconds
        while True:
            document = await self.get(name, kind)
            if is_so(document):
                return document
            if time.monotonic() > deadline:
                shown = json.dumps(document.get("status", {}), indent=1)
                raise AssertionError(f"{kind} {name} did not become {what or 'so'} in {seconds:g} s:\n{shown}")
            await asyncio.sleep(POLL_SECONDS)

    async def until_ready(self, *names: str, seconds: float = PATIENCE_SECONDS) -> Document:
        """Each of these (or c1) is Ready at its latest generation, and connected; returns the last."""
        document: Document = {}
        for name in names or ("c1",):
            document = await self.until(is_ready_and_connected, name, seconds=seconds, what="Ready and Connected")
        return document

    async def until_reason(
        self,
        reason: str,
        name: str = "c1",
        kind: str = "VpnConnection",
        *,
        of: str = "Ready",
        seconds: float = PATIENCE_SECONDS,
    ) -> Document:
        """The object once a condition has this reason at the latest generation."""

        def is_so(document: Document) -> bool:
            found = condition(document, of)
            return (
                found.get("reason") == reason and found.get("observedGeneration") == document["metadata"]["generation"]
            )

        return await self.until(is_so, name, kind, seconds=seconds, what=f"{of}: {reason}")

    async def until_gone(
        self, name: str = "c1", kind: str = "VpnConnection", *, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """The object is no longer there."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                document = await self.get(name, kind)
            except ApiError as error:
                if error.status == 404:
                    return
                raise
            if time.monotonic() > deadline:
                shown = json.dumps([document["metadata"], document.get("status")], indent=1)
                raise AssertionError(f"{kind} {name} is still there after {seconds:g} s:\n{shown}")
            await asyncio.sleep(POLL_SECONDS)

    async def eventually(
        self, is_so: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE_SECONDS, what: str = "that"
    ) -> None:
        """Wait for anything else."""
        deadline = time.monotonic() + seconds
        while not await is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"not within {seconds:g} s: {what}")
            await asyncio.sleep(POLL_SECONDS)

    async def until_event(self, reason: str, name: str = "c1") -> Document:
        """Wait for an Event of the object. It comes a moment after Azure took the write that it tells of."""
        found: list[Document] = []

        async def is_told() -> bool:
            found[:] = [event for event in await self.events(name) if event["reason"] == reason]
            return bool(found)

        await self.eventually(is_told, what=f"the Event {reason}")
        return found[0]

    # Azure

    async def azure(self, method: str, path: str, body: Document | None = None) -> tuple[int, Any]:
        """One request as the colleague in the portal; `path` begins at the group. Returns status and document."""
        if self._token is None:
            self._token = await self._sign_in()
        url = f"{self.stack.azure.endpoint}{self.scope}/providers/Microsoft.Network/{path}?api-version={_API_VERSION}"
        headers = {"Authorization": f"Bearer {self._token}"}
        async with self._web.request(method, url, json=body, headers=headers, ssl=self._tls) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def in_azure(self, name: str = "c1") -> Document | None:
        """The connection as Azure has it; None if it has none."""
        status, document = await self.azure("GET", f"connections/{name}")
        if status == 404:
            return None
        assert status == 200, document
        return dict(document)

    async def change_in_azure(self, name: str = "c1", *, tags: Document | None = None, **properties: Any) -> None:
        """What a click in the portal does: read, change, put back; waits for the end of the operation."""
        document = await self.in_azure(name)
        assert document is not None
        changed = {
            "location": document["location"],
            "tags": document.get("tags", {}) if tags is None else tags,
            "properties": {**document["properties"], **properties},
        }
        await self.put_in_azure(name, changed)

    async def put_in_azure(self, name: str, body: Document) -> None:
        """PUT as the colleague, again while the gateway is busy, and wait until it is carried out."""

        async def accepted() -> bool:
            status, answer = await self.azure("PUT", f"connections/{name}", body)
            assert status in {200, 201, 409, 429}, answer
            return status in {200, 201}

        await self.eventually(accepted, what="the colleague's PUT")
        await self.until_settled(name)

    async def until_settled(self, name: str = "c1") -> None:
        """Azure is done with the connection."""

        async def settled() -> bool:
            document = await self.in_azure(name)
            return document is None or document["properties"]["provisioningState"] in {"Succeeded", "Failed"}

        await self.eventually(settled, what=f"{name} settled in Azure")

    def body(self, *, site: int = 1, tags: Document | None = None, **properties: Any) -> Document:
        """A connection as another ARM client would put it."""
        network = f"{self.scope}/providers/Microsoft.Network"
        return {
            "location": "eastus",
            "tags": tags or {},
            "properties": {
                "connectionType": "IPsec",
                "virtualNetworkGateway1": {"id": f"{network}/virtualNetworkGateways/gw"},
                "localNetworkGateway2": {"id": f"{network}/localNetworkGateways/site-{site}"},
                "connectionProtocol": "IKEv2",
                "sharedKey": KEY,
                **properties,
            },
        }

    async def _sign_in(self) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": PORTAL_CLIENT_ID,
            "client_secret": PORTAL_SECRET,
            "scope": "https://management.azure.com/.default",
        }
        url = f"{self.stack.azure.authority}/{TENANT}/oauth2/v2.0/token"
        async with self._web.post(url, data=form, ssl=self._tls) as answer:
            document = await answer.json()
            return str(document["access_token"])

    # The simulator's control

    async def control(self, method: str, path: str, body: Document | None = None) -> Any:
        """One request to the simulator's control API."""
        async with self._web.request(method, f"{self.stack.azure.control_url}{path}", json=body) as answer:
            text = await answer.text()
            assert answer.status < 400, text
            return json.loads(text) if text else None

    async def now(self) -> int:
        """The place in the journal to count from."""
        return int((await self.control("GET", "/journal?since=999999999"))["next"])

    async def requests(
        self, since: int = 0, *, method: str | None = None, path: str = "", principal: str = "demo"
    ) -> list[Document]:
        """The operator's requests about this test's group."""
        entries = (await self.control("GET", f"/journal?since={since}"))["entries"]
        return [
            entry
            for entry in entries
            if entry["principal"] == principal
            and f"/{self.group}/" in f"{entry['path'].lower()}/"
            and path.lower() in entry["path"].lower()
            and method in {None, entry["method"]}
        ]

    async def writes(self, since: int = 0, *, path: str = "", principal: str = "demo") -> list[tuple[str, str]]:
        """What the operator wrote in this test's group: method, and the path from the connection's name on."""
        found = await self.requests(since, path=path, principal=principal)
        return [(entry["method"], entry["path"].rpartition("/connections/")[2]) for entry in found if is_write(entry)]

    async def add_fault(
        self, action: str, *, method: str | None = None, path: str = "", everywhere: bool = False, **more: Any
    ) -> None:
        """A fault on the operator's requests about this test's group, or all; the test's end takes it away."""
        match: Document = {"pathRegex": path if everywhere else f"/{self.group}(/|$).*{path}", "principal": "demo"}
        if method is not None:
            match["method"] = method
        self._faulty.append(action)
        await self.control("POST", "/faults", {"match": match, "action": action, **more})

    async def mend(self) -> None:
        """Take all faults away, if this test has added any: they are not this test's alone."""
        if self._faulty:
            self._faulty.clear()
            await self.control("DELETE", "/faults")

    @asynccontextmanager
    async def fault(
        self, action: str, *, method: str | None = None, path: str = "", **more: Any
    ) -> AsyncIterator[None]:
        """A fault while the block lasts."""
        await self.add_fault(action, method=method, path=path, **more)
        try:
            yield
        finally:
            await self.mend()

    async def change_topology(self, local_gateway: Document) -> None:
        """Change a site's device; see the simulator's control API."""
        group = {"name": self.group, "localNetworkGateways": [local_gateway]}
        await self.control("PUT", "/topology", {"subscriptions": [{"id": SUBSCRIPTION, "resourceGroups": [group]}]})

    # The operator

    async def scrape(self, path: str = "/metrics") -> tuple[int, str]:
        """Status and text of one of the operator's own endpoints."""
        port = self.stack.metrics_port if path == "/metrics" else self.stack.probe_port
        async with self._web.get(f"http://127.0.0.1:{port}{path}") as answer:
            return answer.status, await answer.text()

    def log(self) -> str:
        """Everything the operator has logged so far."""
        return self.stack.operator.log.read_text(encoding="utf-8", errors="replace")


def condition(document: Mapping[str, Any], kind: str) -> Document:
    """A condition of the object; empty if it has none of this type."""
    conditions = (document.get("status") or {}).get("conditions") or []
    return next((dict(item) for item in conditions if item["type"] == kind), {})


def is_ready(document: Mapping[str, Any]) -> bool:
    """Ready at the latest generation."""
    found = condition(document, "Ready")
    return found.get("status") == "True" and found.get("observedGeneration") == document["metadata"]["generation"]


def is_ready_and_connected(document: Mapping[str, Any]) -> bool:
    """Ready at the latest generation, and the tunnel is up."""
    return is_ready(document) and condition(document, "Connected").get("status") == "True"
