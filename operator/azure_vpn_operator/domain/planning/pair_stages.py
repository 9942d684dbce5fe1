"""How far the change of a pair has come, in words that stay the same for as long as nothing happens."""

from dataclasses import dataclass, replace
from enum import StrEnum

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Hold, Put, Refuse, SetKey, Step, Wait
from azure_vpn_operator.domain.passes.verdicts import Accepted, Outcome, Progress, Summary


class Stage(StrEnum):
    """Where the change of two halves stands; the value is what people read."""

    FIRST_ACCEPTED = "the first of two halves changes"
    BOTH_ACCEPTED = "both halves change"
    PUTTING_BACK = "putting back, since Azure refuses the other half"


@dataclass(frozen=True, slots=True)
class HalfInMotion:
    """One half at the end of a pass."""

    snapshot: Snapshot
    step: Step
    outcome: Outcome

    @property
    def moves(self) -> bool:
        """Whether Azure has taken a change that both halves get, and is not seen to be done with it."""
        if isinstance(self.outcome, Accepted):
            return isinstance(self.step, Put | SetKey)
        operation = self.snapshot.operation
        return isinstance(operation, OpenOperation) and operation.kind in {OperationKind.PUT, OperationKind.SHARED_KEY}

    @property
    def follows(self) -> bool:
        """Whether its own change is still to be taken."""
        if isinstance(self.step, Wait | Hold):
            return self.step.reason in {Reason.GATEWAY_BUSY, Reason.PARTNER_NOT_READY}
        return isinstance(self.step, Put | SetKey)

    @property
    def is_refused(self) -> bool:
        """Whether Azure refuses its change for good."""
        return isinstance(self.step, Refuse) and self.step.refused_hash is not None


def find_stage(one: HalfInMotion, other: HalfInMotion) -> Stage | None:
    """The stage of a change of both halves; None if none is under way. Swapping the halves changes nothing."""
    if one.moves and other.moves:
        return Stage.BOTH_ACCEPTED
    for mine, theirs in ((one, other), (other, one)):
        if mine.moves and theirs.is_refused:
            return Stage.PUTTING_BACK
        if mine.moves and theirs.follows:
            return Stage.FIRST_ACCEPTED
    return None


def with_stage(summary: Summary, stage: Stage | None) -> Summary:
    """The summary of a half that is being changed says the stage first."""
    if stage is None or summary.progress is not Progress.RECONCILING:
        return summary
    return replace(summary, message=f"{stage}: {summary.message}")
