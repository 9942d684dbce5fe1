"""What must hold of every version of our objects that a GitOps tool can ever see."""

from collections.abc import Iterator, Mapping
from typing import Any

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason
from support.git_tools import Verdict

_UNFINISHED = {"Sent", "Confirming", "RollingBack"}
_IN_ARGO = {
    "Failed": {"Degraded"},
    "Current": {"Healthy", "Suspended"},
    "InProgress": {"Progressing", "Suspended"},
}


def broken_laws(document: Mapping[str, Any], kstatus: Verdict, argo: Verdict) -> Iterator[str]:
    """Each law that this version breaks, in words."""
    yield from _honesty(document)
    yield from _kstatus_laws(document, kstatus.status)
    if kstatus.status != "Terminating" and argo.status not in _IN_ARGO[kstatus.status]:
        # Of an object that is being deleted Argo CD does not ask the script.
        yield f"Argo CD says {argo.status} where kstatus says {kstatus.status}"
    if argo.status == "Suspended" and not _is_paused(document):
        yield "Argo CD says Suspended, and nobody has paused it"


def _honesty(document: Mapping[str, Any]) -> Iterator[str]:
    status, generation = document.get("status") or {}, document["metadata"]["generation"]
    observed, conditions = status.get("observedGeneration"), status.get("conditions") or []
    if observed is None:
        yield "there is no observedGeneration: kstatus would call it Current"
        return
    if observed > generation:
        yield f"observedGeneration is {observed}, and there are only {generation}"
    if (observed == -1) != (not conditions):
        yield f"observedGeneration is {observed}, with {len(conditions)} conditions"
    for condition in conditions:
        if condition["observedGeneration"] != observed:
            yield f"{condition['type']} speaks about generation {condition['observedGeneration']}, the status about {observed}"


def _kstatus_laws(document: Mapping[str, Any], verdict: str) -> Iterator[str]:
    status, metadata = document.get("status") or {}, document["metadata"]
    conditions = {condition["type"]: condition for condition in status.get("conditions") or []}
    deleting = metadata.get("deletionTimestamp") is not None
    if deleting != (verdict == "Terminating"):
        yield f"kstatus says {verdict}, and a deletion was {'' if deleting else 'not '}asked for"
    if verdict == "Failed":
        reason = conditions.get("Stalled", {}).get("reason")
        told = {(ConditionType.STALLED, ConditionStatus.TRUE)}
        if reason not in set(Reason) or not told & set(REASONS[Reason(reason)].conditions):
            yield f"Failed for {reason}, which the table of reasons does not know as a failure"
    if verdict == "Current":
        yield from _unfinished(status, metadata["generation"], conditions)


def _unfinished(status: Mapping[str, Any], generation: int, conditions: Mapping[str, Any]) -> Iterator[str]:
    if status.get("observedGeneration") != generation:
        yield "Current, and the status speaks about another generation"
    if conditions.get("Ready", {}).get("status") != "True":
        yield "Current, and not Ready"
    if (state := (status.get("change") or {}).get("state")) in _UNFINISHED:
        yield f"Current, and a change is {state}"
    if conditions.get("RolledOut", {}).get("status") == "False":
        yield f"Current, and not rolled out: {conditions['RolledOut']['reason']}"


def _is_paused(document: Mapping[str, Any]) -> bool:
    conditions = (document.get("status") or {}).get("conditions") or []
    found = {(condition["type"], condition["status"]): condition["reason"] for condition in conditions}
    return ("Paused", "True") in found or found.get(("RolledOut", "False")) == "RolloutPaused"
