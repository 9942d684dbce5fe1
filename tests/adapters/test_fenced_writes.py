"""Every write of the adapters asks first whether this replica leads; reads do not."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from azure_vpn_operator.arm.answers import Answer
from azure_vpn_operator.arm.connections import ArmConnections
from azure_vpn_operator.cluster.event_recorder import EventRecorder
from azure_vpn_operator.cluster.objects import ClusterObjects
from azure_vpn_operator.cluster.session import Reply
from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import NOT_LEADING
from azure_vpn_operator.domain.azure.lookups import SharedKey
from azure_vpn_operator.domain.passes.events import EventNote
from azure_vpn_operator.runtime.clock import SystemClock
from azure_vpn_operator.telemetry.redaction import SecretRegistry

CONNECTION = ArmId.build("22222222-2222-2222-2222-222222222222", "rg", "connections", "c1")
REFERENCE = {"metadata": {"name": "c1", "namespace": "network", "uid": "1"}}
NOTE = EventNote(warning=False, reason="Updating", action="Reconcile", note="text")


class Closed:
    """Another replica leads."""

    is_open = False

    def covers(self, seconds: float) -> bool:
        del seconds
        return False


class Session:
    """Counts what is sent, and answers so little that no adapter is content with it."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.secrets = SecretRegistry()

    def address(self, *_: object) -> str:
        return "https://management.example/c1"

    async def send(self, method: str, *_: object, **__: object) -> Answer:
        self.sent.append(method)
        return Answer(200, {}, None)

    async def request(self, method: str, *_: object, **__: object) -> Reply:
        self.sent.append(method)
        return Reply({})


Call = Callable[[Any], Awaitable[object]]
WRITES: dict[str, Call] = {
    "put": lambda s: ArmConnections(s, Closed()).put(CONNECTION, {"properties": {}}),
    "patch_tags": lambda s: ArmConnections(s, Closed()).patch_tags(CONNECTION, {}),
    "delete": lambda s: ArmConnections(s, Closed()).delete(CONNECTION),
    "reset": lambda s: ArmConnections(s, Closed()).reset(CONNECTION),
    "put_shared_key": lambda s: ArmConnections(s, Closed()).put_shared_key(CONNECTION, SharedKey("Canary.Key.1")),
    "write_status": lambda s: ClusterObjects(s, fence=Closed()).write_status("VpnConnection", "n", "c1", "1", {}),
    "write_finalizers": lambda s: ClusterObjects(s, fence=Closed()).write_finalizers(
        "VpnConnection", "n", "c1", "1", []
    ),
}


@pytest.mark.parametrize("write", WRITES)
async def test_who_does_not_lead_sends_nothing(write: str):
    session = Session()
    assert await WRITES[write](session) == NOT_LEADING
    assert session.sent == []


async def test_who_does_not_lead_tells_nothing():
    session: Any = Session()
    await EventRecorder(session, clock=SystemClock(), instance="a", fence=Closed()).record(REFERENCE, [NOTE])
    assert session.sent == []


async def test_who_does_not_lead_may_read():
    session: Any = Session()
    await ArmConnections(session, Closed()).get_shared_key(CONNECTION)
    assert session.sent == ["GET"]
