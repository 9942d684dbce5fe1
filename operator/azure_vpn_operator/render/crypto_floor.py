"""The crypto floors as ValidatingAdmissionPolicies: one file for each floor, which kustomize and the chart both take."""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from azure_vpn_operator.api.ipsec_policy import IpsecPolicy
from azure_vpn_operator.api.kinds import GROUP, VERSION
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.rules.crypto_floor import FLOORS, CryptoFloor, floor_rules
from azure_vpn_operator.domain.rules.rule import Rule, join
from azure_vpn_operator.render.crds import HEADER

FOLDER: Final = "manifests/crypto-floor"
NAME: Final = "azvpn-crypto-floor"
_API: Final = "admissionregistration.k8s.io/v1"
_LABELS: Final = {"app.kubernetes.io/name": "azure-vpn-operator", "app.kubernetes.io/component": "admission"}
_CONNECTION_FIELDS: Final = ("ipsecPolicyRef", "connectionProtocol", "managementPolicy")


def render_crypto_floors() -> dict[str, str]:
    """Return the files, path to text."""
    files = {}
    for floor in CryptoFloor:
        files[floor_path(floor)] = HEADER + yaml.safe_dump_all(build_floor(floor), sort_keys=False, width=140)
        kustomization = {
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": ["crypto-floor.yaml"],
        }
        files[f"{FOLDER}/{floor}/kustomization.yaml"] = HEADER + yaml.safe_dump(kustomization, sort_keys=False)
    return files


def floor_path(floor: CryptoFloor) -> str:
    """Return where the objects of a floor are."""
    return f"{FOLDER}/{floor}/crypto-floor.yaml"


def build_floor(floor: CryptoFloor) -> list[dict[str, Any]]:
    """Return a policy and its binding for each kind; they warn until somebody says Deny."""
    return [
        *_objects(floor, IpsecPolicy.KIND, IpsecPolicy.PLURAL, tuple(FLOORS[floor])),
        *_objects(floor, VpnConnection.KIND, VpnConnection.PLURAL, _CONNECTION_FIELDS),
    ]


def _objects(floor: CryptoFloor, kind: str, plural: str, fields: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    name = f"{NAME}-{plural}"
    yield {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": name, "labels": _LABELS},
        "spec": {
            "failurePolicy": "Fail",
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
                "resourceRules": [
                    {
                        "apiGroups": [GROUP],
                        "apiVersions": [VERSION],
                        "resources": [plural],
                        "operations": ["CREATE", "UPDATE"],
                        "scope": "Namespaced",
                    }
                ],
            },
            # What is stored is not judged again: labels, finalizers and other fields of old objects can be written.
            "matchConditions": [{"name": "values-are-new", "expression": _is_new(fields)}],
            "validations": [_validation(rule) for rule in floor_rules(floor, kind)],
        },
    }
    yield {
        "apiVersion": _API,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name, "labels": _LABELS},
        "spec": {"policyName": name, "validationActions": ["Warn", "Audit"]},
    }


def _is_new(fields: tuple[str, ...]) -> str:
    changed = (f"object.spec.?{field} != oldObject.spec.?{field}" for field in fields)
    return f"oldObject == null || {' || '.join(changed)}"


def _validation(rule: Rule) -> dict[str, str]:
    (place,) = rule.at
    return {
        "expression": re.sub(r"\bself\b", join("object", place), rule.cel),
        "reason": "Invalid",
        "message": rule.text,
    }
