"""The halves that one pass is about: what was read of each, what it is to do, and what came of that."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from azure_vpn_operator.api.tunnel_change import ChangeState, TunnelChange
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.passes.snapshot import Snapshot
from azure_vpn_operator.domain.passes.steps import Delete, LetGo, PatchTags, Planned, Put, Reset, SetKey, Settled, Step
from azure_vpn_operator.domain.passes.verdicts import Outcome
from azure_vpn_operator.domain.planning.pair_stages import HalfInMotion, Stage, find_stage
from azure_vpn_operator.domain.planning.pairs import coordinate, coordinate_single
from azure_vpn_operator.domain.planning.resets import plan_resets
from azure_vpn_operator.reconcile.facts.gather import mark_of
from azure_vpn_operator.reconcile.memory import ConnectionMemory, HalfKey
from azure_vpn_operator.runtime.keys import ObjectKey
from azure_vpn_operator.runtime.priority import Priority


@dataclass(frozen=True, slots=True)
class HalfInPass:
    """One half in the course of a pass."""

    key: HalfKey
    snapshot: Snapshot
    step: Step
    memory: ConnectionMemory
    outcome: Outcome = None

    @property
    def mark(self) -> tuple[object, ...]:
        """The version of object and policy that it was planned with."""
        return mark_of(self.snapshot.metadata, self.snapshot.policy)

    @property
    def writes(self) -> bool:
        """Whether its step calls Azure."""
        return isinstance(self.step, Put | PatchTags | SetKey | Reset | Delete | LetGo)


def stand_on_lists(halves: Sequence[HalfInPass]) -> bool:
    """Whether nothing was decided from a list but that all is as wanted, or as the status says already.

    A list may show less than a GET: nothing is written, and nothing new is said against a connection, before it was read by one.
    """
    if not any(half.snapshot.listed for half in halves):
        return True
    return all(
        isinstance(half.step, Settled | Planned)
        and (
            (isinstance(half.step, Settled) and not half.step.differences)
            or half.step.differences == half.snapshot.previous.differences
        )
        for half in halves
    )


def coordinated(halves: list[HalfInPass]) -> list[HalfInPass]:
    """The halves with what each may do as part of a pair, the one to be sent first in front."""
    if len(halves) == 1:
        half = halves[0]
        return [replace(half, step=coordinate_single(half.snapshot, half.step))]
    one, other = halves
    if is_deleting(one) or one.snapshot.released or other.snapshot.released:
        return halves
    plan_of_pair = coordinate((one.snapshot, other.snapshot), (one.step, other.step))
    planned = [replace(one, step=plan_of_pair.steps[0]), replace(other, step=plan_of_pair.steps[1])]
    return planned[::-1] if plan_of_pair.first == 1 else planned


def with_resets(halves: list[HalfInPass]) -> list[HalfInPass]:
    """The halves, one of them with the reset that somebody asks for, if nothing else is to be written now."""
    steps = plan_resets([(half.snapshot, half.step) for half in halves])
    return [replace(half, step=step) for half, step in zip(halves, steps, strict=True)]


def stage_of(halves: Sequence[HalfInPass]) -> Stage | None:
    """How far the change of a pair has come; None for a single connection, or a pair at rest."""
    if len(halves) != 2:
        return None
    one, other = (HalfInMotion(half.snapshot, half.step, half.outcome) for half in halves)
    return find_stage(one, other)


def halves_of(key: ObjectKey, halves: Iterable[HalfInPass]) -> list[HalfInPass]:
    """The object's halves, the forward one first."""
    return sorted((half for half in halves if half.key.object == key), key=lambda half: half.key)


def tags_sent_by(snapshot: Snapshot, step: Step) -> frozenset[str]:
    """Names of the spec's tags that the step sends."""
    if isinstance(step, Put | PatchTags) and isinstance(snapshot.subject, VpnConnection):
        return frozenset(snapshot.subject.spec.tags)
    return frozenset()


def line_priority(halves: Iterable[HalfInPass], priority: Priority) -> Priority:
    """How urgent the writes are: an undo first, others at least as the pass is, and what somebody else has changed comes last."""
    halves = list(halves)
    if any(is_rolling_back(half.snapshot.change_view.change) for half in halves):
        return Priority.UNDO
    if any(isinstance(half.step, Reset) for half in halves):
        # Somebody waits for it.
        return min(priority, Priority.EDIT)
    drift = all(isinstance(half.step, Put | PatchTags | SetKey) and half.step.drift for half in halves)
    return min(priority, Priority.DRIFT if drift else Priority.ROLLOUT)


def is_rolling_back(change: TunnelChange | None) -> bool:
    """Whether the values from before are on their way."""
    return change is not None and change.state is ChangeState.ROLLING_BACK


def is_deleting(half: HalfInPass) -> bool:
    """Whether somebody has deleted the half's object."""
    return half.snapshot.metadata.deletion_timestamp is not None
