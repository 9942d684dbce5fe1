"""What linters of manifests look for (kube-linter's checks by name, and Polaris'), over the chart and the kustomizations.

A finding is either mended or has its reason in ACCEPTED.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.packaging import (
    CHART,
    INSTALLATIONS,
    MANIFESTS,
    Document,
    Helm,
    container_of,
    find_kubectl,
    kustomize,
    only,
    pod_of,
)

ACCEPTED = {
    "access-to-secrets": "the operator reads the Secrets that connections name: by `get` alone, and a policy of the API "
    "server lets nobody name one that he may not get; watch-secrets, which lists, is a choice",
    "unset-cpu-limit": "the operator is one event loop: throttled, it would be late to undo a change that broke a tunnel",
    "read-secret-from-env-var": "azure-identity takes a client secret from the environment and from nowhere else; "
    "workload identity has none",
}
"""Check -> why its findings stand."""
VALUES = ["default", "workload-identity", "namespaced", "tenancy", "strict", "single", "everything"]


@pytest.fixture(
    scope="module", params=[*(f"kustomize {name}" for name in INSTALLATIONS), *(f"helm {name}" for name in VALUES)]
)
def documents(request: pytest.FixtureRequest, helm: Helm, kubernetes_binaries: Mapping[str, Path]) -> list[Document]:
    tool, name = str(request.param).split(" ")
    if tool == "helm":
        return helm.template(CHART / "ci" / f"{name}-values.yaml")
    return kustomize(find_kubectl(), MANIFESTS / name)


def _rules(documents: list[Document]) -> Iterator[tuple[Document, Document]]:
    users = re.compile("-(view|edit)$")
    for document in documents:
        if document["kind"] in {"Role", "ClusterRole"} and not users.search(document["metadata"]["name"]):
            yield from ((document, rule) for rule in document["rules"])


def _everywhere(documents: list[Document]) -> Document:
    """The pod's security context, and over it the container's."""
    return pod_of(documents)["spec"]["securityContext"] | container_of(documents)["securityContext"]


def _bad_rules(documents: list[Document], is_bad: Callable[[Document], bool]) -> bool:
    return any(is_bad(rule) for _, rule in _rules(documents))


def _selects_the_pod(documents: list[Document], selector: Document) -> bool:
    labels = pod_of(documents)["metadata"]["labels"]
    return selector.items() <= labels.items()


def _of(documents: list[Document], kind: str) -> list[Document]:
    return [document for document in documents if document["kind"] == kind]


Check = Callable[[list[Document]], bool]
CHECKS: Mapping[str, Check] = {
    "run-as-non-root": lambda d: (
        _everywhere(d).get("runAsNonRoot") is not True or _everywhere(d).get("runAsUser", 0) == 0
    ),
    "no-read-only-root-fs": lambda d: _everywhere(d).get("readOnlyRootFilesystem") is not True,
    "privilege-escalation-container": lambda d: _everywhere(d).get("allowPrivilegeEscalation") is not False,
    "privileged-container": lambda d: _everywhere(d).get("privileged", False),
    "drop-net-raw-capability": lambda d: _everywhere(d)["capabilities"] != {"drop": ["ALL"]},
    "unsafe-proc-mount": lambda d: _everywhere(d).get("procMount", "Default") != "Default",
    "seccomp-profile": lambda d: _everywhere(d).get("seccompProfile", {}).get("type") != "RuntimeDefault",
    "host-namespaces": lambda d: any(pod_of(d)["spec"].get(name) for name in ("hostNetwork", "hostPID", "hostIPC")),
    "host-mounts": lambda d: any("hostPath" in volume for volume in pod_of(d)["spec"].get("volumes", [])),
    "host-ports": lambda d: any("hostPort" in port for port in container_of(d)["ports"]),
    "unset-cpu-requirements": lambda d: "cpu" not in container_of(d)["resources"]["requests"],
    "unset-cpu-limit": lambda d: "cpu" not in container_of(d)["resources"]["limits"],
    "unset-memory-requirements": lambda d: (
        not all("memory" in container_of(d)["resources"][part] for part in ("requests", "limits"))
    ),
    "latest-tag": lambda d: (
        container_of(d)["image"].endswith(":latest") or not re.search(r":[\w.-]+$|@sha256:", container_of(d)["image"])
    ),
    "no-liveness-probe": lambda d: "livenessProbe" not in container_of(d),
    "no-readiness-probe": lambda d: "readinessProbe" not in container_of(d),
    "liveness-port": lambda d: (
        container_of(d)["livenessProbe"]["httpGet"]["port"] not in {p["name"] for p in container_of(d)["ports"]}
    ),
    "no-anti-affinity": lambda d: only(d, "Deployment")["spec"]["replicas"] > 1 and "affinity" not in pod_of(d)["spec"],
    "no-topology-spread": lambda d: not pod_of(d)["spec"].get("topologySpreadConstraints"),
    "no-node-selector-os": lambda d: not pod_of(d)["spec"].get("nodeSelector"),
    "minimum-replicas": lambda d: (
        only(d, "Deployment")["spec"]["replicas"] < 2
        and only(d, "Deployment")["spec"]["strategy"]["type"] != "Recreate"
    ),
    "pdb-blocks-drain": lambda d: any(
        "minAvailable" in pdb["spec"] or pdb["spec"]["maxUnavailable"] == 0 for pdb in _of(d, "PodDisruptionBudget")
    ),
    "default-service-account": lambda d: pod_of(d)["spec"]["serviceAccountName"] == "default",
    "non-existent-service-account": lambda d: (
        pod_of(d)["spec"]["serviceAccountName"] not in {a["metadata"]["name"] for a in _of(d, "ServiceAccount")}
    ),
    "mismatching-selector": lambda d: not _selects_the_pod(d, only(d, "Deployment")["spec"]["selector"]["matchLabels"]),
    "dangling-service": lambda d: (
        not all(_selects_the_pod(d, service["spec"]["selector"]) for service in _of(d, "Service"))
    ),
    "dangling-networkpolicy": lambda d: (
        not all(_selects_the_pod(d, item["spec"]["podSelector"]["matchLabels"]) for item in _of(d, "NetworkPolicy"))
    ),
    "dangling-pdb": lambda d: (
        not all(_selects_the_pod(d, item["spec"]["selector"]["matchLabels"]) for item in _of(d, "PodDisruptionBudget"))
    ),
    "exposed-services": lambda d: any(
        item["spec"].get("type", "ClusterIP") != "ClusterIP" for item in _of(d, "Service")
    ),
    "env-var-secret": lambda d: any(
        re.search("SECRET|PASSWORD|TOKEN$", item["name"]) and "value" in item for item in container_of(d)["env"]
    ),
    "read-secret-from-env-var": lambda d: (
        any("secretRef" in item for item in container_of(d)["envFrom"])
        or any("secretKeyRef" in item.get("valueFrom", {}) for item in container_of(d)["env"])
    ),
    "wildcard-in-rules": lambda d: _bad_rules(
        d, lambda rule: "*" in [*rule["apiGroups"], *rule["resources"], *rule["verbs"]]
    ),
    "access-to-create-pods": lambda d: _bad_rules(
        d, lambda rule: bool({"pods", "pods/exec", "deployments", "daemonsets", "jobs"} & set(rule["resources"]))
    ),
    "access-to-secrets": lambda d: _bad_rules(
        d, lambda rule: "secrets" in rule["resources"] and not rule.get("resourceNames")
    ),
    "escalating-verbs": lambda d: _bad_rules(
        d, lambda rule: bool({"escalate", "bind", "impersonate"} & set(rule["verbs"]))
    ),
    "rbac-and-webhook-writes": lambda d: _bad_rules(
        d, lambda rule: bool({"rbac.authorization.k8s.io", "admissionregistration.k8s.io"} & set(rule["apiGroups"]))
    ),
    "cluster-admin-role-binding": lambda d: any(
        item["roleRef"]["name"] in {"cluster-admin", "admin", "edit"}
        for item in (*_of(d, "ClusterRoleBinding"), *_of(d, "RoleBinding"))
    ),
    "use-namespace": lambda d: any(
        item["metadata"].get("namespace", "") in {"", "default"} for item in _of(d, "Deployment")
    ),
}
"""Name of a check -> whether it finds something."""


@pytest.mark.parametrize("name", [name for name in CHECKS if name not in ACCEPTED])
def test_no_finding_without_a_reason(documents: list[Document], name: str) -> None:
    assert not CHECKS[name](documents)


def test_the_pods_are_isolated_unless_somebody_turns_that_off(
    helm: Helm, kubernetes_binaries: Mapping[str, Path]
) -> None:
    """non-isolated-pod."""
    assert _of(helm.template({"installationId": "a"}), "NetworkPolicy")
    assert _of(kustomize(find_kubectl(), MANIFESTS / "base"), "NetworkPolicy")


@pytest.mark.parametrize("name", ACCEPTED)
def test_accepted_findings_are_still_there(name: str, helm: Helm) -> None:
    found = [helm.template(CHART / "ci" / f"{values}-values.yaml") for values in ("default", "strict")]

    assert any(CHECKS[name](documents) for documents in found)


BREAKS: Mapping[str, Callable[[Document], Any]] = {
    "run-as-non-root": lambda pod: pod["spec"]["securityContext"].update(runAsUser=0),
    "no-read-only-root-fs": lambda pod: pod["spec"]["containers"][0]["securityContext"].pop("readOnlyRootFilesystem"),
    "drop-net-raw-capability": lambda pod: pod["spec"]["containers"][0]["securityContext"].update(capabilities={}),
    "unset-cpu-requirements": lambda pod: pod["spec"]["containers"][0]["resources"]["requests"].pop("cpu"),
    "latest-tag": lambda pod: pod["spec"]["containers"][0].update(image="registry:5000/azure-vpn-operator"),
    "host-namespaces": lambda pod: pod["spec"].update(hostNetwork=True),
    "mismatching-selector": lambda pod: pod["metadata"].update(labels={}),
    "non-existent-service-account": lambda pod: pod["spec"].update(serviceAccountName="nobody"),
    "env-var-secret": lambda pod: pod["spec"]["containers"][0]["env"].append({"name": "CLIENT_SECRET", "value": "x"}),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_check_finds_what_it_is_for(helm: Helm, name: str) -> None:
    documents = helm.template({"installationId": "a"})
    assert not CHECKS[name](documents)

    BREAKS[name](only(documents, "Deployment")["spec"]["template"])

    assert CHECKS[name](documents)
