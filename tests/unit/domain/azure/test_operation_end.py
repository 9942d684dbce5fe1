from dataclasses import replace

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.domain.azure.live_connection import LiveConnection, read_live_connection
from azure_vpn_operator.domain.azure.lookups import Absent, NotRead, Present, Read, Unreadable
from azure_vpn_operator.domain.azure.operation_end import (
    End,
    Sent,
    SentConfiguration,
    SentDeletion,
    SentTags,
    judge_end,
)
from support.world.core import connection_id, wire_connection

TAGS = {"azvpn-managed-by": "it/network/one"}


def shown(state: str = "Succeeded", **properties: object) -> LiveConnection:
    body = wire_connection(tags=TAGS, **properties)
    body["properties"]["provisioningState"] = state
    return read_live_connection({**body, "id": str(connection_id("c"))})


PUT, PATCH, DELETE = SentConfiguration(shown(routingWeight=5)), SentTags(TAGS), SentDeletion()
UNREADABLE = Unreadable(Fault(FaultKind.THROTTLED, "Code", "text"))

CASES: dict[str, tuple[Sent, Read[LiveConnection] | NotRead, End]] = {
    "what was sent is shown and settled": (PUT, Present(shown(routingWeight=5)), End.ENDED),
    "what was sent is shown, and Azure still works on it": (
        PUT,
        Present(shown("Updating", routingWeight=5)),
        End.RUNNING,
    ),
    "old values as if nothing had happened may be an old answer": (PUT, Present(shown()), End.ASK),
    "what was sent is shown as failed: only the operation knows why": (
        PUT,
        Present(shown("Failed", routingWeight=5)),
        End.ASK,
    ),
    "a creation does not show at once": (PUT, Absent(), End.RUNNING),
    "the tags are there": (PATCH, Present(shown()), End.ENDED),
    "other tags are there": (PATCH, Present(replace(shown(), tags={})), End.ASK),
    "the tags are there and something failed": (PATCH, Present(shown("Failed")), End.ASK),
    "deleted": (DELETE, Absent(), End.ENDED),
    "being deleted": (DELETE, Present(shown("Deleting")), End.RUNNING),
    "not deleted": (DELETE, Present(shown("Failed")), End.ASK),
    "an answer that says nothing": (PUT, UNREADABLE, End.ASK),
    "no answer": (DELETE, NotRead(), End.ASK),
}


@pytest.mark.parametrize(("sent", "read", "end"), CASES.values(), ids=CASES.keys())
def test_a_connection_tells_whether_an_operation_has_ended(sent: Sent, read: Read[LiveConnection] | NotRead, end: End):
    assert judge_end(sent, read) is end
