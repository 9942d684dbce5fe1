"""Telling drift from an edit: it is drift if Azure held exactly this configuration before, and no longer does."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from azure_vpn_operator.api.conditions import ConditionType
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import DriftPolicy, VpnConnectionSpec
from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect
from azure_vpn_operator.domain.azure.differences import drops_tunnel, field_names
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.passes.findings import find_condition
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import PatchTags, Put, Refuse, SetKey, Step
from azure_vpn_operator.domain.passes.tunnel_health import may_be_up
from azure_vpn_operator.domain.passes.verdicts import Accepted, Outcome


def configuration_hash(body: Mapping[str, Any], spec: VpnConnectionSpec) -> str:
    """Twelve hex digits of what the object wants: the body's properties and the spec's tags."""
    document = json.dumps([body["properties"], dict(spec.tags)], sort_keys=True, separators=(",", ":"))
    return sha256(document.encode()).hexdigest()[:12]


def is_drift(snapshot: Snapshot, wanted_hash: str) -> bool:
    """Whether Azure was once seen to hold exactly what is wanted now: then somebody else has changed it since."""
    return snapshot.half.applied_hash == wanted_hash


def refuse_drift(
    snapshot: Snapshot, drift: DriftPolicy, differences: tuple[Difference, ...], live: LiveConnection
) -> Refuse | None:
    """Refuse to put back what driftPolicy wants reported, or what would drop a tunnel that is up."""
    names = field_names(differences)
    match drift:
        case DriftPolicy.CORRECT:
            return None
        case DriftPolicy.REPORT:
            return Refuse(
                Reason.DRIFT_DETECTED,
                f"changed in Azure by someone else, and driftPolicy is Report: {names}; set driftPolicy: Correct to have it put back",
                differences,
            )
        case DriftPolicy.CORRECT_SAFE:
            if not drops_tunnel(differences) or not may_be_up(snapshot, live):
                return None
            return Refuse(
                Reason.DRIFT_DETECTED,
                "changed in Azure by someone else; putting it back would drop a tunnel that is up, which driftPolicy "
                f"CorrectSafe does not do: {names}; set driftPolicy: Correct to have it put back",
                differences,
            )


def new_drift(snapshot: Snapshot, step: Step, outcome: Outcome) -> DifferenceEffect | None:
    """The effect of a drift that this pass is the first to see or to put back; None if there is none to tell of."""
    synced = find_condition(snapshot.previous.conditions, ConditionType.SYNCED)
    if synced is not None and synced.reason == Reason.DRIFT_DETECTED:
        return None
    accepted = isinstance(step, Put | PatchTags | SetKey) and step.drift and isinstance(outcome, Accepted)
    refused = isinstance(step, Refuse) and step.reason is Reason.DRIFT_DETECTED
    if not (accepted or refused):
        return None
    drops = isinstance(step, SetKey) or drops_tunnel(getattr(step, "differences", ()))
    return DifferenceEffect.TUNNEL_DROP if drops else DifferenceEffect.NONE
