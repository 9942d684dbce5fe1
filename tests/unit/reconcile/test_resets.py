"""Resets are sent when somebody asks for them: at most once for each request, whatever happens."""

from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.fakes.azure import Device
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference, site_spec

pytestmark = pytest.mark.slow

FORBIDDEN = Fault(
    FaultKind.FORBIDDEN, "AuthorizationFailed", "No right to Microsoft.Network/connections/resetconnection/action."
)
LOST = Fault(FaultKind.UNAVAILABLE, "ReadTimeout", "No answer.")
BUSY = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "Another operation is in progress.")


def status(world: CoreHarness, name: str = "site6") -> dict[str, Any]:
    document = world.document(name)
    assert document is not None
    return dict(document["status"])


def states(world: CoreHarness, name: str = "site6") -> list[str]:
    return [record["state"] for record in status(world, name).get("resets", [])]


def handled(world: CoreHarness, name: str = "site6") -> str | None:
    return status(world, name).get("lastHandled", {}).get("reset")


@pytest.fixture
async def up(site: CoreHarness) -> CoreHarness:
    """The connection of Site6 with a device behind it."""
    site.live("VNet1toSite6").device = Device()
    await site.settle()
    site.forget_journals()
    return site


async def test_a_reset_acts_once_for_each_token(up: CoreHarness):
    for token in ("a", "b"):
        up.forget_journals()
        up.annotate("site6", reset=token)
        await up.settle()
        await up.restart()
        await up.settle()
        assert up.accepted() == {"reset": 1}
        assert handled(up) == token
        assert states(up) == ["Done"]
        assert up.reasons_of_events().count("ResetAccepted") == 1
        assert up.ready() == ("True", "UpToDate")


async def test_while_it_runs_the_connection_is_in_sync_and_says_what_happens(up: CoreHarness):
    up.annotate("site6", reset="a")
    await up.advance(5)
    assert up.ready() == ("False", "Resetting")
    assert up.condition("site6", "Reconciling") == ("True", "Resetting")
    assert up.condition("site6", "Synced") == ("True", "UpToDate")
    assert (handled(up), states(up)) == ("a", ["Sent"])
    await up.advance(35)
    assert states(up) == ["Done"]
    assert up.condition("site6", "Connected") in {("False", "Renegotiating"), ("True", "AllTunnelsUp")}
    await up.settle()
    assert up.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    assert not {"TunnelDown", "TunnelUp"} & set(up.reasons_of_events()), "what was asked for is no news"


@pytest.mark.parametrize("carried_out", [False, True])
async def test_a_kill_at_the_call_does_not_reset_twice(up: CoreHarness, carried_out: bool):
    def crash(_number: int, verb: str, _what: str) -> Interference | None:
        return Interference(crash=True, carried_out=carried_out) if verb == "reset" and not up.crashes else None

    up.interfere = crash
    up.annotate("site6", reset="a")
    await up.settle()
    assert up.crashes == 1
    assert up.accepted()["reset"] == int(carried_out)
    assert (handled(up), states(up)) == ("a", ["Failed"]), "nobody knows whether it was"
    assert up.reasons_of_events().count("ResetFailed") == 1
    assert up.ready() == ("True", "UpToDate")


@pytest.mark.parametrize("number", range(1, 40))
async def test_a_kill_anywhere_resets_at_most_once(number: int, up: CoreHarness):
    before = len(up.calls)
    up.interfere = lambda n, _verb, _what: Interference(crash=True, carried_out=True) if n == before + number else None
    up.annotate("site6", reset="a")
    await up.settle()
    assert handled(up) == "a"
    assert up.accepted()["reset"] == 1 or (up.accepted()["reset"], states(up)) == (0, ["Failed"])
    assert up.ready() == ("True", "UpToDate")


@pytest.mark.parametrize(
    ("stop", "go", "text"),
    [
        pytest.param(
            lambda w: w.edit(CONNECTION, "site6", suspend=True),
            lambda w: w.edit(CONNECTION, "site6", suspend=None),
            "spec.suspend is true",
            id="suspended",
        ),
        pytest.param(
            lambda w: w.annotate("site6", hold_until="2999-01-01T00:00:00Z"),
            lambda w: w.annotate("site6", hold_until=None),
            "held until",
            id="held by its annotation",
        ),
        pytest.param(
            lambda w: w.portal_edit("VNet1toSite6", tags={**w.tags(), "azvpn-hold": "on call"}),
            lambda w: w.portal_edit("VNet1toSite6", tags={n: v for n, v in w.tags().items() if n != "azvpn-hold"}),
            "azvpn-hold",
            id="held by a tag in Azure",
        ),
        pytest.param(
            lambda w: w.edit(CONNECTION, "site6", managementPolicy="Observe"),
            lambda w: w.edit(CONNECTION, "site6", managementPolicy=None),
            "managementPolicy is Observe",
            id="only observed",
        ),
    ],
)
async def test_what_stops_a_reset_ends_the_request(up: CoreHarness, stop: Any, go: Any, text: str):
    stop(up)
    await up.settle()
    up.annotate("site6", reset="a")
    await up.settle()
    assert (handled(up), states(up)) == ("a", ["Refused"])
    assert text in status(up)["resets"][0]["message"]
    assert up.reasons_of_events().count("ResetRefused") == 1
    go(up)
    await up.settle()
    assert up.accepted()["reset"] == 0, "nobody expects it any more"
    up.annotate("site6", reset="b")
    await up.settle()
    assert up.accepted()["reset"] == 1


async def test_an_object_that_is_seen_for_the_first_time_is_not_reset(world: CoreHarness):
    world.put_key()
    world.apply(POLICY, "site6", POLICY_SPEC)
    world.apply(CONNECTION, "site6", site_spec(), annotations={"azvpn.dev/reset": "from last year"})
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert states(world) == ["Refused"]
    assert world.ready() == ("True", "UpToDate")


async def test_a_missing_right_refuses_the_request_and_nothing_else_suffers(up: CoreHarness):
    up.interfere = lambda _number, verb, _what: Interference(fault=FORBIDDEN) if verb == "reset" else None
    up.annotate("site6", reset="a")
    await up.settle()
    assert sum(verb == "reset" for verb, _ in up.calls) == 1
    assert states(up) == ["Refused"]
    assert "resetconnection/action" in status(up)["resets"][0]["message"]
    assert up.ready() == ("True", "UpToDate")


async def test_an_answer_that_is_lost_is_not_tried_again(up: CoreHarness):
    up.interfere = lambda _n, verb, _w: Interference(fault=LOST, carried_out=True) if verb == "reset" else None
    up.annotate("site6", reset="a")
    await up.settle()
    assert up.accepted() == {"reset": 1}
    assert states(up) == ["Failed"]
    assert up.ready() == ("True", "UpToDate")


async def test_a_lock_is_waited_for(up: CoreHarness):
    answers = iter([BUSY, BUSY])

    def locked(_number: int, verb: str, _what: str) -> Interference | None:
        fault = next(answers, None) if verb == "reset" else None
        return Interference(fault=fault) if fault is not None else None

    up.interfere = locked
    up.annotate("site6", reset="a")
    await up.advance(1)
    assert (handled(up), states(up)) == ("a", ["Waits"])
    assert up.condition("site6", "Synced") == ("True", "UpToDate")
    await up.settle()
    assert up.accepted() == {"reset": 1}
    assert states(up) == ["Done"]


async def test_a_request_that_waits_can_be_taken_back(up: CoreHarness):
    up.interfere = lambda _n, verb, _w: Interference(fault=BUSY) if verb == "reset" else None
    up.annotate("site6", reset="a")
    await up.advance(1)
    up.annotate("site6", reset=None)
    await up.settle()
    up.interfere = lambda _n, _verb, _w: None
    await up.settle()
    assert up.accepted()["reset"] == 0
    assert states(up) == []


async def test_an_operation_that_fails_is_told_and_spoils_nothing(up: CoreHarness):
    up.azure.operation_fault = Fault(FaultKind.REJECTED, "InternalError", "The gateway did not answer.")
    up.annotate("site6", reset="a")
    await up.settle()
    assert states(up) == ["Failed"]
    assert "The gateway did not answer." in status(up)["resets"][0]["message"]
    assert up.accepted() == {"reset": 1}
    assert up.ready() == ("True", "UpToDate")


async def test_it_takes_its_place_in_the_line_of_the_gateway(up: CoreHarness):
    up.set_up_site("Site7", "site7")
    await up.advance(1)
    assert up.azure.operations_in_progress == 1
    up.annotate("site6", reset="a")
    await up.advance(5)
    assert up.ready() == ("False", "GatewayBusy")
    assert (handled(up), states(up)) == ("a", ["Waits"])
    await up.settle()
    assert [sent.verb for sent in up.sent if sent.accepted] == ["put", "reset"]
    assert all(sent.accepted for sent in up.sent), "Azure was not asked in vain"


async def test_a_change_of_the_same_object_goes_first(up: CoreHarness):
    up.edit(CONNECTION, "site6", routingWeight=7)
    up.annotate("site6", reset="a")
    await up.settle()
    assert [sent.verb for sent in up.sent] == ["put", "reset"]


async def test_no_window_is_waited_for_and_what_waits_for_one_waits_on(up: CoreHarness):
    window = {"start": "03:00", "duration": "2h", "timeZone": "UTC", "days": ["Sun"]}
    up.edit(CONNECTION, "site6", changeWindows=[window], dpdTimeoutSeconds=60)
    await up.settle()
    assert up.ready() == ("False", "WaitingForWindow")
    up.annotate("site6", reset="a")
    await up.settle()
    assert up.accepted() == {"reset": 1}
    assert up.ready() == ("False", "WaitingForWindow")


@pytest.mark.parametrize("locks_peer", [False, True])
async def test_both_halves_of_an_owned_pair_are_reset_one_after_the_other(world: CoreHarness, locks_peer: bool):
    world.azure.locks_peer = locks_peer
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "site6", POLICY_SPEC)
    peer = {"name": "VNet2GW", "resourceGroup": "TestRG2"}
    spec = site_spec(localNetworkGateway=None, azureName="VNet1toVNet2", peerVirtualNetworkGateway=peer)
    world.apply(CONNECTION, "pair", {**spec, "reverse": {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}})
    await world.settle()
    world.forget_journals()
    world.annotate("pair", reset="a")
    await world.advance(5)
    assert states(world, "pair") == ["Sent", "Waits"]
    await world.settle()
    assert [sent.name for sent in world.sent] == ["VNet1toVNet2", "VNet2toVNet1"]
    assert all(sent.accepted for sent in world.sent)
    assert states(world, "pair") == ["Done", "Done"]
    assert world.condition("pair", "PairInSync") == ("True", "InSync")


@pytest.mark.parametrize("number", range(1, 30, 3))
async def test_a_kill_in_the_middle_of_a_pair_resets_each_half_at_most_once(number: int, world: CoreHarness):
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "site6", POLICY_SPEC)
    peer = {"name": "VNet2GW", "resourceGroup": "TestRG2"}
    spec = site_spec(localNetworkGateway=None, azureName="VNet1toVNet2", peerVirtualNetworkGateway=peer)
    world.apply(CONNECTION, "pair", {**spec, "reverse": {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}})
    await world.settle()
    world.forget_journals()
    world.interfere = lambda n, _verb, _what: Interference(crash=True, carried_out=True) if n == number else None
    world.annotate("pair", reset="a")
    await world.settle()
    assert sorted(sent.name for sent in world.sent) == ["VNet1toVNet2", "VNet2toVNet1"]
    assert handled(world, "pair") == "a"
    assert "Waits" not in states(world, "pair")
