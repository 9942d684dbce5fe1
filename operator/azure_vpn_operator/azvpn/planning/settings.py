"""The operator's settings, on which its decisions depend: from the user, else from the Deployment in the cluster."""

import os
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Kubectl

OPERATOR_NAMESPACE: Final = "azure-vpn-system"
_PREFIX: Final = "AZVPN_"
_SUBSCRIPTION: Final = "AZURE_SUBSCRIPTION_ID"
_SELECTOR: Final = "app.kubernetes.io/name=azure-vpn-operator"


def find_settings(
    kubectl: Kubectl, operator_namespace: str, installation_id: str | None
) -> tuple[Settings, Environment]:
    """What the operator of this cluster decides with: flags before variables `AZVPN_*` before its Deployment's.

    Raises ToolError if nobody says which installation it is, or if a setting is none.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    named = installation_id or own.get(f"{_PREFIX}INSTALLATION_ID")
    given = _of_deployment(kubectl, operator_namespace) if not named else {}
    if installation_id:
        own[f"{_PREFIX}INSTALLATION_ID"] = installation_id
    merged = {**given, **own}
    if not merged.get(f"{_PREFIX}INSTALLATION_ID"):
        raise ToolError(
            "which installation of the operator this is cannot be told: give --installation-id, or --operator-namespace if the "
            f"operator is not in {operator_namespace}"
        )
    fields: dict[str, Any] = {
        field: merged[variable]
        for field in Settings.model_fields
        if (variable := f"{_PREFIX}{field.upper()}") in merged
    }
    # Nothing of these is there where a person's shell is.
    fields |= {"access_file": "", "log_format": "text"}
    subscription = os.environ.get(_SUBSCRIPTION) or given.get(_SUBSCRIPTION)
    try:
        return Settings(**fields), Environment(azure_subscription_id=subscription)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ToolError(f"the operator's settings cannot be used: {problems}") from None


def _of_deployment(kubectl: Kubectl, namespace: str) -> Mapping[str, str]:
    """The variables that the operator's Deployment sets in plain text; empty if there is none, or it may not be read."""
    try:
        found = kubectl.in_namespace(namespace).list("deployments.apps", selector=_SELECTOR)
    except ToolError:
        return {}
    return {
        str(item["name"]): str(item["value"])
        for deployment in found
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for item in _variables(container)
        if "value" in item
    }


def _variables(container: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [item for item in container.get("env") or [] if isinstance(item, Mapping)]
