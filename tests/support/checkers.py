"""What must hold for every status that is written, whatever led to it.

It works on plain documents, so that tests on a real API server use it too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from azure_vpn_operator.api.reasons import REASONS
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.api.vpn_connection_status import VpnConnectionStatus
from azure_vpn_operator.domain.passes.change_view import ChangeView
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Step
from azure_vpn_operator.domain.passes.verdicts import Outcome, Summary, judge
from azure_vpn_operator.domain.planning.plan import plan
from azure_vpn_operator.domain.planning.preview import only_planned
from azure_vpn_operator.domain.planning.resets import plan_resets, settle_answer, view_reset
from azure_vpn_operator.domain.reporting.announcements import announce
from azure_vpn_operator.domain.reporting.cadence import next_look
from azure_vpn_operator.domain.reporting.status import build_status
from azure_vpn_operator.domain.rollout.change import conclude, stand
from azure_vpn_operator.domain.rollout.change import judge as judge_change
from azure_vpn_operator.domain.rollout.evidence import combine_judgements
from azure_vpn_operator.domain.rollout.overlay import under_trial
from azure_vpn_operator.domain.rollout.terms import terms_of
from azure_vpn_operator.domain.rollout.window_gate import hold_outside_windows

_CRDS = Path(__file__).parents[2] / "crds"
_ALWAYS = {
    "VpnConnection": {"Ready", "PolicyResolved", "CredentialsResolved", "Synced", "Connected", "Paused"},
    "IpsecPolicy": {"Ready", "InUse"},
}
_SOMETIMES = {
    "VpnConnection": {"PairInSync", "BgpEstablished", "Reconciling", "Stalled"},
    "IpsecPolicy": {"RolledOut", "Reconciling", "Stalled"},
}
_SAYS = {
    reason.value: {(kind.value, status.value) for kind, status in said.conditions} for reason, said in REASONS.items()
}
"""What each reason may stand in: types of conditions with their status."""
_MESSAGE_LIMIT = 1024
_TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}


@dataclass(frozen=True, slots=True)
class PassRecord:
    """Everything that one pass came to."""

    snapshot: Snapshot
    step: Step
    summary: Summary
    status: VpnConnectionStatus
    events: tuple[EventNote, ...]
    next_look: float

    def condition(self, kind: str) -> tuple[str, str] | None:
        """Status and reason of a condition; None if it is not there."""
        return next(((c.status.value, c.reason) for c in self.status.conditions if c.type == kind), None)


def run_pass(snapshot: Snapshot, outcome: Outcome = None) -> PassRecord:
    """Do the pure part of a pass, in which a write ends in `outcome`, and check what must hold for any status."""
    snapshot = replace(snapshot, change_view=_judged_alone(snapshot), reset=view_reset(snapshot))
    decided = only_planned(snapshot, under_trial(snapshot, plan(snapshot)))
    (step,) = hold_outside_windows([(snapshot, decided)])
    (step,) = plan_resets([(snapshot, step)])
    snapshot, step, outcome = settle_answer(snapshot, step, outcome)
    summary = judge(snapshot, step, outcome)
    status = build_status(snapshot, step, summary)
    check_status(status.wire(), document_of(snapshot), snapshot.previous.wire())
    return PassRecord(
        snapshot,
        step,
        summary,
        status,
        announce(snapshot, step, outcome, status),
        next_look(snapshot, summary, status),
    )


def _judged_alone(snapshot: Snapshot) -> ChangeView:
    """How the change of a connection stands that is nobody's half and has no neighbours."""
    view = stand([snapshot])
    if not isinstance(snapshot.subject, VpnConnection):
        return view
    terms = terms_of(snapshot.subject.spec, snapshot.installation)
    judgements = judge_change([snapshot], view, terms)
    return conclude(snapshot, view, combine_judgements(judgements), terms) if judgements else view


def document_of(snapshot: Snapshot) -> dict[str, Any]:
    """The object of a snapshot, as far as the law of conditions looks at it."""
    metadata: dict[str, Any] = {"generation": snapshot.metadata.generation}
    if snapshot.metadata.deletion_timestamp is not None:
        metadata["deletionTimestamp"] = snapshot.metadata.deletion_timestamp.isoformat()
    spec: dict[str, Any] = {} if snapshot.pair is None else {"peerVirtualNetworkGateway": {}}
    if isinstance(snapshot.subject, VpnConnection):
        spec["enableBgp"] = snapshot.subject.spec.enable_bgp
    return {"kind": "VpnConnection", "metadata": metadata, "spec": spec}


def check_status(
    status: Mapping[str, Any], document: Mapping[str, Any], previous: Mapping[str, Any] | None = None
) -> None:
    """Raise `AssertionError` with every law that the status breaks. `document` is the object that it speaks about."""
    broken = [
        *_check_conditions(status, document),
        *_check_progress(status, document),
        *(_check_transitions(status, previous) if previous is not None else ()),
        *_check_schema(_status_schema(document["kind"]), status, "status"),
    ]
    assert not broken, "\n".join(broken)


def kstatus(document: Mapping[str, Any]) -> str:
    """What kubectl wait, Flux and Config Sync make of an object: kstatus' generic rules, in its order."""
    status = document.get("status") or {}
    if document["metadata"].get("deletionTimestamp"):
        return "Terminating"
    observed = status.get("observedGeneration")
    if observed is not None and observed != document["metadata"].get("generation"):
        return "InProgress"
    found = {item["type"]: item["status"] for item in status.get("conditions", ())}
    if found.get("Reconciling") == "True":
        return "InProgress"
    if found.get("Stalled") == "True":
        return "Failed"
    return "InProgress" if found.get("Ready", "True") != "True" else "Current"


def _check_conditions(status: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    conditions = status["conditions"]
    generation = document["metadata"]["generation"]
    kinds = [item["type"] for item in conditions]
    if status["observedGeneration"] != generation:
        yield f"observedGeneration is {status['observedGeneration']}, the object's generation {generation}"
    if len(kinds) != len(set(kinds)):
        yield f"a condition is there twice: {kinds}"
    if missing := _ALWAYS[document["kind"]] - set(kinds):
        yield f"conditions that are always there are missing: {missing}"
    if unknown := set(kinds) - _ALWAYS[document["kind"]] - _SOMETIMES[document["kind"]]:
        yield f"conditions of another kind: {unknown}"
    vnet = "peerVirtualNetworkGateway" in document.get("spec", {})
    if document["kind"] == "VpnConnection" and ("PairInSync" in kinds) and not vnet:
        yield "PairInSync is of Vnet2Vnet connections only"
    if "BgpEstablished" in kinds and not document.get("spec", {}).get("enableBgp"):
        yield "BgpEstablished is of connections with enableBgp only"
    for item in conditions:
        yield from _check_condition(item, generation)


def _check_condition(item: Mapping[str, Any], generation: int) -> Iterator[str]:
    name = f"{item['type']}={item['status']}/{item['reason']}"
    if item["reason"] not in _SAYS:
        yield f"{name}: no such reason"
    elif (item["type"], item["status"]) not in _SAYS[item["reason"]]:
        yield f"{name}: the table of reasons does not know it so"
    if item["type"] in {"Reconciling", "Stalled"} and item["status"] != "True":
        yield f"{name}: is written only while True"
    if item.get("observedGeneration") != generation:
        yield f"{name}: observedGeneration is {item.get('observedGeneration')}"
    if len(item.get("message", "")) > _MESSAGE_LIMIT:
        yield f"{name}: the message has {len(item['message'])} characters"
    if not item.get("message") and item["status"] != "False":
        yield f"{name}: says nothing to people"


def _check_progress(status: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    found = {item["type"]: item for item in status["conditions"]}
    ready = found["Ready"]["status"]
    if "Reconciling" in found and "Stalled" in found:
        yield "Reconciling and Stalled are both there"
    # A valid policy is Ready while its values are on their way; that they are is said by RolledOut.
    rolling_out = "RolledOut" in found and "Reconciling" in found
    if rolling_out and found["Reconciling"]["reason"] != found["RolledOut"]["reason"]:
        yield "Reconciling gives another reason than RolledOut"
    for kind in () if rolling_out else ("Reconciling", "Stalled"):
        if kind in found and ready == "True":
            yield f"Ready is True, and {kind} is there"
        if kind in found and found[kind]["reason"] != found["Ready"]["reason"]:
            yield f"{kind} gives another reason than Ready"
    expected = "Failed" if "Stalled" in found else "Current" if ready == "True" and not rolling_out else "InProgress"
    if document["metadata"].get("deletionTimestamp"):
        expected = "Terminating"
    if (verdict := kstatus({**document, "status": status})) != expected:
        yield f"kstatus sees {verdict}, meant is {expected}"


def _check_transitions(status: Mapping[str, Any], previous: Mapping[str, Any]) -> Iterator[str]:
    before = {item["type"]: item for item in previous.get("conditions", ())}
    for item in status["conditions"]:
        was = before.get(item["type"])
        if was is None:
            continue
        moved = _moment(item) != _moment(was)
        if moved and was["status"] == item["status"]:
            yield f"{item['type']}: lastTransitionTime moved, and the status did not"
        if was["status"] != item["status"] and _moment(item) < _moment(was):
            yield f"{item['type']}: lastTransitionTime went back"


def _moment(condition: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(condition["lastTransitionTime"])


@cache
def _status_schema(kind: str) -> Mapping[str, Any]:
    for path in sorted(_CRDS.glob("*.yaml")):
        document = yaml.safe_load(path.read_text())
        if document["spec"]["names"]["kind"] == kind:
            schema: Mapping[str, Any] = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
            status: Mapping[str, Any] = schema["properties"]["status"]
            return status
    raise LookupError(f"no CRD of kind {kind}")


def _size(value: Any) -> int:
    """What the bounds of a schema are about: the number itself, or the length."""
    if isinstance(value, str | list | Mapping):
        return len(value)
    return value if isinstance(value, int) else 0


def _check_schema(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    """The keywords that our CRDs use; a field that the schema does not know would be pruned silently, so it is one more error."""
    expected = _TYPES[schema["type"]]
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        yield f"{path}: is not of type {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not in the enum"
    sizes = {"string": ("minLength", "maxLength"), "array": ("minItems", "maxItems"), "object": ("", "maxProperties")}
    size = _size(value)
    low, high = sizes.get(schema["type"], ("minimum", "maximum"))
    if size < schema.get(low, size) or size > schema.get(high, size):
        yield f"{path}: {size} is out of bounds"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check_schema(schema["items"], item, f"{path}[{index}]")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for name in schema.get("required", ()):
            if name not in value:
                yield f"{path}.{name}: is required"
        for name, item in value.items():
            if name in properties:
                yield from _check_schema(properties[name], item, f"{path}.{name}")
            elif "additionalProperties" not in schema:
                yield f"{path}.{name}: the schema does not know it"
