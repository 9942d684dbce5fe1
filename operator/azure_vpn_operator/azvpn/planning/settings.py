"""With what the operator decides: settings and access rules, from the user, else from its Deployment in the cluster."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from azure_vpn_operator.app.access_file import AccessFileError, load_access_file, parse_access_file
from azure_vpn_operator.app.settings import Environment, Settings
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.kubectl import Kubectl
from azure_vpn_operator.azvpn.planning.deployment import INSTALLATION_ID, Installed, find_installed
from azure_vpn_operator.domain.access import EVERYTHING, AccessRules

_PREFIX: Final = "AZVPN_"
_ACCESS_FILE: Final = "AZVPN_ACCESS_FILE"
_SUBSCRIPTION: Final = "AZURE_SUBSCRIPTION_ID"


@dataclass(frozen=True, slots=True)
class Decided:
    """What the operator of this cluster decides with."""

    settings: Settings
    environment: Environment
    rules: AccessRules = EVERYTHING
    """Without identities: Azure is asked as whoever asks for the plan."""
    unknown: str = ""
    """What could not be found out, in words."""


def find_settings(
    kubectl: Kubectl, operator_namespace: str, installation_id: str | None, access_file: str | None = None
) -> Decided:
    """Flags come before variables `AZVPN_*`, and those before the Deployment's.

    Raises ToolError if nobody says which installation it is, if a setting is none, or if the access file is none.
    """
    own = {name: value for name, value in os.environ.items() if name.startswith(_PREFIX)}
    if installation_id:
        own[INSTALLATION_ID] = installation_id
    installed = find_installed(kubectl, operator_namespace, own.get(INSTALLATION_ID))
    merged = {**(installed.variables if installed is not None else {}), **own}
    if not merged.get(INSTALLATION_ID):
        raise ToolError(
            "which installation of the operator this is cannot be told: give --installation-id, or --operator-namespace if the "
            f"operator is not in {operator_namespace}"
        )
    rules, unknown = _find_rules(access_file or own.get(_ACCESS_FILE), installed)
    return Decided(_settings(merged), _environment(merged), rules, unknown)


def _settings(variables: Mapping[str, str]) -> Settings:
    fields: dict[str, Any] = {
        field: variables[variable]
        for field in Settings.model_fields
        if (variable := f"{_PREFIX}{field.upper()}") in variables
    }
    # Nothing of these is there where a person's shell is.
    fields |= {"access_file": "", "log_format": "text"}
    try:
        return Settings(**fields)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ToolError(f"the operator's settings cannot be used: {problems}") from None


def _environment(variables: Mapping[str, str]) -> Environment:
    return Environment(azure_subscription_id=os.environ.get(_SUBSCRIPTION) or variables.get(_SUBSCRIPTION))


def _find_rules(file: str | None, installed: Installed | None) -> tuple[AccessRules, str]:
    """The access rules, and what could not be found out about them."""
    try:
        if file:
            return _without_identities(load_access_file(file)), ""
        path = installed.variables.get(_ACCESS_FILE) if installed is not None else None
        if installed is None or not path:
            return EVERYTHING, ""
        try:
            content = installed.read_file(path)
        except ToolError as error:
            return EVERYTHING, f"the operator has an access file, and it could not be read: {error}"
        return _without_identities(parse_access_file(content.encode(), path)), ""
    except AccessFileError as error:
        raise ToolError(f"the access file cannot be used: {error}") from None


def _without_identities(rules: AccessRules) -> AccessRules:
    return replace(rules, entries=tuple(replace(entry, identity=None) for entry in rules.entries))
