"""Creating a connection: only with a key that somebody knows."""

from collections.abc import Mapping
from typing import Any

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import DriftPolicy, VpnConnection
from azure_vpn_operator.domain.azure.faults import FaultKind
from azure_vpn_operator.domain.azure.installation import EffectivePolicies
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.passes.snapshot import (
    GeneratedKey,
    KeyEntryMissing,
    KeyFound,
    KeyMalformed,
    KeyUnreadable,
    NotReferenced,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import Hold, Put, Refuse, Step
from azure_vpn_operator.domain.planning.drift import configuration_hash, is_drift


def plan_creation(
    snapshot: Snapshot, subject: VpnConnection, target: Target, policies: EffectivePolicies, body: Mapping[str, Any]
) -> Step:
    """Create what Azure does not have, unless it was deleted there and driftPolicy only reports."""
    wanted_hash = configuration_hash(body, subject.spec)
    drift = is_drift(snapshot, wanted_hash)
    if drift and policies.drift is DriftPolicy.REPORT:
        return Refuse(
            Reason.DRIFT_DETECTED,
            f"{target.connection} was deleted in Azure, and driftPolicy is Report: not created again; "
            "set driftPolicy: Correct to have it created",
        )
    match snapshot.key:
        case NotReferenced():
            return Refuse(
                Reason.SHARED_KEY_REQUIRED,
                "spec.sharedKeySecretRef is absent: Azure would invent a key that nobody knows, so nothing is created: set it",
            )
        case KeyFound() | GeneratedKey():
            why = "deleted in Azure by someone else" if drift else "Azure has no such connection"
            return Put(Reason.CREATING, body, (), wanted_hash, creating=True, with_key=True, drift=drift, why=why)
        case Absent() | KeyEntryMissing() | KeyMalformed() | KeyUnreadable() | NotRead():
            return _hold_for_key(snapshot, subject)


def _hold_for_key(snapshot: Snapshot, subject: VpnConnection) -> Step:
    reference = subject.spec.shared_key_secret_ref
    where = f"Secret {reference.name}" if reference is not None else "the Secret"
    entry = reference.key if reference is not None else ""
    match snapshot.key:
        case Absent():
            return Hold(Reason.SECRET_NOT_FOUND, f"there is no {where}; the connection is not created before there is")
        case KeyEntryMissing(entries):
            has = ", ".join(entries) or "no entries"
            return Hold(Reason.SECRET_KEY_NOT_FOUND, f"{where} has no entry {entry} (it has {has})")
        case KeyMalformed(problem):
            return Refuse(Reason.SHARED_KEY_INVALID, f"{where}, entry {entry}: {problem}")
        case KeyUnreadable(fault):
            if fault.kind in {FaultKind.FORBIDDEN, FaultKind.UNAUTHENTICATED}:
                return Refuse(Reason.SECRET_UNREADABLE, f"{where} may not be read: {fault}")
            return Hold(Reason.SECRET_UNREADABLE, f"{where} could not be read: {fault}")
        case KeyFound() | GeneratedKey() | NotReferenced() | NotRead():
            raise ValueError("this key does not hold anything")
