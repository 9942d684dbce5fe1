"""The chart with the real helm: what it refuses, what it makes of its values, and how it lives in a real API server."""

import argparse
import asyncio
import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from typing_extensions import override

from azure_vpn_operator.app.access_file import parse_access_file
from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.azvpn.kubectl import Kubectl
from azure_vpn_operator.azvpn.planning.settings import find_settings
from support.cases.objects import connection, policy
from support.packaging import (
    CHART,
    CI_VALUES,
    NAMESPACE,
    RELEASE,
    ROOT,
    Helm,
    by_key,
    container_of,
    flags,
    key_of,
    only,
    pod_of,
    settings_of,
)
from workbench.control_plane.plane import ControlPlane
from workbench.rest import ApiError, call

INSTALLED = {"installationId": "prod-eu"}

pytestmark = pytest.mark.timeout(300)


def values_id(path: Path) -> str:
    return path.name.removesuffix("-values.yaml")


@pytest.mark.parametrize("values", [None, *CI_VALUES], ids=lambda path: values_id(path) if path else "no values")
def test_lint_finds_nothing(helm: Helm, values: Path | None) -> None:
    said = helm.do("lint", "--strict", CHART, *(flags(values) if values else ()))

    findings = [line for line in said.splitlines() if line.startswith("[")]
    assert findings == ["[INFO] Chart.yaml: icon is recommended"]


@pytest.mark.parametrize("values", CI_VALUES, ids=values_id)
def test_both_helms_make_the_same(helm: Helm, helm3: Helm, values: Path) -> None:
    assert helm3.run("lint", "--strict", CHART, *flags(values)).returncode == 0
    # Its release scripts tell Helm 3 which Kubernetes to assume without a cluster; a build from modules has to be told.
    assert by_key(helm3.template(values, "--kube-version", "1.37.2")) == by_key(helm.template(values))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        pytest.param({}, "installationId must be set", id="no installation id"),
        pytest.param({"installationId": "a/b"}, "/installationId", id="an installation id that is no part of a tag"),
        pytest.param(
            {"maxDisruption": 3}, "additional properties 'maxDisruption' not allowed", id="a misspelt setting"
        ),
        pytest.param({"image.tagg": "1"}, "additional properties 'tagg' not allowed", id="a misspelt knob"),
        pytest.param({"workers": 0}, "/workers", id="a number out of range"),
        pytest.param({"managementPolicy": "Preview"}, "/managementPolicy", id="no such choice"),
        pytest.param({"admission.cryptoFloor.level": "high"}, "/admission/cryptoFloor/level", id="no such floor"),
        pytest.param({"image.digest": "abc"}, "/image/digest", id="no digest"),
        pytest.param(
            {"leaderElection": False}, "replicaCount must be 1 without leaderElection", id="two who would both write"
        ),
        pytest.param({"azure.workloadIdentity.enabled": True}, "azure.clientId must be set", id="nobody's identity"),
        pytest.param(
            {"azure.workloadIdentity.enabled": True, "azure.workloadIdentity.webhook": False, "azure.clientId": "x"},
            "azure.tenantId and azure.clientId must be set",
            id="a token without a tenant",
        ),
        pytest.param(
            {"access.rules": {"default": "Deny"}, "access.configMap": "a"},
            "access.rules must be empty with access.configMap",
            id="two access files",
        ),
        pytest.param(
            {"access.rules": {"default": "Deny"}, "accessFile": "/a"},
            "accessFile must be empty with access.rules",
            id="an access file elsewhere",
        ),
        pytest.param(
            {"metrics.serviceMonitor.enabled": True, "metrics.serviceMonitor.renderMode": "failIfMissing"},
            "this cluster has no ServiceMonitor",
            id="monitoring that must be there and is not",
        ),
        pytest.param(
            {
                "metrics.serviceMonitor.enabled": True,
                "metrics.serviceMonitor.renderMode": "alwaysRender",
                "metricsAddress": "",
            },
            "metrics.serviceMonitor needs metricsAddress",
            id="monitoring of nothing",
        ),
    ],
)
def test_values_that_cannot_work_are_refused_by_name(helm: Helm, values: dict[str, Any], words: str) -> None:
    start = {} if "installationId" in values or not values else INSTALLED

    assert words in helm.refuse(start | values)


@pytest.mark.parametrize("values", CI_VALUES, ids=values_id)
def test_the_operator_reads_the_settings_as_they_were_meant(
    helm: Helm, values: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = yaml.safe_load(values.read_text())
    variables = settings_of(helm.template(values))
    known = {f"AZVPN_{field.upper()}" for field in Settings.model_fields}
    known |= {field.upper() for field in Environment.model_fields}
    assert variables.keys() <= known

    for name, text in variables.items():
        monkeypatch.setenv(name, text)
    read = Settings().model_dump(mode="json", by_alias=True)  # type: ignore[call-arg]  # from the environment
    camel = {name.replace("_", ""): value for name, value in read.items()}
    settings = {name: value for name, value in given.items() if name.lower() in camel and name != "namespace"}

    assert settings
    assert {name: camel[name.lower()] for name in settings} == settings


def test_every_default_of_the_chart_is_the_operators_own(helm: Helm, monkeypatch: pytest.MonkeyPatch) -> None:
    without = Settings(installation_id="prod-eu", lease_name=RELEASE)
    for name, text in settings_of(helm.template(INSTALLED)).items():
        monkeypatch.setenv(name, text)

    assert Settings() == without  # type: ignore[call-arg]


def test_a_changed_setting_starts_the_operator_anew_and_a_changed_access_file_does_not(helm: Helm) -> None:
    rules = {"default": "Deny", "namespaces": [{"names": ["a"]}]}
    before = helm.template(INSTALLED | {"access.rules": rules})
    access = helm.template(INSTALLED | {"access.rules": rules | {"default": "Allow"}})
    setting = helm.template(INSTALLED | {"access.rules": rules, "workers": 20})

    assert pod_of(access) == pod_of(before)
    assert pod_of(setting)["metadata"]["annotations"] != pod_of(before)["metadata"]["annotations"]


def test_the_access_file_is_valid_and_where_the_operator_looks_for_it(helm: Helm) -> None:
    documents = helm.template(CHART / "ci" / "tenancy-values.yaml")
    rules = parse_access_file(
        only(documents, "ConfigMap", f"{RELEASE}-access")["data"]["access.yaml"].encode(), "access.yaml"
    )
    mounts = {mount["name"]: mount["mountPath"] for mount in container_of(documents)["volumeMounts"]}

    assert settings_of(documents)["AZVPN_ACCESS_FILE"] == f"{mounts['access']}/access.yaml"
    assert [Path(identity.client_secret_file).parent for identity in rules.identities] == [Path(mounts["identities"])]


def test_a_plan_finds_settings_and_access_file_where_the_chart_puts_them(helm: Helm) -> None:
    documents = helm.template(CHART / "ci" / "tenancy-values.yaml")
    variables = settings_of(documents)

    found = find_settings(Rendered(documents), NAMESPACE, None)

    assert found.settings.installation_id == variables["AZVPN_INSTALLATION_ID"]
    assert found.rules.entries
    assert found.unknown == ""


class Rendered(Kubectl):
    """kubectl over what helm has rendered."""

    def __init__(self, documents: Sequence[dict[str, Any]]) -> None:
        super().__init__(argparse.Namespace())
        self._documents = documents

    @override
    def in_namespace(self, namespace: str) -> "Rendered":
        assert namespace == NAMESPACE
        return self

    @override
    def list(self, kind: str, *, everywhere: bool = False, selector: str = "") -> Sequence[dict[str, Any]]:
        assert kind == "deployments.apps"
        found = only(self._documents, "Deployment")
        label, _, value = selector.partition("=")
        return [found] if found["metadata"]["labels"].get(label) == value else []

    @override
    def get(self, kind: str, name: str) -> dict[str, Any]:
        assert kind == "configmaps"
        return only(self._documents, "ConfigMap", name)


def test_a_digest_wins_over_a_tag(helm: Helm) -> None:
    digest = f"sha256:{'0' * 64}"

    tagged = container_of(helm.template(INSTALLED | {"image.tag": "1.2"}))["image"]
    pinned = container_of(helm.template(INSTALLED | {"image.tag": "1.2", "image.digest": digest}))["image"]
    assert (tagged, pinned) == (f"{RELEASE}:1.2", f"{RELEASE}@{digest}")


def test_workload_identity_is_the_webhooks_business_or_the_charts(helm: Helm) -> None:
    webhook = helm.template(CHART / "ci" / "workload-identity-values.yaml")
    own = helm.template(CHART / "ci" / "no-webhook-values.yaml")

    annotations = only(webhook, "ServiceAccount")["metadata"]["annotations"]
    assert annotations["azure.workload.identity/client-id"] == "33333333-3333-4333-8333-333333333333"
    assert pod_of(webhook)["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "AZURE_CLIENT_ID" not in settings_of(webhook)
    assert "azure.workload.identity/use" not in pod_of(own)["metadata"]["labels"]
    (volume,) = pod_of(own)["spec"]["volumes"]
    token = volume["projected"]["sources"][0]["serviceAccountToken"]
    mount = container_of(own)["volumeMounts"][0]["mountPath"]
    assert settings_of(own)["AZURE_FEDERATED_TOKEN_FILE"] == f"{mount}/{token['path']}"
    assert (token["audience"], token["expirationSeconds"]) == ("api://AzureADTokenExchange", 7200)


def test_namespaced_mode_makes_nothing_that_belongs_to_the_cluster(helm: Helm) -> None:
    documents = helm.template(CHART / "ci" / "namespaced-values.yaml")

    assert [key_of(document) for document in documents if "namespace" not in document["metadata"]] == []
    roles = [key_of(document)[1:] for document in documents if document["kind"] == "Role"]
    assert sorted(roles) == [
        (NAMESPACE, RELEASE),
        (NAMESPACE, f"{RELEASE}-reconcile"),
        (NAMESPACE, f"{RELEASE}-watch-secrets"),
        ("red-network", RELEASE),
        ("red-network", f"{RELEASE}-watch-secrets"),
    ]


def test_namespaced_mode_keeps_the_rights_that_a_deleted_namespace_takes_along(helm: Helm) -> None:
    documents = helm.template(INSTALLED | {"watchNamespaces": ["red-network"]})

    roles = {document["metadata"]["name"]: document for document in documents if document["kind"] == "ClusterRole"}
    kept = roles[f"{RELEASE}-namespace-deletion"]
    assert {resource for rule in kept["rules"] for resource in rule["resources"]} == {
        *("ipsecpolicies", "vpnconnections"),
        *("ipsecpolicies/status", "vpnconnections/status"),
    }
    binding = next(document for document in documents if document["kind"] == "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == kept["metadata"]["name"]


def test_an_operator_for_the_whole_cluster_needs_no_second_role(helm: Helm) -> None:
    names = [document["metadata"]["name"] for document in helm.template(INSTALLED)]

    assert f"{RELEASE}-namespace-deletion" not in names


def test_two_releases_of_a_cluster_share_no_object(helm: Helm) -> None:
    first, second = (helm.template(values) for values in (INSTALLED, CHART / "ci" / "second-release-values.yaml"))

    assert not {key_of(document) for document in first} & {key_of(document) for document in second}
    assert settings_of(second)["AZVPN_LEASE_NAME"] == "north"
    own = next(document for document in second if key_of(document) == ("Role", NAMESPACE, "north"))
    leases = [rule for rule in own["rules"] if "leases" in rule["resources"] and "resourceNames" in rule]
    assert [rule["resourceNames"] for rule in leases] == [["north"]]


@pytest.mark.parametrize("has_it", [True, False])
def test_a_service_monitor_is_made_where_the_cluster_has_that_kind(helm: Helm, has_it: bool) -> None:
    apis = ("--api-versions", "monitoring.coreos.com/v1/ServiceMonitor") if has_it else ()
    documents = helm.template(INSTALLED | {"metrics.serviceMonitor.enabled": True}, *apis)

    assert ("ServiceMonitor" in {document["kind"] for document in documents}) == has_it


def test_the_chart_can_be_a_dependency_with_a_condition(helm: Helm, tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / CHART.name).symlink_to(CHART)
    dependency = {"name": CHART.name, "version": "0.1.0", "condition": f"{CHART.name}.enabled"}
    about = {"apiVersion": "v2", "name": "parent", "version": "1.0.0", "dependencies": [dependency]}
    (parent / "Chart.yaml").write_text(json.dumps(about))
    shared = {"global.region": "eu", f"{CHART.name}.enabled": True, f"{CHART.name}.installationId": "prod-eu"}

    made = helm.do("template", "p", parent, *flags(shared))
    without = helm.do("template", "p", parent, *flags(shared | {f"{CHART.name}.enabled": False}))

    assert "kind: Deployment" in made
    assert without.strip() == ""


def test_the_package_has_everything_and_fits_into_a_release(helm: Helm, tmp_path: Path) -> None:
    helm.do("package", CHART, "--destination", tmp_path)
    (package,) = tmp_path.iterdir()

    made = helm.do("template", RELEASE, package, *flags(INSTALLED), "--namespace", NAMESPACE)
    assert made == helm.do("template", RELEASE, CHART, *flags(INSTALLED), "--namespace", NAMESPACE)
    # A release is a Secret, and holds the package and what was rendered, compressed; a Secret may have a mebibyte.
    assert package.stat().st_size < 200_000


async def exists(plane: ControlPlane, path: str) -> bool:
    async with plane.client() as admin:
        try:
            await call(admin, "GET", path)
        except ApiError as error:
            if error.status != 404:
                raise
            return False
    return True


async def until_gone(plane: ControlPlane, path: str, seconds: float = 60) -> None:
    """The server deletes what a CRD takes along after its answer."""
    deadline = time.monotonic() + seconds
    while await exists(plane, path):
        assert time.monotonic() < deadline, f"{path} is still there after {seconds:g} s"
        await asyncio.sleep(0.2)


CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/vpnconnections.azvpn.dev"
CONNECTION = "/apis/azvpn.dev/v1alpha1/namespaces/network/vpnconnections/c1"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{RELEASE}"


@pytest.fixture(params=["helm", pytest.param("helm3", marks=pytest.mark.exhaustive)])
async def cluster_helm(
    request: pytest.FixtureRequest, own_control_plane: ControlPlane, chart_tools: Mapping[str, Path], tmp_path: Path
) -> Helm:
    """The real helm with a real API server. No pods run, so nothing waits for them."""
    await own_control_plane.create_namespace("network")
    return Helm(chart_tools[request.param], tmp_path / "home", own_control_plane.kubeconfig)


def install(helm: Helm, *arguments: str, values: Mapping[str, Any] = INSTALLED) -> str:
    return helm.do(
        "install", RELEASE, CHART, "--namespace", NAMESPACE, "--create-namespace", *flags(values), *arguments
    )


async def test_objects_outlive_upgrade_rollback_and_uninstall(
    cluster_helm: Helm, own_control_plane: ControlPlane
) -> None:
    plane = own_control_plane
    notes = install(cluster_helm)
    assert f"rollout status deployment/{RELEASE}" in notes
    wanted = connection({"name": "c1", "namespace": "network", "finalizers": ["azvpn.dev/connection"]})
    await plane.apply_objects(policy({"name": "p1", "namespace": "network"}), wanted)
    async with plane.client() as admin:
        before = await call(admin, "GET", CONNECTION)

    cluster_helm.do("upgrade", RELEASE, CHART, "--namespace", NAMESPACE, *flags(INSTALLED | {"workers": 20}))
    async with plane.client() as admin:
        settings = await call(admin, "GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/{RELEASE}-settings")
    assert settings["data"]["AZVPN_WORKERS"] == "20"

    cluster_helm.do("rollback", RELEASE, "1", "--namespace", NAMESPACE)
    async with plane.client() as admin:
        settings = await call(admin, "GET", f"/api/v1/namespaces/{NAMESPACE}/configmaps/{RELEASE}-settings")
        assert settings["data"]["AZVPN_WORKERS"] == "10"
        release = await call(admin, "GET", f"/api/v1/namespaces/{NAMESPACE}/secrets/sh.helm.release.v1.{RELEASE}.v3")
        assert len(release["data"]["release"]) < 500_000

    said = cluster_helm.do("uninstall", RELEASE, "--namespace", NAMESPACE)
    assert "kept due to the resource policy" in said
    assert not await exists(plane, DEPLOYMENT)
    assert await exists(plane, CRD)
    async with plane.client() as admin:
        assert await call(admin, "GET", CONNECTION) == before

    # The same release takes up again what it has left.
    install(cluster_helm)
    assert await exists(plane, DEPLOYMENT)
    async with plane.client() as admin:
        assert await call(admin, "GET", CONNECTION) == before


async def test_an_upgrade_brings_new_fields_of_the_kinds(
    cluster_helm: Helm, own_control_plane: ControlPlane, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    shutil.copytree(CHART, older, symlinks=True)
    crd = yaml.safe_load((older / "files" / "vpnconnections.yaml").read_text())
    spec = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    del spec["properties"]["suspend"]
    (older / "files" / "vpnconnections.yaml").write_text(yaml.safe_dump(crd))
    cluster_helm.do("install", RELEASE, older, "--namespace", NAMESPACE, "--create-namespace", *flags(INSTALLED))

    cluster_helm.do("upgrade", RELEASE, CHART, "--namespace", NAMESPACE, *flags(INSTALLED))

    async with own_control_plane.client() as admin:
        stored = await call(admin, "GET", CRD)
    schema = stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert "suspend" in schema["properties"]["spec"]["properties"]


async def test_what_kustomize_installed_is_taken_over_without_a_gap(
    cluster_helm: Helm, own_control_plane: ControlPlane
) -> None:
    await own_control_plane.apply(ROOT / "crds")
    await own_control_plane.apply(ROOT / "manifests" / "base" / "namespace.yaml")
    await own_control_plane.apply(ROOT / "manifests" / "base" / "rbac.yaml")
    await own_control_plane.apply(ROOT / "manifests" / "base" / "secret-access.yaml")
    await own_control_plane.apply_objects(connection({"name": "c1", "namespace": "network"}))

    refused = cluster_helm.run("install", RELEASE, CHART, "--namespace", NAMESPACE, *flags(INSTALLED))
    assert "invalid ownership metadata" in refused.stderr
    # Only Helm 4 applies on the server, where what somebody else has applied is a conflict.
    is_new = cluster_helm.do("version", "--short").startswith("v4")
    install(cluster_helm, "--take-ownership", *(("--force-conflicts",) if is_new else ()))

    assert await exists(own_control_plane, CONNECTION)
    assert await exists(own_control_plane, DEPLOYMENT)


async def test_crds_that_are_not_kept_take_every_object_with_them(
    cluster_helm: Helm, own_control_plane: ControlPlane
) -> None:
    """That is what crds.keep is for, and why it is true if nobody says otherwise."""
    install(cluster_helm, values=INSTALLED | {"crds.keep": False})
    await own_control_plane.apply_objects(connection({"name": "c1", "namespace": "network"}))

    said = cluster_helm.do("uninstall", RELEASE, "--namespace", NAMESPACE)

    assert "kept" not in said
    await until_gone(own_control_plane, CONNECTION)
    await until_gone(own_control_plane, CRD)


@pytest.mark.parametrize("values", CI_VALUES, ids=values_id)
async def test_every_rendering_is_accepted_by_the_api_server(
    helm: Helm, values: Path, control_plane: ControlPlane, azvpn_crds: None
) -> None:
    documents = [
        document
        for document in helm.template(values)
        if not document["apiVersion"].startswith("monitoring.coreos.com/")
    ]
    for namespace in {document["metadata"].get("namespace") for document in documents} - {None}:
        await control_plane.apply_objects({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
    async with control_plane.client() as admin:
        for document in documents:
            await dry_run(admin, document)


async def dry_run(admin: Any, document: dict[str, Any]) -> None:
    """What `kubectl apply --dry-run=server` asks, with unknown fields refused; raises ApiError."""
    group_version = document["apiVersion"]
    root = f"/api/{group_version}" if "/" not in group_version else f"/apis/{group_version}"
    listing = await call(admin, "GET", root)
    (plural,) = [
        item["name"] for item in listing["resources"] if item["kind"] == document["kind"] and "/" not in item["name"]
    ]
    namespace = document["metadata"].get("namespace")
    scope = f"/namespaces/{namespace}" if namespace else ""
    query = {"dryRun": "All", "fieldManager": "dry-run", "fieldValidation": "Strict", "force": "true"}
    await call(
        admin,
        "PATCH",
        f"{root}{scope}/{plural}/{document['metadata']['name']}",
        body=document,
        query=query,
        content_type="application/apply-patch+yaml",
    )


@pytest.mark.parametrize("values", CI_VALUES, ids=values_id)
async def test_every_pod_fits_the_restricted_standard(helm: Helm, values: Path, control_plane: ControlPlane) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "restricted", "labels": labels}}
    await control_plane.apply_objects(namespace)
    pod = {"apiVersion": "v1", "kind": "Pod", **pod_of(helm.template(values))}
    pod["metadata"] = {**pod["metadata"], "name": values_id(values), "namespace": "restricted"}
    pod["spec"] = {**pod["spec"], "automountServiceAccountToken": False}
    pod["spec"].pop("priorityClassName", None)  # may not be used outside of kube-system by everybody

    async with control_plane.client() as admin:
        await dry_run(admin, pod)
