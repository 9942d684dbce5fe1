"""From a step, and what Azure answered to it, to the summary: is it ready, does it go on by itself, when to look again."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from azure_vpn_operator.api.conditions import ConditionStatus
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import Difference
from azure_vpn_operator.domain.azure.faults import Fault, verdict
from azure_vpn_operator.domain.azure.lookups import Absent
from azure_vpn_operator.domain.passes.findings import Finding
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, Snapshot
from azure_vpn_operator.domain.passes.steps import (
    AddFinalizer,
    Blocked,
    Delete,
    Hold,
    LetGo,
    PatchTags,
    Planned,
    Put,
    Refuse,
    ReleaseFinalizer,
    Reset,
    SetKey,
    Settled,
    Step,
    Wait,
)

REFUSED_RETRY_SECONDS: Final = 300.0
IN_LINE_SECONDS: Final = 900.0
"""Who stands in the line is told when its turn has come; it looks by itself only in case that this is ever lost."""


class Progress(StrEnum):
    """Whether work goes on by itself."""

    NONE = "None"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"


@dataclass(frozen=True, slots=True)
class Accepted:
    """Azure took the write; look again after so many seconds."""

    retry_after: float


@dataclass(frozen=True, slots=True)
class Busy:
    """The write was not sent, since another operation holds the gateway."""

    holder: str
    ahead: int = 0
    """How many stand in the line in front of this one, besides the holder."""

    @property
    def message(self) -> str:
        """Who comes before."""
        more = f"; {self.ahead} more come before this one" if self.ahead else ""
        return f"waits for its turn at the gateway, which is busy with {self.holder}{more}"


Outcome = Accepted | Busy | Fault | None
"""What became of the step's write; None for a step that writes nothing."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What the pass comes to."""

    ready: bool
    synced: ConditionStatus
    progress: Progress
    reason: Reason
    message: str
    differences: tuple[Difference, ...]
    next_look: float
    """Seconds."""
    failed: bool = False
    """Counts as a failure for the growing delay."""
    written: bool = False
    """Azure took a write, or may have taken it: what it held before is of no more account."""
    foretold: bool = False
    """The status is stored before the write is sent."""
    refused_hash: str | None = None
    """Hash of the configuration that Azure refused for good, in this pass or a short while ago."""

    @property
    def taken(self) -> bool:
        """Whether Azure has taken the write, or may have."""
        return self.written and not self.foretold


def judge(snapshot: Snapshot, step: Step, outcome: Outcome) -> Summary:
    """Judge the pass. The differences stay in the status for as long as Azure holds them."""
    if isinstance(step, Reset):
        # Whether Azure holds what it is to hold is another matter.
        held = _judge_rest(snapshot, step.instead_of, step.differences).synced is ConditionStatus.TRUE
        return replace(_judge(snapshot, step, outcome), synced=ConditionStatus.TRUE if held else ConditionStatus.FALSE)
    return _judge(snapshot, step, outcome)


def _judge(snapshot: Snapshot, step: Step, outcome: Outcome) -> Summary:
    differences = getattr(step, "differences", ())
    match outcome:
        case Fault() as fault:
            summary = _judge_fault(snapshot, fault, f"{_verb(step)}: {fault}", differences, read=False)
            if isinstance(step, Put) and verdict(fault).stalled:
                return replace(summary, refused_hash=step.wanted_hash)
            return summary
        case Busy():
            return Summary(
                ready=False,
                synced=ConditionStatus.FALSE,
                progress=Progress.RECONCILING,
                reason=Reason.GATEWAY_BUSY,
                message=outcome.message,
                differences=differences,
                next_look=snapshot.cadence.recent if _is_deleting(snapshot) else IN_LINE_SECONDS,
            )
        case Accepted(retry_after):
            return Summary(
                ready=False,
                synced=ConditionStatus.FALSE,
                progress=Progress.RECONCILING,
                reason=_reason_of_write(step),
                message=message_of_write(step),
                differences=differences,
                next_look=retry_after,
                written=True,
            )
        case None:
            return _judge_rest(snapshot, step, differences)


def judge_before(snapshot: Snapshot, step: Step) -> Summary:
    """The same before a write is sent, for a status that has to be stored first.

    What it says of a PUT, or a reset, is what is said once Azure has taken it, so that nothing new is to be stored then.
    """
    if isinstance(step, Put | Reset):
        return replace(judge(snapshot, step, Accepted(0.0)), foretold=True)
    if isinstance(step, PatchTags | SetKey | Delete | LetGo):
        why = getattr(step, "why", "")
        accepted = judge(snapshot, step, Accepted(0.0))
        return replace(accepted, message=f"about to be written: {why}", written=False, foretold=True)
    return judge(snapshot, step, None)


def _judge_rest(snapshot: Snapshot, step: Step, differences: tuple[Difference, ...]) -> Summary:
    match step:
        case Refuse(reason, message):
            return Summary(
                ready=False,
                synced=_synced_of(reason) if step.applied_hash is None else ConditionStatus.TRUE,
                progress=Progress.STALLED,
                reason=reason,
                message=message,
                differences=differences,
                next_look=REFUSED_RETRY_SECONDS if step.applied_hash is None else snapshot.cadence.steady,
                refused_hash=step.refused_hash,
            )
        case Hold(reason, message):
            return Summary(
                ready=False,
                synced=_synced_of(reason),
                progress=Progress.NONE,
                reason=reason,
                message=message,
                differences=differences,
                next_look=_look_while_waiting(snapshot, reason),
            )
        case Wait(reason, message, seconds):
            return Summary(
                ready=False,
                synced=_synced_of(reason) if step.applied_hash is None else ConditionStatus.TRUE,
                progress=Progress.RECONCILING,
                reason=reason,
                message=message,
                differences=differences if step.applied_hash is not None else differences or _last_seen(snapshot),
                next_look=seconds,
                failed=reason is Reason.OPERATION_FAILED,
            )
        case Blocked(fault, what, standing):
            if standing is not None:
                return _judge_standing(snapshot, fault, *standing)
            read = not isinstance(snapshot.operation, FailedOperation)
            return _judge_fault(snapshot, fault, f"{what}: {fault}", _last_seen(snapshot), read=read)
        case Settled(reason, message):
            return Summary(
                ready=True,
                synced=ConditionStatus.FALSE if differences else ConditionStatus.TRUE,
                progress=Progress.NONE,
                reason=reason,
                message=message,
                differences=differences,
                next_look=snapshot.cadence.steady,
            )
        case Planned(_, reason, message):
            return Summary(
                ready=True,
                synced=ConditionStatus.FALSE,
                progress=Progress.NONE,
                reason=reason,
                message=message,
                differences=differences,
                next_look=snapshot.cadence.steady,
            )
        case AddFinalizer() | ReleaseFinalizer() | Put() | PatchTags() | SetKey() | Reset() | Delete() | LetGo():
            raise ValueError("a writing step needs the answer to its write")


def _look_while_waiting(snapshot: Snapshot, reason: Reason) -> float:
    """A window opens at its time; until then the connection is read as one in peace, but for a change that has still to prove itself."""
    if reason is not Reason.WAITING_FOR_WINDOW:
        return snapshot.cadence.recent
    look_in = snapshot.change_view.look_in
    return snapshot.cadence.steady if look_in is None else min(look_in, snapshot.cadence.steady)


def _is_deleting(snapshot: Snapshot) -> bool:
    return snapshot.metadata.deletion_timestamp is not None


def _judge_standing(snapshot: Snapshot, fault: Fault, ready: Finding, synced: Finding) -> Summary:
    return Summary(
        ready=True,
        synced=synced.status,
        progress=Progress.NONE,
        reason=ready.reason,
        message=ready.message,
        differences=_last_seen(snapshot),
        next_look=retry_seconds(snapshot, fault),
        failed=True,
    )


def _last_seen(snapshot: Snapshot) -> tuple[Difference, ...]:
    """Differences stay in the status until a comparison has shown that they are gone."""
    return () if isinstance(snapshot.live, Absent) else snapshot.previous.differences


def _judge_fault(
    snapshot: Snapshot, fault: Fault, message: str, differences: tuple[Difference, ...], *, read: bool
) -> Summary:
    meaning = verdict(fault)
    return Summary(
        ready=False,
        synced=ConditionStatus.UNKNOWN if read or fault.outcome_unknown else _synced_of(meaning.reason),
        progress=Progress.STALLED if meaning.stalled else Progress.RECONCILING,
        reason=meaning.reason,
        message=message,
        differences=differences,
        next_look=retry_seconds(snapshot, fault),
        failed=True,
        written=not read and fault.outcome_unknown,
    )


def retry_seconds(snapshot: Snapshot, fault: Fault) -> float:
    """Seconds until it makes sense to try again: longer and longer, and never before Azure says so."""
    meaning = verdict(fault)
    grown: float = min(meaning.retry_seconds * 2 ** min(snapshot.attempts.failures, 16), meaning.max_retry_seconds)
    return max(grown, fault.retry_after or 0.0)


_SYNC_UNKNOWN: Final = frozenset(
    {
        Reason.INVALID_SPEC,
        Reason.SUBSCRIPTION_REQUIRED,
        Reason.IDENTITY_CHANGED,
        Reason.NOT_ALLOWED,
        Reason.POLICY_NOT_FOUND,
        Reason.POLICY_INVALID,
        Reason.UPDATED_ELSEWHERE,
        Reason.AZURE_UNAVAILABLE,
        Reason.AZURE_ANSWER_UNREADABLE,
    }
)


def _synced_of(reason: Reason) -> ConditionStatus:
    return ConditionStatus.UNKNOWN if reason in _SYNC_UNKNOWN else ConditionStatus.FALSE


def _reason_of_write(step: Step) -> Reason:
    match step:
        case Put(reason) | PatchTags(reason):
            return reason
        case SetKey():
            return Reason.SETTING_SHARED_KEY
        case Reset():
            return Reason.RESETTING
        case _:
            return Reason.DELETING


def message_of_write(step: Step) -> str:
    """What is said of a write that Azure took, until it has ended."""
    match step:
        case Put(why=why) | PatchTags(why=why):
            return f"the change is on its way to Azure ({why})"
        case SetKey():
            return "Azure accepted the shared key"
        case Reset():
            return "Azure is resetting the connection: its tunnels go down and come back"
        case _:
            return "Azure accepted the deletion"


def _verb(step: Step) -> str:
    match step:
        case Put(creating=True):
            return "could not create the connection"
        case Put() | PatchTags():
            return "could not update the connection"
        case SetKey():
            return "could not set the shared key"
        case Reset():
            return "could not reset the connection"
        case LetGo():
            return "could not remove the owner tag"
        case _:
            return "could not delete the connection"
