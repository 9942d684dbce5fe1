"""With which settings a plan is made: the user's word, else that of the operator's Deployment."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from azure_vpn_operator.api.vpn_connection import AdoptionPolicy
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.planning.settings import find_settings


class Deployments:
    """kubectl, as far as it is asked here."""

    def __init__(self, variables: Mapping[str, str] | None) -> None:
        self._variables = variables

    def in_namespace(self, namespace: str) -> "Deployments":
        assert namespace == "azure-vpn-system"
        return self

    def list(self, kind: str, *, selector: str) -> Sequence[Any]:
        assert (kind, selector) == ("deployments.apps", "app.kubernetes.io/name=azure-vpn-operator")
        if self._variables is None:
            raise ToolError("Error from server (Forbidden)")
        env = [{"name": name, "value": value} for name, value in self._variables.items()]
        hidden = {"name": "AZURE_CLIENT_SECRET", "valueFrom": {"secretKeyRef": {}}}
        return [{"spec": {"template": {"spec": {"containers": [{"env": [*env, hidden]}, {}]}}}}]


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZVPN_INSTALLATION_ID", "AZVPN_ADOPTION_POLICY", "AZURE_SUBSCRIPTION_ID"):
        monkeypatch.delenv(name, raising=False)


def test_the_deployment_says_what_nobody_else_says():
    given = {"AZVPN_INSTALLATION_ID": "prod", "AZVPN_ADOPTION_POLICY": "Never", "AZURE_SUBSCRIPTION_ID": "s"}
    settings, environment = find_settings(Deployments(given), "azure-vpn-system", None)  # type: ignore[arg-type]
    assert (settings.installation_id, settings.adoption_policy) == ("prod", AdoptionPolicy.NEVER)
    assert environment.azure_subscription_id == "s"


def test_the_user_comes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_ADOPTION_POLICY", "Always")
    settings, _ = find_settings(Deployments(None), "azure-vpn-system", "mine")  # type: ignore[arg-type]
    assert (settings.installation_id, settings.adoption_policy) == ("mine", AdoptionPolicy.ALWAYS)


@pytest.mark.parametrize("given", [None, {}], ids=["may not be read", "says nothing"])
def test_without_an_installation_there_is_no_plan(given: Mapping[str, str] | None):
    with pytest.raises(ToolError, match="give --installation-id"):
        find_settings(Deployments(given), "azure-vpn-system", None)  # type: ignore[arg-type]


def test_a_setting_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AZVPN_ADOPTION_POLICY", "Sometimes")
    with pytest.raises(ToolError, match="adoption_policy"):
        find_settings(Deployments(None), "azure-vpn-system", "mine")  # type: ignore[arg-type]
