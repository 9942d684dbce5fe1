"""The two halves of a tunnel change together or not at all: from a step for each half to what is sent, and in which order.

Each half is planned by itself first. What is added here: nobody moves while the halves disagree or one of them cannot move, a
half that Azure has refused goes first the next time, and if one is refused after the other has moved, the other is put back.
After a crash halves that differ go forward, since each half's own plan says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import VpnConnection
from azure_vpn_operator.domain.azure.bodies import read_put_body
from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy, canonical_policy
from azure_vpn_operator.domain.azure.differences import drops_tunnel, field_names, find_differences
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Present
from azure_vpn_operator.domain.azure.target import Target
from azure_vpn_operator.domain.pairs.pairing import PairVerdict, find_disagreement
from azure_vpn_operator.domain.passes.snapshot import OpenOperation, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import Blocked, Hold, PatchTags, Put, Refuse, SetKey, Settled, Step, Wait
from azure_vpn_operator.domain.planning.drift import configuration_hash
from azure_vpn_operator.domain.planning.keys import is_known_equal, needs_key_too
from azure_vpn_operator.domain.planning.plan import body_in_force, plan, plan_key_alone, plan_key_of_pair
from azure_vpn_operator.domain.rollout.overlay import assigned_settings
from azure_vpn_operator.domain.rollout.settings import settings_in

_WAITS_FOR_KEY: Final = frozenset({Reason.KEY_ROTATION_WAITS, Reason.KEY_ROTATION_STOPPED})
_OF_MORE_THAN_VALUES: Final = frozenset({Reason.PAIR_PROTOCOL_MISMATCH, Reason.DUPLICATE_PAIR})
"""Disagreements that also hold for an undo: the version of IKE is none of the values that it puts back."""


@dataclass(frozen=True, slots=True)
class PairPlan:
    """The steps of both halves, in the order of the snapshots."""

    steps: tuple[Step, Step]
    first: int
    """Which of the two is sent first. The other one's write is sent only if Azure accepts that."""


def plan_pair(snapshots: tuple[Snapshot, Snapshot]) -> PairPlan:
    """Decide for both halves. Swapping the snapshots swaps the steps and changes nothing else."""
    return coordinate(snapshots, (plan(snapshots[0]), plan(snapshots[1])))


def coordinate(snapshots: tuple[Snapshot, Snapshot], steps: tuple[Step, Step]) -> PairPlan:
    """Adjust the steps that each half would take alone to what the pair may do."""
    one, other = snapshots
    first = 1 if _was_refused(other, steps[1]) and not _was_refused(one, steps[0]) else 0
    if any(snapshot.denial is not None for snapshot in snapshots):
        return PairPlan((_hold_for_denied(steps[0], other), _hold_for_denied(steps[1], one)), first)
    if (stopped := find_disagreement(one.pair)) is not None:
        steps = (_hold_writes(steps[0], stopped), _hold_writes(steps[1], stopped))
        if not any(isinstance(step, Put) for step in steps):
            return PairPlan(steps, first)
    steps = (_share_key(one, steps[0], other, steps[1]), _share_key(other, steps[1], one, steps[0]))
    adjusted = (_adjust(one, steps[0], other, steps[1]), _adjust(other, steps[1], one, steps[0]))
    return PairPlan(_with_keys(snapshots, adjusted), first)


def coordinate_single(snapshot: Snapshot, step: Step) -> Step:
    """The step of a connection that is nobody's half, or one of too many: those hold each other."""
    stopped = find_disagreement(snapshot.pair)
    return _hold_writes(step, stopped) if stopped is not None and stopped.reason is Reason.DUPLICATE_PAIR else step


def hold_back(step: Step) -> Hold:
    """What a half says whose write was not sent, since Azure did not take the other half's."""
    text = "Azure did not accept the change of the other half, and a pair changes together"
    return Hold(Reason.PARTNER_NOT_READY, text, getattr(step, "differences", ()))


def _hold_writes(step: Step, stopped: PairVerdict) -> Step:
    """The step of a half whose object wants something else than the other one; what is put back is what both had."""
    if not isinstance(step, Put | PatchTags | SetKey):
        return step
    if isinstance(step, Put) and step.reason is Reason.ROLLING_BACK and stopped.reason not in _OF_MORE_THAN_VALUES:
        return step
    return Hold(stopped.reason, f"{stopped.message}; neither half is written", getattr(step, "differences", ()))


def _share_key(mine: Snapshot, my_step: Step, theirs: Snapshot, their_step: Step) -> Step:
    if isinstance(my_step, Settled) and needs_key_too(their_step, mine):
        return plan_key_of_pair(mine, f"the other half, {_name(theirs)}, gets a key, and both hold one")
    return my_step


def _hold_for_denied(my_step: Step, theirs: Snapshot) -> Step:
    """A half that the namespace may not use can neither follow nor be put back: nothing of the pair is written."""
    if theirs.denial is None or not isinstance(my_step, Put | PatchTags | SetKey):
        return my_step
    return _wait_for_partner(my_step, theirs, Reason.NOT_ALLOWED, theirs.denial.message)


def _with_keys(snapshots: tuple[Snapshot, Snapshot], steps: tuple[Step, Step]) -> tuple[Step, Step]:
    """Halves whose configuration cannot change now still get the key that is due: it needs no change of anything else."""
    if any(isinstance(snapshot.operation, OpenOperation) for snapshot in snapshots):
        return steps
    one, other = snapshots
    keys = (_key_in_spite(one, steps[0]), _key_in_spite(other, steps[1]))
    shared = (_share_in_spite(one, keys[0], other, keys[1]), _share_in_spite(other, keys[1], one, keys[0]))
    return (
        shared[0] if isinstance(shared[0], SetKey) and _will_match(other, shared[1]) else steps[0],
        shared[1] if isinstance(shared[1], SetKey) and _will_match(one, shared[0]) else steps[1],
    )


def _key_in_spite(snapshot: Snapshot, step: Step) -> Step | None:
    """What a half would do about its key alone; None if something else comes first."""
    if isinstance(step, SetKey | Settled):
        return step
    refused = isinstance(step, Refuse) and step.refused_hash is not None
    waits = isinstance(step, Hold) and step.reason is Reason.PARTNER_NOT_READY
    live = _live(snapshot)
    if not (refused or waits) or live is None or not live.settled:
        return None
    return plan_key_alone(snapshot, live)


def _share_in_spite(mine: Snapshot, my_key: Step | None, theirs: Snapshot, their_key: Step | None) -> Step | None:
    return _share_key(mine, my_key, theirs, their_key) if my_key is not None and their_key is not None else my_key


def _will_match(theirs: Snapshot, their_key: Step | None) -> bool:
    """Whether the other half has the wanted key, or gets it in this pass as well."""
    return isinstance(their_key, SetKey) or is_known_equal(theirs)


def _adjust(mine: Snapshot, my_step: Step, theirs: Snapshot, their_step: Step) -> Step:
    if (back := _put_back(mine, my_step, theirs, their_step)) is not None:
        return back
    if isinstance(their_step, Blocked) and _needs_both_known(mine, my_step, theirs):
        return _wait_for_partner(my_step, theirs, Reason.AZURE_UNAVAILABLE, str(their_step.fault))
    if not _changes_the_tunnel(my_step):
        return my_step
    if mine.attempts.locked_by_partner and isinstance(theirs.operation, OpenOperation):
        text = f"Azure locks both gateways while the other half, {_name(theirs)}, changes"
        return Wait(Reason.GATEWAY_BUSY, text, theirs.operation.retry_after, getattr(my_step, "differences", ()))
    if isinstance(my_step, Put) and _leaves_what_was_put_back(my_step, mine, theirs):
        return _wait_for_partner(my_step, theirs, Reason.ROLLED_BACK, "the tunnel did not come up with the new values")
    match their_step:
        case Refuse(reason, message) | Hold(reason, message):
            if isinstance(my_step, Put) and _holds(theirs, _wanted_policies(my_step.body)):
                return my_step
            return _wait_for_partner(my_step, theirs, reason, message)
        case Blocked(fault):
            return _wait_for_partner(my_step, theirs, Reason.AZURE_UNAVAILABLE, str(fault))
        case Wait(reason, message, seconds) if not _makes_the_same_change(theirs, my_step):
            text = f"the other half, {_name(theirs)}, is busy: {message}"
            return Wait(reason, text, seconds, getattr(my_step, "differences", ()))
        case _:
            return my_step


def _needs_both_known(mine: Snapshot, my_step: Step, theirs: Snapshot) -> bool:
    """Whether the record of a change that takes the tunnel down has to say what the other half holds: one object has both."""
    return (
        mine.owner == theirs.owner
        and isinstance(my_step, Put)
        and not my_step.creating
        and drops_tunnel(my_step.differences)
    )


def _leaves_what_was_put_back(my_step: Put, mine: Snapshot, theirs: Snapshot) -> bool:
    """Whether my half would get another policy than the one that is put back in the other half, which has failed with the new one."""
    assigned = assigned_settings(theirs)
    if assigned is None or mine.change_view.undoes or not isinstance(mine.target, Target):
        return False
    return settings_in(my_step.body, mine.target).ipsec_policies != assigned.ipsec_policies


def _changes_the_tunnel(step: Step) -> bool:
    """Whether the step changes what both halves must hold alike."""
    if isinstance(step, Put):
        return step.creating or any(item.path.startswith("ipsecPolicies") for item in step.differences)
    return isinstance(step, SetKey)


def _wait_for_partner(my_step: Step, theirs: Snapshot, reason: Reason, message: str) -> Hold:
    text = f"the other half, {_name(theirs)}, cannot change now ({reason}: {message}), and a pair changes together"
    return Hold(Reason.PARTNER_NOT_READY, text, getattr(my_step, "differences", ()))


def _makes_the_same_change(theirs: Snapshot, my_step: Step) -> bool:
    """Whether the other half is on its way to where my step leads, so that both are different for as short as can be."""
    operation = theirs.operation
    if not isinstance(operation, OpenOperation):
        return False
    if isinstance(my_step, SetKey):
        return operation.kind is OperationKind.SHARED_KEY or operation.creating
    return operation.kind is OperationKind.PUT


def _was_refused(snapshot: Snapshot, step: Step) -> bool:
    return isinstance(step, Put) and snapshot.half.refused_hash == step.wanted_hash


def _put_back(mine: Snapshot, my_step: Step, theirs: Snapshot, their_step: Step) -> Put | None:
    """A half that has moved alone goes back to what the refused half still holds, also if it is to move on by now."""
    wanted_hash = _hash_of_whole_wish(mine, my_step)
    if wanted_hash is None or not isinstance(their_step, Refuse) or their_step.refused_hash is None:
        return None
    live, partner = _live(mine), _live(theirs)
    if live is None or partner is None or live.policies == partner.policies or len(partner.policies) > 1:
        return None
    body = body_in_force(mine)
    if body is None or not isinstance(mine.target, Target):
        return None
    if partner.policies == _wanted_policies(body):
        # The write of the other half failed, and yet it shows the new policy: it is not what was there before.
        return None
    old = {**body, "properties": {**body["properties"], "ipsecPolicies": [p.wire() for p in partner.policies]}}
    differences = find_differences(read_put_body(old, mine.target), live)
    why = f"Azure refuses the other half, {_name(theirs)}; put back: {field_names(differences)}"
    return Put(Reason.PAIR_PUT_BACK, old, differences, wanted_hash, why=why)


def _hash_of_whole_wish(snapshot: Snapshot, step: Step) -> str | None:
    """Hash of what the half wants, if it may be written now; a key that is due, or waits its turn, changes nothing about that."""
    if isinstance(step, Settled):
        return step.applied_hash
    if isinstance(step, Put):
        return None if step.creating else step.wanted_hash
    waits_for_key = isinstance(step, Hold) and step.reason in _WAITS_FOR_KEY and snapshot.pause is None
    body = body_in_force(snapshot) if isinstance(step, SetKey) or waits_for_key else None
    if body is None or not isinstance(snapshot.subject, VpnConnection):
        return None
    return configuration_hash(body, snapshot.subject.spec)


def _holds(snapshot: Snapshot, policies: tuple[CanonicalPolicy, ...]) -> bool:
    live = _live(snapshot)
    return live is not None and live.policies == policies


def _live(snapshot: Snapshot) -> LiveConnection | None:
    return snapshot.live.value if isinstance(snapshot.live, Present) else None


def _wanted_policies(body: Mapping[str, Any]) -> tuple[CanonicalPolicy, ...]:
    return tuple(canonical_policy(item) for item in body["properties"]["ipsecPolicies"])


def _name(snapshot: Snapshot) -> str:
    return snapshot.target.connection.name if isinstance(snapshot.target, Target) else snapshot.metadata.name
