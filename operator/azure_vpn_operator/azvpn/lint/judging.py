"""One object: what the API server would refuse, what is below the crypto floor, and what may be regretted."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeGuard

from azure_vpn_operator.api.kinds import API_VERSION, GROUP, IPSEC_POLICY, VPN_CONNECTION
from azure_vpn_operator.azvpn.lint.composing import Json
from azure_vpn_operator.azvpn.lint.documents import Document
from azure_vpn_operator.azvpn.lint.findings import Finding, Severity
from azure_vpn_operator.domain.rules.advice import connection_warnings, policy_warnings
from azure_vpn_operator.domain.rules.crypto_floor import CryptoFloor, check_floor, floor_source
from azure_vpn_operator.domain.rules.examination import RULES, examine_manifest
from azure_vpn_operator.domain.rules.violations import Remark, Violation

SCHEMAS: Final = Path(__file__).with_name("schemas.json")
"""Generated: the structural schemas, so that the models that they are made from need not be loaded."""
_ABOUT_STRENGTH: Final = frozenset(
    {"broken-algorithm", "weak-algorithm", "no-forward-secrecy", "default-policy-group-2", "ikev1-deprecated"}
)
"""Advice that is about how strong the encryption is: without a profile nobody asked."""
_NOTES: Final = frozenset(
    {
        *("no-forward-secrecy", "pfs-main-mode", "ike-integrity-gcm", "short-lifetime", "small-data-size"),
        *("dpd-timeout", "short-confirm"),
    }
)
"""Advice about what somebody may well have meant."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object of one of our kinds."""

    kind: str
    namespace: str
    name: str
    document: Document
    whole: Json
    """As the API server would store it, reduced to kind, metadata and spec."""
    valid: bool
    """Whether the API server would take it; only then rules about several objects may read its spec."""

    @property
    def title(self) -> str:
        """Kind, namespace and name."""
        return f"{self.kind} {self.namespace}/{self.name}"


def is_ours(value: Json) -> bool:
    """Whether a document means to be an object of one of our kinds, however wrong it is."""
    if not isinstance(value, dict):
        return False
    version = value.get("apiVersion")
    if isinstance(version, str) and version.partition("/")[0] == GROUP:
        return True
    return version is None and _is_kind(value.get("kind"))


def _is_kind(kind: object) -> TypeGuard[str]:
    return isinstance(kind, str) and kind in RULES


def read_manifest(document: Document, namespace: str) -> tuple[Manifest | None, list[Finding]]:
    """Judge an object that `is_ours` by the rules of the API server; None if it is of no kind that we have."""
    value = document.value
    kind, version = value.get("kind"), value.get("apiVersion")
    if not _is_kind(kind) or version != API_VERSION:
        return None, [_of_no_kind(document, kind, version)]
    metadata = value.get("metadata")
    given = metadata if isinstance(metadata, Mapping) else {}
    name, where = given.get("name") or given.get("generateName"), given.get("namespace")
    schemas = load_schemas()[kind]
    whole, violations = examine_manifest(value, schemas["spec"], schemas["status"])
    manifest = Manifest(
        kind=kind,
        namespace=where if isinstance(where, str) and where else namespace,
        name=name if isinstance(name, str) else "",
        document=document,
        whole=whole,
        valid=not violations,
    )
    findings = [_refusal(manifest, violation) for violation in violations]
    return manifest, findings


def judge_strength(manifest: Manifest, floor: CryptoFloor | None) -> Iterator[Finding]:
    """Yield warnings and notes about a valid object. Where the floor says something of a field, advice about it is left out."""
    said = set()
    if floor is not None:
        for violation in check_floor(floor, manifest.whole):
            said.add(violation.field)
            source = floor_source(floor, violation.rule)
            yield _found(manifest, Severity.WARNING, violation.rule, violation.field, violation.message, source=source)
    for remark in _remarks(manifest.kind, manifest.whole["spec"]):
        if remark.field in said or (floor is None and remark.id in _ABOUT_STRENGTH):
            continue
        severity = Severity.NOTE if remark.id in _NOTES else Severity.WARNING
        yield _found(manifest, severity, remark.id, remark.field, remark.message)


@cache
def load_schemas() -> Mapping[str, Mapping[str, Any]]:
    """Kind -> `spec` and `status` -> structural schema."""
    schemas: Mapping[str, Mapping[str, Any]] = json.loads(SCHEMAS.read_text(encoding="utf-8"))
    return schemas


def _remarks(kind: str, spec: Json) -> tuple[Remark, ...]:
    return connection_warnings(spec, None) if kind == VPN_CONNECTION else policy_warnings(spec)


def _of_no_kind(document: Document, kind: object, version: object) -> Finding:
    kinds = f"{IPSEC_POLICY} and {VPN_CONNECTION}"
    if _is_kind(kind):
        found = f"not `{version}`" if version is not None else "and is not there"
        message, field = f"apiVersion must be {API_VERSION}, {found}", "apiVersion"
    else:
        message, field = f"{version} has the kinds {kinds} in the version {API_VERSION}, not `{kind}`", "kind"
    return Finding(Severity.ERROR, "no-such-kind", message, document.place(field), field)


def _refusal(manifest: Manifest, violation: Violation) -> Finding:
    """A refusal, in the server's own words where it has some."""
    return _found(
        manifest,
        Severity.ERROR,
        violation.rule,
        violation.field,
        violation.said or violation.message,
        violation.hint,
    )


def _found(
    manifest: Manifest,
    severity: Severity,
    rule: str,
    field: str,
    message: str,
    hint: str | None = None,
    source: str | None = None,
) -> Finding:
    place = manifest.document.place(field, of_name=rule == "unknown-field")
    return Finding(severity, rule, message, place, field, manifest.title, hint, source)
