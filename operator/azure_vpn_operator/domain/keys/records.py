"""What the status remembers of a half's shared key: which one Azure holds, and which one is on its way.

A key goes three steps. *Intended*: the record names it before Azure is called, so a crash leaves no call that nobody knows of. *Sent*:
Azure accepted the call. *Held*: the connection was seen settled after that; Azure reports the call as done before it is.
"""

from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, KeyRecord
from azure_vpn_operator.domain.azure.live_connection import LiveConnection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read
from azure_vpn_operator.domain.keys.digest import RANDOM
from azure_vpn_operator.domain.passes.snapshot import (
    FailedOperation,
    GeneratedKey,
    KeyCheck,
    KeyFound,
    OpenOperation,
    OperationKind,
    Snapshot,
)
from azure_vpn_operator.domain.passes.steps import Put, SetKey, Step
from azure_vpn_operator.domain.passes.verdicts import Summary


def current_record(
    half: ConnectionHalf, live: Read[LiveConnection] | NotRead, operation: OpenOperation | FailedOperation | None
) -> KeyRecord:
    """The record in the light of what Azure shows now: a key that was sent is held once the connection is settled."""
    record = half.key or KeyRecord()
    if isinstance(live, Absent):
        return KeyRecord()
    if not isinstance(live, Present) or not live.value.settled:
        return record
    if record.pending is not None and record.sent:
        if _failed(operation) or live.value.provisioning_state == "Failed":
            record = record.model_copy(update={"sent": None})
        else:
            arrived = {"digest": record.pending, "pending": None, "sent": None, "set_time": record.since}
            record = record.model_copy(update=arrived)
    return record if record.pending is not None else record.model_copy(update={"since": None})


def record_after(snapshot: Snapshot, step: Step, summary: Summary) -> KeyRecord | None:
    """The record to keep after a pass; None if there is nothing to remember."""
    before = current_record(snapshot.half, snapshot.live, snapshot.operation)
    wanted = snapshot.key_digest
    if wanted is not None and writes_key(step) and (isinstance(step, SetKey) or summary.taken or _is_random(snapshot)):
        record = _on_its_way(snapshot, before, wanted, sent=summary.taken and not summary.failed)
    elif wanted is not None and snapshot.key_check is KeyCheck.EQUAL:
        # Whatever was on its way: Azure has been seen to hold this one.
        set_time = before.set_time if before.digest == wanted else before.since if before.pending == wanted else None
        seen = {"digest": wanted, "pending": None, "sent": None, "since": None, "set_time": set_time}
        record = before.model_copy(update=seen)
    else:
        record = before
    return None if record == KeyRecord() else record


def writes_key(step: Step) -> bool:
    """Whether the step sends a key to Azure."""
    return isinstance(step, SetKey) or (isinstance(step, Put) and step.with_key)


def needs_intent(snapshot: Snapshot, step: Step) -> bool:
    """Whether the status has to name the key, and the request for it, before the step is carried out.

    A creation with the Secret's key need not be foretold: repeated, it sends the same bytes.
    """
    if not writes_key(step) or snapshot.key_digest is None or (isinstance(step, Put) and not _is_random(snapshot)):
        return False
    recorded = snapshot.half.key
    return recorded is None or recorded.pending != snapshot.key_digest or (isinstance(step, SetKey) and step.requested)


def generation_of(record: KeyRecord) -> str | None:
    """Which random key a half holds or is certain to hold soon; empty if that is open, None if it holds no random key."""
    if record.pending is not None:
        return record.pending if record.sent else ""
    return record.digest if record.digest is not None and record.digest.startswith(RANDOM) else None


def _on_its_way(snapshot: Snapshot, before: KeyRecord, wanted: str, *, sent: bool) -> KeyRecord:
    begun = before.pending == wanted and before.since is not None
    return KeyRecord(
        digest=before.digest,
        pending=wanted,
        sent=sent or None,
        since=before.since if begun else snapshot.now.replace(microsecond=0),
        set_time=before.set_time,
    )


def _is_random(snapshot: Snapshot) -> bool:
    return isinstance(snapshot.key, GeneratedKey)


def _failed(operation: OpenOperation | FailedOperation | None) -> bool:
    return isinstance(operation, FailedOperation) and operation.kind in {OperationKind.PUT, OperationKind.SHARED_KEY}


def has_key(snapshot: Snapshot) -> bool:
    """Whether there is a key that could be written."""
    return isinstance(snapshot.key, KeyFound | GeneratedKey)
