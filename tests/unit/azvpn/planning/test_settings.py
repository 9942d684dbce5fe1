"""With which settings and access rules a plan is made: the user's word, else that of the operator's Deployment."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from azure_vpn_operator.api.vpn_connection import AdoptionPolicy
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Kubectl
from azure_vpn_operator.azvpn.planning.settings import Decided, find_settings
from azure_vpn_operator.domain.access import EVERYTHING

NAMESPACE = "azure-vpn-system"
ACCESS = "default: Allow\nnamespaces: [{names: [team-*], resourceGroups: [TestRG1]}]\n"
IDENTITIES = (
    "identities: [{name: a, managedIdentity: true}]\nnamespaces: [{names: [x], identity: a, resourceGroups: [B]}]\n"
)
MOUNTED = "/etc/azure-vpn-operator/access"


class Cluster(Kubectl):
    """kubectl, as far as it is asked here."""

    def __init__(
        self, *deployments: dict[str, Any], maps: Mapping[str, Mapping[str, str]] | None = None, hidden: bool = False
    ) -> None:
        super().__init__(argparse.Namespace())
        self._deployments, self._maps, self._hidden = deployments, maps or {}, hidden

    @override
    def in_namespace(self, namespace: str) -> "Cluster":
        assert namespace == NAMESPACE
        return self

    @override
    def list(self, kind: str, *, everywhere: bool = False, selector: str = "") -> Sequence[Any]:
        assert (kind, selector) == ("deployments.apps", "app.kubernetes.io/name=azure-vpn-operator")
        if self._hidden:
            raise ToolError("Error from server (Forbidden)")
        return self._deployments

    @override
    def get(self, kind: str, name: str) -> Any:
        assert kind == "configmaps"
        if name not in self._maps:
            raise ToolError(f'configmaps "{name}" is forbidden')
        return {"data": self._maps[name]}


def deployment(env: Mapping[str, str] | None = None, *, name: str = "operator", **pod: Any) -> dict[str, Any]:
    """As the chart makes it: some variables from a ConfigMap, some in plain text, some from where nobody sees them."""
    container = {
        "env": [
            *({"name": key, "value": value} for key, value in (env or {}).items()),
            {"name": "AZURE_CLIENT_SECRET", "valueFrom": {"secretKeyRef": {}}},
        ],
        "envFrom": [{"configMapRef": {"name": f"{name}-settings"}}, {"secretRef": {"name": "credentials"}}],
        "volumeMounts": [{"name": "access", "mountPath": MOUNTED}],
    }
    spec = {"containers": [container, {}], "volumes": [{"name": "access", "configMap": {"name": "rules"}}], **pod}
    return {"metadata": {"name": name}, "spec": {"template": {"spec": spec}}}


def find(cluster: Cluster, installation: str | None = None, access_file: str | None = None) -> Decided:
    return find_settings(cluster, NAMESPACE, installation, access_file)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZVPN_INSTALLATION_ID", "AZVPN_ADOPTION_POLICY", "AZVPN_ACCESS_FILE", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)


SETTINGS = {"AZVPN_INSTALLATION_ID": "prod", "AZVPN_ADOPTION_POLICY": "Never", "AZURE_SUBSCRIPTION_ID": "s"}


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(Cluster(deployment(SETTINGS)), id="by itself"),
        pytest.param(
            Cluster(deployment(), maps={"operator-settings": SETTINGS}), id="by a ConfigMap, as the chart does"
        ),
        pytest.param(
            Cluster(
                deployment({"AZVPN_ADOPTION_POLICY": "Never"}),
                maps={"operator-settings": SETTINGS | {"AZVPN_ADOPTION_POLICY": "Always"}},
            ),
            id="its own word comes after a ConfigMap's",
        ),
    ],
)
def test_the_deployment_says_what_nobody_else_says(cluster: Cluster):
    found = find(cluster)
    assert (found.settings.installation_id, found.settings.adoption_policy) == ("prod", AdoptionPolicy.NEVER)
    assert found.environment.azure_subscription_id == "s"
    assert (found.rules, found.unknown) == (EVERYTHING, "")


def test_the_user_comes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_ADOPTION_POLICY", "Always")
    found = find(Cluster(deployment(SETTINGS | {"AZVPN_MAX_DISRUPTIONS": "3"})), "prod").settings
    assert (found.installation_id, found.adoption_policy, found.max_disruptions) == ("prod", AdoptionPolicy.ALWAYS, 3)


def test_one_of_several_installations_is_found_by_its_name():
    other = deployment({"AZVPN_INSTALLATION_ID": "test", "AZVPN_MAX_DISRUPTIONS": "7"}, name="test")
    assert find(Cluster(deployment(SETTINGS), other), "test").settings.max_disruptions == 7
    hidden = deployment({"AZVPN_MAX_DISRUPTIONS": "9"}, name="hidden")
    assert find(Cluster(hidden, other), "test").settings.max_disruptions == 7, (
        "one that may be it comes after one that is"
    )
    assert find(Cluster(hidden, other), "mine").settings.max_disruptions == 9
    with pytest.raises(ToolError, match=r"several operators: operator \(prod\), test \(test\); give --installation-id"):
        find(Cluster(deployment(SETTINGS), other))


@pytest.mark.parametrize(
    "cluster",
    [
        pytest.param(Cluster(hidden=True), id="may not be read"),
        pytest.param(Cluster(), id="is not there"),
        pytest.param(Cluster(deployment()), id="says nothing that may be read"),
    ],
)
def test_without_an_installation_there_is_no_plan(cluster: Cluster):
    with pytest.raises(ToolError, match="give --installation-id"):
        find(cluster)
    assert find(cluster, "mine").settings.installation_id == "mine"


def test_a_setting_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_ADOPTION_POLICY", "Sometimes")
    with pytest.raises(ToolError, match="adoption_policy"):
        find(Cluster(hidden=True), "mine")


def guarded(text: str | None = ACCESS, **pod: Any) -> Cluster:
    """An operator with an access file."""
    variables = SETTINGS | {"AZVPN_ACCESS_FILE": f"{MOUNTED}/access.yaml"}
    return Cluster(deployment(variables, **pod), maps={"rules": {"access.yaml": text}} if text is not None else {})


def test_the_access_file_is_that_of_the_deployment():
    found = find(guarded())
    assert found.rules.allow_others
    assert [(entry.names, entry.resource_groups) for entry in found.rules.entries] == [(("team-*",), {"testrg1"})]
    assert found.unknown == ""


def test_an_entry_of_the_config_map_may_have_another_name():
    items = [{"key": "access.yaml", "path": "renamed.yaml"}]
    volumes = [{"name": "access", "configMap": {"name": "rules", "items": items}}]
    variables = SETTINGS | {"AZVPN_ACCESS_FILE": f"{MOUNTED}/renamed.yaml"}
    assert find(Cluster(deployment(variables, volumes=volumes), maps={"rules": {"access.yaml": ACCESS}})).rules.entries


def test_identities_are_the_operators_and_not_those_of_whoever_plans():
    rules = find(guarded(IDENTITIES)).rules
    assert [(entry.identity, entry.resource_groups) for entry in rules.entries] == [(None, {"b"})]


@pytest.mark.parametrize(
    ("cluster", "why"),
    [
        pytest.param(guarded(None), 'configmaps "rules" is forbidden', id="it may not be read"),
        pytest.param(guarded(volumes=[]), "no ConfigMap", id="it is no ConfigMap"),
        pytest.param(
            Cluster(deployment(SETTINGS | {"AZVPN_ACCESS_FILE": "/elsewhere/a.yaml"})),
            "mounts nothing",
            id="in the image",
        ),
        pytest.param(
            Cluster(deployment(SETTINGS | {"AZVPN_ACCESS_FILE": f"{MOUNTED}/b"}), maps={"rules": {}}),
            "has no b",
            id="gone",
        ),
    ],
)
def test_rules_that_cannot_be_read_are_said_to_be_missing(cluster: Cluster, why: str):
    found = find(cluster)
    assert found.rules == EVERYTHING
    assert why in found.unknown


def test_a_file_of_the_user_comes_first(tmp_path: Path):
    file = tmp_path / "access.yaml"
    file.write_text("default: Deny\n")
    assert not find(guarded(), access_file=str(file)).rules.allow_others
    file.write_text("default: Perhaps\n")
    with pytest.raises(ToolError, match="the access file cannot be used"):
        find(guarded(), access_file=str(file))
