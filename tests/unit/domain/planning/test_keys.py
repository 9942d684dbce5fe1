from dataclasses import replace

import pytest

from azure_vpn_operator.api.base import LastHandled
from azure_vpn_operator.api.reasons import Reason
from azure_vpn_operator.api.vpn_connection_status import ConnectionHalf, HalfRole, KeyRecord, VpnConnectionStatus
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, SharedKey
from azure_vpn_operator.domain.keys.records import current_record, needs_intent
from azure_vpn_operator.domain.passes.key_turns import Turn
from azure_vpn_operator.domain.passes.snapshot import FailedOperation, GeneratedKey, KeyCheck, OperationKind, Snapshot
from azure_vpn_operator.domain.passes.steps import SetKey
from azure_vpn_operator.domain.planning.plan import plan
from support.builders import (
    CONNECTION_ID,
    NOW,
    a_connection,
    a_failed_operation,
    a_live_connection,
    a_snapshot,
)

OLD, NEW, ELSEWHERE = "name:old", "name:new", "other:old"


def remembering(*records: KeyRecord, **handled: str) -> VpnConnectionStatus:
    halves = [
        ConnectionHalf(role=role, id=CONNECTION_ID, key=key) for role, key in zip(HalfRole, records, strict=False)
    ]
    return VpnConnectionStatus(halves=tuple(halves), last_handled=LastHandled(**handled) if handled else None)


def wanting(
    record: KeyRecord,
    check: KeyCheck = KeyCheck.NOT_NEEDED,
    *,
    asked: str | None = None,
    handled: str | None = None,
    turn: Turn | None = None,
) -> Snapshot:
    """A connection in peace but for its key: the Secret's has the digest NEW."""
    annotations = {"azvpn.dev/rotate-key": asked} if asked else {}
    previous = remembering(record, **({"rotate_key": handled} if handled else {}))
    snapshot = a_snapshot(a_connection(annotations=annotations), previous=previous, key_check=check)
    return replace(snapshot, key_digest=NEW, key_rotated=record.digest != NEW, key_turn=turn or Turn())


WAITS = Turn(Reason.KEY_ROTATION_WAITS, "a comes first", "a")


@pytest.mark.parametrize(
    ("snapshot", "step"),
    [
        pytest.param(wanting(KeyRecord(digest=NEW)), "Settled", id="the bytes are those that Azure has"),
        pytest.param(wanting(KeyRecord(digest=OLD)), "SetKey", id="the bytes have changed"),
        pytest.param(wanting(KeyRecord(digest=OLD), KeyCheck.UNREADABLE), "SetKey", id="that is known without reading"),
        pytest.param(wanting(KeyRecord(digest=OLD), KeyCheck.EQUAL), "Settled", id="Azure has the new key already"),
        pytest.param(wanting(KeyRecord(digest=OLD), turn=WAITS), "Hold", id="it is somebody else's turn"),
        pytest.param(
            wanting(KeyRecord(), KeyCheck.UNREADABLE), "Settled", id="nothing is known, so nothing is written"
        ),
        pytest.param(
            wanting(KeyRecord(digest=ELSEWHERE), KeyCheck.UNREADABLE), "Settled", id="made with a lost digest key"
        ),
        pytest.param(wanting(KeyRecord(), KeyCheck.DIFFERENT), "SetKey", id="Azure was seen to have another key"),
        pytest.param(wanting(KeyRecord(digest=OLD, pending=NEW)), "SetKey", id="foretold and perhaps not sent"),
        pytest.param(wanting(KeyRecord(digest=OLD, pending=NEW, sent=True)), "Settled", id="sent and settled"),
        pytest.param(wanting(KeyRecord(digest=NEW), asked="1"), "SetKey", id="a person asks, whatever Azure has"),
        pytest.param(
            wanting(KeyRecord(), KeyCheck.UNREADABLE, asked="1"), "SetKey", id="a person asks for the unverified"
        ),
        pytest.param(wanting(KeyRecord(digest=NEW), asked="1", handled="1"), "Settled", id="a token acts once"),
        pytest.param(wanting(KeyRecord(digest=OLD), asked="1", turn=WAITS), "SetKey", id="a person may go out of turn"),
    ],
)
def test_when_the_key_is_written(snapshot: Snapshot, step: str):
    assert type(plan(snapshot)).__name__ == step


@pytest.mark.parametrize(
    ("forward", "reverse", "due"),
    [
        pytest.param(KeyRecord(), KeyRecord(), False, id="adopted: nobody knows the key, and it works"),
        pytest.param(KeyRecord(digest="random:1"), KeyRecord(digest="random:1"), False, id="both have one key"),
        pytest.param(KeyRecord(digest="random:1"), KeyRecord(digest="random:2"), True, id="two keys"),
        pytest.param(KeyRecord(digest="random:1"), KeyRecord(), True, id="one half is new"),
        pytest.param(
            KeyRecord(pending="random:1"), KeyRecord(pending="random:1"), True, id="foretold, perhaps not sent"
        ),
        pytest.param(
            KeyRecord(digest="random:1"),
            KeyRecord(digest="random:0", pending="random:1"),
            True,
            id="the second is open",
        ),
        pytest.param(
            KeyRecord(digest="random:1"),
            KeyRecord(pending="random:1", sent=True),
            False,
            id="the second will have it too",
        ),
    ],
)
def test_when_a_random_key_is_made_anew(forward: KeyRecord, reverse: KeyRecord, due: bool):
    snapshot = a_snapshot(previous=remembering(forward, reverse))
    snapshot = replace(snapshot, key=GeneratedKey(SharedKey("x"), "random:9"), key_digest="random:9")
    assert isinstance(plan(snapshot), SetKey) is due


SENT = KeyRecord(digest=OLD, pending=NEW, sent=True, since=NOW)


@pytest.mark.parametrize(
    ("live", "operation", "expected"),
    [
        pytest.param(NotRead(), None, SENT, id="not read: as before"),
        pytest.param(Absent(), None, KeyRecord(), id="gone, and its key with it"),
        pytest.param(Present(a_live_connection(provisioningState="Updating")), None, SENT, id="not settled yet"),
        pytest.param(Present(a_live_connection()), None, KeyRecord(digest=NEW, set_time=NOW), id="settled"),
        pytest.param(
            Present(a_live_connection(connectionStatus="Connecting")),
            None,
            KeyRecord(digest=NEW, set_time=NOW),
            id="settled; that the tunnel is not back is the change's affair",
        ),
        pytest.param(
            Present(a_live_connection(provisioningState="Failed")),
            None,
            SENT.model_copy(update={"sent": None}),
            id="Azure failed: which key it has is open",
        ),
        pytest.param(
            Present(a_live_connection()),
            a_failed_operation(OperationKind.SHARED_KEY),
            SENT.model_copy(update={"sent": None}),
            id="the operation failed",
        ),
    ],
)
def test_what_becomes_of_a_key_that_was_sent(live: object, operation: FailedOperation | None, expected: KeyRecord):
    half = ConnectionHalf(role=HalfRole.FORWARD, key=SENT)
    assert current_record(half, live, operation) == expected  # type: ignore[arg-type]


def test_a_write_of_a_key_is_foretold_once():
    snapshot = wanting(KeyRecord(digest=OLD))
    assert needs_intent(snapshot, plan(snapshot))
    foretold = wanting(KeyRecord(digest=OLD, pending=NEW))
    assert not needs_intent(foretold, plan(foretold))
