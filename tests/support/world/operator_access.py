"""The operator's own identity on a control plane: the RBAC that is shipped, bound to a ServiceAccount of the test's namespace."""

import asyncio
import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from kubernetes.aio.client import ApiClient

from workbench.control_plane.plane import ControlPlane
from workbench.rest import call

_RBAC = Path(__file__).parents[3] / "manifests" / "base" / "rbac.yaml"
_REVIEW = "/apis/authorization.k8s.io/v1/subjectaccessreviews"


@dataclass
class RecordedRequests:
    """Keeps what it was told of each request to the API server: method, host, code."""

    seen: list[tuple[str, str, int | str]] = field(default_factory=list)

    def responded(self, method: str, host: str, code: int | str, seconds: float) -> None:
        """Keep it."""
        if seconds < 0:
            raise ValueError("a request cannot take less than no time")
        self.seen.append((method, host, code))


def shipped_rbac(namespace: str) -> list[dict[str, Any]]:
    """The manifest's objects, renamed so that they belong to this test alone."""
    documents = [copy.deepcopy(document) for document in yaml.safe_load_all(_RBAC.read_text(encoding="utf-8"))]
    for document in documents:
        if document["kind"] == "ServiceAccount":
            document["metadata"]["namespace"] = namespace
            continue
        if document["kind"] in {"Role", "RoleBinding"}:
            document["metadata"]["namespace"] = namespace
            for subject in document.get("subjects", ()):
                subject["namespace"] = namespace
            continue
        document["metadata"]["name"] += f"-{namespace}"
        if document["kind"] == "ClusterRoleBinding":
            document["roleRef"]["name"] += f"-{namespace}"
            for subject in document["subjects"]:
                subject["namespace"] = namespace
    return documents


async def operator_kubeconfig(control_plane: ControlPlane, namespace: str) -> Path:
    """A kubeconfig with a token of the operator's ServiceAccount, which has the shipped rights and no others, from now on."""
    await control_plane.apply_objects(*shipped_rbac(namespace))
    async with control_plane.client() as admin:
        for _ in range(100):  # the authorizer learns of roles and bindings through watches
            if await may_operator(admin, namespace, "patch", "vpnconnections/status"):
                return await control_plane.service_account_kubeconfig(namespace, "azure-vpn-operator")
            await asyncio.sleep(0.05)
    raise TimeoutError("the shipped rights did not come into force")


async def may_operator(admin: ApiClient, namespace: str, verb: str, resource: str, group: str = "azvpn.dev") -> bool:
    """Ask the authorizer whether the operator of this namespace may do something here."""
    plural, _, subresource = resource.partition("/")
    attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource, "namespace": namespace}
    document = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": f"system:serviceaccount:{namespace}:azure-vpn-operator", "resourceAttributes": attributes},
    }
    review = await call(admin, "POST", _REVIEW, body=document)
    return bool(review["status"]["allowed"])
