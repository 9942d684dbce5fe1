"""Whether the shared key has to be written, once everything else of a connection is as wanted.

A key is written by the call that sets nothing else, and only if its bytes have changed, somebody else has changed it, or a person asks
for it. What cannot be compared is not written.
"""

from collections.abc import Sequence

from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection import DriftPolicy
from azure_vpn_operator.api.vpn_connection_status import Difference, DifferenceEffect, KeyRecord
from azure_vpn_operator.domain.azure.installation import EffectivePolicies
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.keys.digest import are_comparable
from azure_vpn_operator.domain.keys.records import current_record, generation_of, has_key, writes_key
from azure_vpn_operator.domain.passes.requests import is_rotation_requested
from azure_vpn_operator.domain.passes.snapshot import GeneratedKey, KeyCheck, KeyFound, Snapshot
from azure_vpn_operator.domain.passes.steps import Hold, Refuse, SetKey, Settled, Step
from azure_vpn_operator.domain.passes.tunnel_health import may_be_up

KEY_DIFFERENCE = Difference(
    path="sharedKey", want="the Secret's key", have="another key", effect=DifferenceEffect.TUNNEL_DROP
)

RANDOM_KEY_DIFFERENCE = KEY_DIFFERENCE.model_copy(update={"want": "one key in both halves"})


def plan_key(
    snapshot: Snapshot, policies: EffectivePolicies, live: LiveConnection, wanted_hash: str
) -> Refuse | Hold | SetKey | Settled:
    """The last step of a connection that is equal otherwise: set the key if that is due."""
    settled = Settled(Reason.UP_TO_DATE, "Azure holds what the object says", applied_hash=wanted_hash)
    if not has_key(snapshot):
        return settled
    if is_rotation_requested(snapshot.metadata, snapshot.previous.last_handled):
        return SetKey("azvpn.dev/rotate-key asks for it", requested=True)
    if isinstance(snapshot.key, GeneratedKey):
        if is_random_key_due(snapshot):
            return SetKey("the halves may hold different keys")
        return _plan_drift(snapshot, policies, live) if snapshot.key_check is KeyCheck.DIFFERENT else settled
    if snapshot.key_check is KeyCheck.EQUAL:
        return settled
    if snapshot.key_check is KeyCheck.DIFFERENT and not snapshot.key_rotated:
        return _plan_drift(snapshot, policies, live)
    if snapshot.key_check is not KeyCheck.DIFFERENT and not is_rotation_due(snapshot):
        return settled
    if snapshot.key_turn.reason is not None:
        return Hold(snapshot.key_turn.reason, snapshot.key_turn.message)
    return SetKey("the key of the Secret has changed")


def is_rotation_due(snapshot: Snapshot) -> bool:
    """Whether the Secret's key is known to be another than the one in Azure, or is on its way already."""
    record, wanted = current_record(snapshot.half, snapshot.live, snapshot.operation), snapshot.key_digest
    if wanted is None:
        return False
    if record.pending is not None:
        return True
    return are_comparable(record.digest, wanted) and record.digest != wanted


def is_known_equal(snapshot: Snapshot) -> bool:
    """Whether Azure is known to hold the key that would be written."""
    record, wanted = current_record(snapshot.half, snapshot.live, snapshot.operation), snapshot.key_digest
    if snapshot.key_check is KeyCheck.EQUAL:
        # Seen just now: what the record says is on its way has arrived.
        return True
    return wanted is not None and record.pending is None and record.digest == wanted


def hold_different_keys(halves: Sequence[Snapshot]) -> bool:
    """Whether some of a tunnel's halves are known to hold the wanted key, and others another one."""
    random = [
        generation_of(current_record(half.half, half.live, half.operation))
        for half in halves
        if isinstance(half.key, GeneratedKey)
    ]
    if len(set(random)) > 1:
        return True
    named = [half for half in halves if isinstance(half.key, KeyFound)]
    return any(map(is_known_equal, named)) and any(map(_is_known_other, named))


def _is_known_other(snapshot: Snapshot) -> bool:
    different = snapshot.key_check is KeyCheck.DIFFERENT or is_rotation_due(snapshot)
    return different and not is_known_equal(snapshot)


def is_random_key_due(snapshot: Snapshot) -> bool:
    """Whether the halves of an owned pair do not certainly hold one key: then both get a fresh one."""
    if is_known_equal(snapshot):
        return False
    own = generation_of(current_record(snapshot.half, snapshot.live, snapshot.operation))
    others = [
        generation_of(half.key or KeyRecord()) for half in snapshot.previous.halves if half.role is not snapshot.role
    ]
    return own == "" or any(own != other for other in others)


def _plan_drift(snapshot: Snapshot, policies: EffectivePolicies, live: LiveConnection) -> Refuse | SetKey:
    random = isinstance(snapshot.key, GeneratedKey)
    found = (
        f"the halves hold different keys: that of {live.id.name}, or of the other half, was changed in Azure by someone else"
        if random
        else f"the shared key of {live.id.name} was changed in Azure by someone else"
    )
    unsafe = policies.drift is DriftPolicy.CORRECT_SAFE and may_be_up(snapshot, live)
    if policies.drift is DriftPolicy.REPORT or unsafe:
        return Refuse(
            Reason.DRIFT_DETECTED,
            f"{found}, and driftPolicy is {policies.drift}: it is not put back now",
            (RANDOM_KEY_DIFFERENCE if random else KEY_DIFFERENCE,),
        )
    return SetKey(found, drift=True)


def needs_key_too(their_step: Step, mine: Snapshot) -> bool:
    """Whether my half needs the key too that the other half is about to get: both must hold one key afterwards."""
    if not has_key(mine) or mine.key_digest is None or is_known_equal(mine):
        return False
    return isinstance(their_step, SetKey) or (isinstance(mine.key, GeneratedKey) and writes_key(their_step))
