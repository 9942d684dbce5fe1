"""The answer to one question: which connection, how its tunnel stands, and the diagnosis."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from azure_vpn_operator.api.conditions import ConditionStatus, ConditionType
from azure_vpn_operator.api.reasons import REASONS, Reason
from azure_vpn_operator.azvpn.explain.subject import Subject
from azure_vpn_operator.domain.diagnosis.diagnose import diagnose
from azure_vpn_operator.domain.diagnosis.evidence import Device, End, Evidence, MissingHalf
from azure_vpn_operator.domain.diagnosis.findings import Cause, Diagnosis, Sureness
from azure_vpn_operator.domain.passes.findings import find_condition

_NO_CAUSE: Final = frozenset(
    {Reason.UNKNOWN_PEER_SIDE, Reason.NOT_CONNECTED, Reason.CONNECTING, Reason.RENEGOTIATING, Reason.NOT_CREATED}
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is printed."""

    name: str
    """Namespace and name of the connection."""
    state: str
    """Up, PartlyUp, Down, Unknown, or NotInAzure."""
    since: datetime | None
    ends: str
    diagnosis: Diagnosis
    azure_read: bool
    remarks: tuple[str, ...] = field(default=())
    """What else is worth knowing: what the operator says of the object, what could not be read."""

    @property
    def is_well(self) -> bool:
        """Whether nothing is down."""
        return self.state == "Up"

    def as_json(self) -> dict[str, Any]:
        """The answer as a JSON document."""
        found = self.diagnosis
        return {
            "connection": self.name,
            "state": self.state,
            "since": self.since.isoformat() if self.since is not None else None,
            "causes": [_cause(cause) for cause in found.causes],
            "foreseen": [_cause(cause) for cause in found.foreseen],
            "possible": list(found.possible),
            "wouldTell": list(found.would_tell),
            "azureRead": self.azure_read,
            "remarks": list(self.remarks),
        }


def answer(subject: Subject, evidence: Evidence, *remarks: str) -> Answer:
    """Ask the domain. What the operator has found out with more than is known here stands, unless Azure was read."""
    found = diagnose(evidence)
    if found.down and not found.known and not evidence.azure_read:
        found = _with_operators_word(subject, found)
    down_since = evidence.down_since if found.down else None
    return Answer(
        subject.name,
        _state(evidence, found),
        down_since,
        _ends(subject, evidence),
        found,
        evidence.azure_read,
        (*remarks, *_not_well(subject)),
    )


def not_in_azure(subject: Subject, why: str) -> Answer:
    """The answer where there is no connection to explain."""
    return _without_connection(subject, "NotInAzure", Reason.NOT_CREATED, Sureness.CERTAIN, why)


def not_readable(subject: Subject, why: str) -> Answer:
    """The answer where the connection cannot be read."""
    return _without_connection(subject, "Unknown", Reason.STATUS_NOT_READ, Sureness.NOT_KNOWN, why)


def _without_connection(subject: Subject, state: str, reason: Reason, sureness: Sureness, why: str) -> Answer:
    cause = Cause(reason, sureness, why, (), (REASONS[reason].action,))
    found = Diagnosis(down=state == "NotInAzure", causes=(cause,))
    return Answer(subject.name, state, None, "", found, azure_read=True, remarks=_not_well(subject))


def _with_operators_word(subject: Subject, found: Diagnosis) -> Diagnosis:
    connected = find_condition(subject.record.status.conditions, ConditionType.CONNECTED)
    if connected is None or connected.status is not ConditionStatus.FALSE or connected.reason not in set(Reason):
        return found
    reason = Reason(connected.reason)
    if reason in _NO_CAUSE:
        return found
    told = (f"the operator says so since {connected.last_transition_time:%Y-%m-%d %H:%M} UTC or later",)
    cause = Cause(reason, Sureness.LIKELY, connected.message, told, (REASONS[reason].action,))
    return Diagnosis(down=True, causes=(cause,), foreseen=found.foreseen)


def _state(evidence: Evidence, found: Diagnosis) -> str:
    if evidence.is_up:
        return "Up"
    if evidence.is_partly_up:
        return "PartlyUp"
    return "Down" if found.down else "Unknown"


def _ends(subject: Subject, evidence: Evidence) -> str:
    target = subject.target
    own = target.gateway.name if target is not None and target.gateway is not None else evidence.own.name
    match evidence.other:
        case Device(name, address):
            return f"{own} → {name}{f' ({address})' if address else ''}"
        case End(name):
            return f"{own} → {name}"
        case MissingHalf(peer) if peer:
            return f"{own} → {peer}"
        case _:
            peer_gateway = target.peer_gateway if target is not None else None
            return f"{own} → {peer_gateway.name if peer_gateway is not None else '?'}"


def _not_well(subject: Subject) -> tuple[str, ...]:
    """What the operator says of the object, if that is not well: a change that waits may be what is missing."""
    ready = find_condition(subject.record.status.conditions, ConditionType.READY)
    if ready is None:
        return ("the operator has not looked at this object yet",)
    if ready.status is ConditionStatus.TRUE:
        return ()
    return (f"Ready={ready.status} {ready.reason}: {ready.message}",)


def _cause(cause: Cause) -> dict[str, Any]:
    return {
        "reason": cause.reason.value,
        "sureness": cause.sureness.value,
        "summary": cause.summary,
        "fields": list(cause.fields),
        "evidence": list(cause.evidence),
        "actions": list(cause.actions),
    }
