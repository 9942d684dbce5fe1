"""What takes down a tunnel that is up waits for a change window, and for nothing else than its time: through the whole core."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.cases.pairs import half_spec
from support.fakes.azure import Device
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, wire_policy

pytestmark = pytest.mark.slow

WITHIN = 600.0
BAD = {"dhGroup": "ECP384"}
POLICY_AT_ONCE = {**POLICY_SPEC, "rollout": {"strategy": "AllAtOnce"}}
"""Its edits meet the windows of the connections themselves; in waves, the policy asks nobody who would have to wait."""
ZONE = {"days": ["Thu"], "timeZone": "Europe/Berlin"}
WINDOWS = [{"start": "02:00", "duration": "1h", **ZONE}, {"start": "04:00", "duration": "1h", **ZONE}]
OPENS = datetime(2026, 1, 1, 1, tzinfo=UTC)
"""An hour after the worlds of these tests begin, on a Thursday."""
CLOSES = OPENS + timedelta(hours=1)
NEXT = OPENS + timedelta(hours=2)
WAITS = ("False", "WaitingForWindow")
PEACE = ("True", "UpToDate")


def refuses_ecp384(properties: Mapping[str, Any], _key: str) -> bool:
    return not any(policy["dhGroup"] == "ECP384" for policy in properties["ipsecPolicies"])


async def a_site(device: Device | None = None, **spec: Any) -> CoreHarness:
    """A connection in peace that changes in two windows, with a device behind it."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.apply(POLICY, "site6", POLICY_AT_ONCE)
    world.set_up_site(**{"changeWindows": WINDOWS, **spec})
    await world.settle()
    device = device or Device()
    world.live("VNet1toSite6").device = device
    device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())
    await world.advance(600)
    assert world.ready() == PEACE
    world.forget_journals()
    return world


async def until(world: CoreHarness, moment: datetime, seconds: float = 0.0) -> None:
    await world.advance((moment - world.clock.now()).total_seconds() + seconds)


async def until_read(world: CoreHarness, name: str) -> None:
    """Until a moment after a read of the connection: then the next one is five minutes away."""
    world.forget_journals()
    for _ in range(400):
        if ("get", name) not in world.calls:
            await world.advance(1)
    assert ("get", name) in world.calls
    world.forget_journals()


def change_of(world: CoreHarness, name: str = "site6") -> dict[str, Any] | None:
    document = world.document(name)
    assert document is not None
    found: dict[str, Any] | None = document["status"].get("change")
    return found


def another_key(world: CoreHarness) -> None:
    world.put_key("AnotherKey2")
    world.annotate("site6", reconcile_at="now")


def drift(world: CoreHarness) -> None:
    world.portal_edit("VNet1toSite6", dpdTimeoutSeconds=30)
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())


# --- what waits


@pytest.mark.parametrize(
    ("act", "verb", "spec"),
    [
        pytest.param(lambda w: w.edit(POLICY, "site6", **BAD), "put", {}, id="an edit of the policy"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", dpdTimeoutSeconds=30), "put", {}, id="a field of its own"),
        pytest.param(lambda w: w.edit(CONNECTION, "site6", ipsecPolicyRef=None), "put", {}, id="the Default policy"),
        pytest.param(another_key, "put_shared_key", {}, id="another key"),
        pytest.param(drift, "put", {"driftPolicy": "Correct"}, id="drift that is put back"),
    ],
)
async def test_what_takes_the_tunnel_down_waits_and_goes_at_the_opening(
    act: Callable[[CoreHarness], None], verb: str, spec: dict[str, Any]
):
    world = await a_site(**spec)
    act(world)
    await world.advance(400)
    assert world.ready() == WAITS
    assert world.condition("site6", "Synced") == WAITS
    assert world.condition("site6", "Stalled") is None
    assert world.condition("site6", "Reconciling") is None
    assert "2026-01-01T01:00:00Z, Thu 2026-01-01 02:00 in Europe/Berlin" in world.message()
    await until(world, OPENS, -1)
    assert world.accepted() == {}
    await until(world, OPENS, 1)
    assert world.accepted() == {verb: 1}
    await until(world, OPENS, 900)
    assert world.ready() == PEACE
    assert world.accepted() == {verb: 1}
    await world.stop()


async def test_waiting_costs_no_more_than_peace_and_says_nothing_twice():
    world = await a_site(changeWindows=[{"start": "23:00", "duration": "1h"}])
    await world.advance(1800)
    world.forget_journals()
    await world.advance(3600)
    in_peace = [verb for verb, _ in world.calls]
    await until_read(world, "VNet1toSite6")
    world.edit(POLICY, "site6", **BAD)
    await world.advance(1)
    assert world.ready() == WAITS
    # What it waits for is said without a look at Azure: that it is up is known.
    assert [call for call in world.calls if call[1] == "VNet1toSite6"] == []
    await world.advance(400)
    world.forget_journals()
    await world.advance(3600)
    for verb in set(in_peace) | {verb for verb, _ in world.calls}:
        now = sum(called == verb for called, _ in world.calls)
        assert now <= in_peace.count(verb) + 3, verb
    assert world.cluster.writes == []
    await world.stop()


async def test_an_edit_in_the_window_goes_at_once_unless_too_little_of_it_is_left():
    world = await a_site()
    await until(world, CLOSES, -731)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(1)
    assert world.accepted() == {"put": 1}
    await until(world, CLOSES, -100)
    assert world.ready() == PEACE
    await until(world, NEXT, 3600 - 729)
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance(600)
    assert world.ready() == WAITS
    assert "2026-01-08T01:00:00Z" in world.message()
    await until(world, NEXT, 5400)
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_windows_that_are_all_too_short_are_said_to_be_so():
    world = await a_site(confirm={"withinSeconds": 3600})
    document = world.document("site6")
    assert document is not None
    assert "window-too-short" in [warning["id"] for warning in document["status"]["warnings"]]
    world.edit(POLICY, "site6", **BAD)
    await until(world, OPENS, 600)
    assert world.ready() == WAITS
    assert "never open for the 63 minutes" in world.message()
    assert world.accepted() == {}
    world.edit(CONNECTION, "site6", confirm={"withinSeconds": 1800})
    await world.advance(1)
    assert world.accepted() == {"put": 1}
    document = world.document("site6")
    assert document is not None
    await world.advance(900)
    document = world.document("site6")
    assert document is not None
    assert "window-too-short" not in [warning["id"] for warning in document["status"].get("warnings", ())]
    await world.stop()


# --- what does not wait


async def test_an_undo_goes_on_outside_of_the_window():
    world = await a_site(Device(refuses_ecp384))
    await until(world, CLOSES, -731)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    assert world.accepted() == {"put": 1}
    # The operator was away when the time was over, and comes back when the window has closed.
    world.lives[-1].end()
    await until(world, CLOSES, 1800)
    await world.restart()
    await world.advance(300)
    assert world.accepted() == {"put": 2}
    assert world.held()["ipsecPolicies"] == [wire_policy()]
    assert world.ready() == ("True", "RolloutStopped")
    await world.stop()


async def test_a_write_that_takes_no_tunnel_down_goes_at_once():
    world = await a_site()
    world.edit(CONNECTION, "site6", routingWeight=7)
    await world.advance(100)
    assert world.held()["routingWeight"] == 7
    assert world.ready() == PEACE
    world.edit(CONNECTION, "site6", tags={"a": "b"})
    await world.advance(100)
    assert world.accepted() == {"put": 1, "patch_tags": 1}
    await world.stop()


async def test_creation_does_not_wait():
    world = CoreHarness()
    await world.start()
    world.set_up_site(changeWindows=WINDOWS)
    await world.advance(100)
    assert world.accepted() == {"put": 1}
    assert world.ready() == PEACE
    await world.stop()


async def test_a_tunnel_that_is_down_has_nothing_to_wait_for():
    world = await a_site()
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.drop(world.clock.monotonic(), 1e9)
    await world.advance(400)
    assert world.condition("site6", "Connected") == ("False", "UnknownPeerSide")
    world.edit(POLICY, "site6", **BAD)
    await world.advance(5)
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_a_tunnel_that_goes_down_while_its_change_waits_is_seen_and_the_change_goes():
    world = await a_site()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(900)
    assert world.ready() == WAITS
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.drop(world.clock.monotonic(), 1e9)
    await world.advance(400)
    assert world.accepted() == {"put": 1}
    assert "TunnelDown" in world.reasons_of_events()
    await world.stop()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda w: w.edit(CONNECTION, "site6", changeWindows=None), id="without windows any more"),
        pytest.param(
            lambda w: w.edit(CONNECTION, "site6", changeWindows=[{"start": "00:00", "duration": "24h"}]),
            id="with one that is open",
        ),
    ],
)
async def test_a_change_goes_at_once_when_the_windows_let_it(act: Callable[[CoreHarness], None]):
    world = await a_site()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(900)
    assert world.ready() == WAITS
    act(world)
    await world.advance(1)
    assert world.accepted() == {"put": 1}
    await world.advance(100)
    assert world.ready() == PEACE
    await world.stop()


async def test_a_change_that_is_taken_back_while_it_waits_leaves_nothing():
    world = await a_site()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(900)
    world.edit(POLICY, "site6", dhGroup=POLICY_SPEC["dhGroup"])
    await world.advance(60)
    assert world.ready() == PEACE
    await until(world, OPENS, 600)
    assert world.accepted() == {}
    await world.stop()


# --- while time passes


@pytest.mark.parametrize("at", [OPENS - timedelta(minutes=10), OPENS])
async def test_a_restart_while_it_waits_changes_nothing(at: datetime):
    world = await a_site()
    world.edit(POLICY, "site6", **BAD)
    await until(world, at)
    await world.restart()
    await world.advance(30)
    if world.clock.now() < OPENS:
        assert world.ready() == WAITS
        assert world.accepted() == {}
    await until(world, OPENS, 60)
    assert world.accepted() == {"put": 1}
    await until(world, OPENS, 900)
    assert world.ready() == PEACE
    await world.stop()


async def test_an_opening_that_was_missed_is_no_reason_to_go_later():
    world = await a_site()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(600)
    world.lives[-1].end()
    await until(world, CLOSES, 1800)
    await world.restart()
    await world.advance(60)
    assert world.ready() == WAITS
    assert "2026-01-01T03:00:00Z" in world.message()
    assert world.accepted() == {}
    await until(world, NEXT, 60)
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_a_second_change_waits_while_the_first_one_is_confirmed():
    world = await a_site()
    await until(world, CLOSES, -731)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(40)
    assert (change_of(world) or {}).get("state") in {"Sent", "Confirming"}
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance(60)
    assert world.ready() == WAITS
    assert change_of(world) is None
    assert "ChangeConfirmed" in world.reasons_of_events()
    assert world.held()["ipsecPolicies"] == [wire_policy(**BAD)]
    await until(world, NEXT, 60)
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_a_repair_of_a_change_that_took_the_tunnel_down_does_not_wait():
    world = await a_site(Device(refuses_ecp384))
    await until(world, CLOSES, -731)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(300)
    assert world.condition("site6", "Connected") == ("False", "UnknownPeerSide")
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance(200)
    assert world.ready() == PEACE
    assert world.held()["ipsecPolicies"] == [wire_policy(dhGroup="ECP256")]
    await world.stop()


async def test_who_is_still_in_line_when_the_window_closes_waits_for_the_next_one():
    world = CoreHarness(confirm_within_seconds=WITHIN, max_disruptions=1)
    await world.start()
    world.apply(POLICY, "site6", POLICY_AT_ONCE)
    for number in range(4):
        world.add_gateway(f"GW{number}")
        world.add_site(f"S{number}")
        gateway = {"name": f"GW{number}"}
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway=gateway, changeWindows=WINDOWS)
    await world.settle()
    for number in range(4):
        held = world.live(f"VNet1toS{number}")
        held.device = Device(back_after=200.0)
        held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await until(world, CLOSES, -1100)
    world.forget_journals()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(10)
    assert [world.ready(f"s{n}") for n in range(4)].count(("False", "WaitingForBudget")) == 3
    await until(world, CLOSES, 1800)
    assert world.accepted() == {"put": 2}
    assert [world.ready(f"s{n}") for n in range(4)].count(WAITS) == 2
    assert len(world.core.disruptions) == 0
    assert world.core.disruptions.unconfirmed == 0
    await until(world, NEXT, 1200)
    assert world.accepted() == {"put": 4}
    await world.stop()


async def test_at_the_opening_nobody_is_read_who_has_to_wait_for_a_place():
    world = CoreHarness(confirm_within_seconds=WITHIN, max_disruptions=1)
    await world.start()
    world.apply(POLICY, "site6", POLICY_AT_ONCE)
    for number in range(3):
        world.add_gateway(f"GW{number}")
        world.add_site(f"S{number}")
        gateway = {"name": f"GW{number}"}
        world.set_up_site(f"S{number}", f"s{number}", virtualNetworkGateway=gateway, changeWindows=WINDOWS)
    await world.settle()
    world.edit(POLICY, "site6", **BAD)
    # Each has waited for so long that it was read meanwhile.
    await until(world, OPENS, -1)
    world.forget_journals()
    await world.advance(2)
    waiting = [n for n in range(3) if world.ready(f"s{n}") == ("False", "WaitingForBudget")]
    assert len(waiting) == 2
    assert {what for verb, what in world.calls if verb == "get"} & {f"VNet1toS{n}" for n in waiting} == set()
    await world.stop()


async def test_who_has_its_turn_at_the_gateway_when_the_window_has_closed_gives_it_away():
    world = await a_site()
    world.set_up_site("Site7", "site7", changeWindows=WINDOWS)
    await world.settle()
    await until(world, CLOSES, -735)
    world.forget_journals()
    world.edit(POLICY, "site6", **BAD)
    await world.advance(2)
    assert {world.ready("site6"), world.ready("site7")} == {("False", "Updating"), ("False", "GatewayBusy")}
    await world.advance(200)
    assert world.accepted() == {"put": 1}
    assert WAITS in {world.ready("site6"), world.ready("site7")}
    world.add_site("Site8")
    world.set_up_site("Site8", "site8")
    await world.advance(100)
    assert world.ready("site8") == PEACE
    await until(world, NEXT, 60)
    assert world.accepted() == {"put": 3}
    await world.stop()


async def test_others_do_not_wait_behind_one_that_waits_for_its_window():
    world = await a_site()
    world.set_up_site("Site7", "site7")
    await world.settle()
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=30)
    await world.advance(5)
    world.edit(CONNECTION, "site7", dpdTimeoutSeconds=30)
    await world.advance(5)
    assert world.ready() == WAITS
    assert world.held("VNet1toSite7")["dpdTimeoutSeconds"] == 30
    await world.advance(200)
    world.forget_journals()
    world.put_key("AnotherKey2")
    for name in ("site6", "site7"):
        world.annotate(name, reconcile_at="now")
    await world.advance(600)
    assert [sent.name for sent in world.sent if sent.verb == "put_shared_key"] == ["VNet1toSite7"]
    await world.stop()


# --- with a rollout in waves


async def a_fleet(windows: Mapping[str, Any], **rollout: Any) -> CoreHarness:
    """Four connections of one policy at gateways of their own, in peace; some change in windows only."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.apply(POLICY, "site6", {**POLICY_SPEC, "rollout": rollout})
    for number in range(4):
        world.add_gateway(f"GW{number}")
        world.add_site(f"S{number}")
        gateway, name = {"name": f"GW{number}"}, f"s{number}"
        world.set_up_site(f"S{number}", name, virtualNetworkGateway=gateway, changeWindows=windows.get(name))
    await world.settle()
    for number in range(4):
        held = world.live(f"VNet1toS{number}")
        held.device = Device()
        held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


async def test_who_waits_for_a_window_lets_the_others_of_the_rollout_go_first():
    world = await a_fleet({"s0": WINDOWS, "s1": WINDOWS}, maxUnavailable=2)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(900)
    assert {sent.name for sent in world.sent} == {"VNet1toS2", "VNet1toS3"}
    assert world.ready("s0") == world.ready("s1") == ("True", "WaitingForRollout")
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "RollingOut")
    said = world.message("site6", "RolledOut", POLICY)
    assert "2 wait (2 of them for a change window, the next one opens at 2026-01-01T01:00:00Z)" in said
    world.forget_journals()
    await until(world, OPENS, -1)
    assert world.accepted() == {}
    await until(world, OPENS, 5)
    assert {sent.name for sent in world.sent} == {"VNet1toS0", "VNet1toS1"}
    await world.advance(300)
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_at_the_opening_one_goes_first_as_always():
    world = await a_fleet({f"s{number}": WINDOWS for number in range(4)}, maxUnavailable=4)
    world.edit(POLICY, "site6", **BAD)
    await until(world, OPENS, 5)
    assert [sent.name for sent in world.sent] == ["VNet1toS0"]
    await world.advance(600)
    assert world.accepted() == {"put": 4}
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_a_tunnel_that_is_down_does_not_hold_the_rollout_for_a_window():
    world = await a_fleet({f"s{number}": WINDOWS for number in range(4)}, maxUnavailable=4)
    held = world.live("VNet1toS3")
    held.device = Device(lambda *_: False)
    held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await world.advance(600)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(120)
    assert [sent.name for sent in world.sent] == ["VNet1toS3"]
    await world.stop()


# --- deletion


async def test_a_deletion_waits_if_the_tunnel_is_up():
    world = await a_site()
    world.delete(CONNECTION, "site6")
    await world.advance(1000)
    assert world.ready() == WAITS
    assert "2026-01-01T01:00:00Z" in world.message()
    assert world.condition("site6", "Stalled") is None
    await until(world, OPENS, -1)
    assert world.accepted() == {}
    await until(world, OPENS, 300)
    assert world.accepted() == {"delete": 1}
    assert world.document("site6") is None
    await world.stop()


async def test_a_deletion_needs_no_more_of_a_window_than_an_operation_takes():
    world = await a_site()
    await until(world, CLOSES, -61)
    world.delete(CONNECTION, "site6")
    await world.advance(1)
    assert world.accepted() == {"delete": 1}
    await world.advance(200)
    assert world.document("site6") is None
    await world.stop()


async def test_a_deletion_does_not_wait_if_the_tunnel_is_down():
    world = await a_site()
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.drop(world.clock.monotonic(), 1e9)
    await world.advance(400)
    world.delete(CONNECTION, "site6")
    await world.advance(200)
    assert world.document("site6") is None
    await world.stop()


@pytest.mark.parametrize(
    ("change", "writes"),
    [
        pytest.param({"deletionPolicy": "Retain"}, {"patch_tags": 1}, id="Retain"),
        pytest.param({"suspend": True}, {}, id="suspended"),
        pytest.param({"changeWindows": None}, {"delete": 1}, id="without windows"),
    ],
)
async def test_an_object_whose_deletion_waits_can_be_let_go(change: dict[str, Any], writes: dict[str, int]):
    world = await a_site()
    world.delete(CONNECTION, "site6")
    await world.advance(1000)
    assert world.ready() == WAITS
    world.edit(CONNECTION, "site6", **change)
    await world.advance(200)
    assert world.document("site6") is None
    assert world.accepted() == writes
    await world.stop()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        pytest.param({"dpdTimeoutSeconds": 1}, "2026-01-01T01:00:00Z", id="another field is wrong: its windows count"),
        pytest.param(
            {"changeWindows": [{**WINDOWS[0], "timeZone": "Europe/Nowhere"}]},
            "Europe/Nowhere is not known",
            id="its time zone is unknown: it is never open",
        ),
        pytest.param({"changeWindows": "mornings"}, "never open", id="they are no windows: never open"),
    ],
)
async def test_the_windows_of_an_invalid_object_hold_its_deletion(spec: dict[str, Any], said: str):
    world = await a_site()
    world.edit(CONNECTION, "site6", **spec)
    await world.advance(60)
    assert world.ready() == ("False", "InvalidSpec")
    world.delete(CONNECTION, "site6")
    await world.advance(1000)
    assert world.ready() == WAITS
    assert said in world.message()
    world.edit(CONNECTION, "site6", deletionPolicy="Retain")
    await world.advance(100)
    assert world.document("site6") is None
    assert world.accepted() == {"patch_tags": 1}
    await world.stop()


# --- pairs


async def a_pair(*, owned: bool, locks_peer: bool = False, **windows: Any) -> CoreHarness:
    """A VNet-to-VNet pair in peace; `windows` are those of the objects `one` and `two`."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.azure.locks_peer = locks_peer
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_AT_ONCE)
    reverse = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"} if owned else None
    world.apply(CONNECTION, "one", half_spec("1", "2", reverse=reverse, changeWindows=windows.get("one")))
    if not owned:
        world.apply(CONNECTION, "two", half_spec("2", "1", changeWindows=windows.get("two")))
    await world.settle()
    assert world.ready("one") == PEACE

    def agree(_properties: Mapping[str, Any], _key: str) -> bool:
        one, other = world.live("VNet1toVNet2"), world.live("VNet2toVNet1", "TestRG2")
        same = one.document["properties"]["ipsecPolicies"] == other.document["properties"]["ipsecPolicies"]
        return bool(same and one.key == other.key)

    tunnel = Device(agree)
    for half in (world.live("VNet1toVNet2"), world.live("VNet2toVNet1", "TestRG2")):
        half.device = tunnel
        tunnel.negotiate(half.document["properties"], half.key, world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


@pytest.mark.parametrize("locks_peer", [False, True], ids=["each half locks its gateway", "each half locks both"])
@pytest.mark.parametrize("owned", [True, False], ids=["one object", "two objects"])
async def test_the_second_half_goes_on_although_too_little_of_the_window_is_left_by_then(owned: bool, locks_peer: bool):
    world = await a_pair(owned=owned, locks_peer=locks_peer, one=WINDOWS)
    await until(world, CLOSES, -730)
    world.edit(POLICY, "pair", **BAD)
    await world.advance(400)
    assert world.accepted() == {"put": 2}
    await world.advance(600)
    assert world.ready("one") == PEACE
    await world.stop()


@pytest.mark.parametrize("locks_peer", [False, True], ids=["each half locks its gateway", "each half locks both"])
@pytest.mark.parametrize("owned", [True, False], ids=["one object", "two objects"])
async def test_a_key_reaches_the_second_half_although_too_little_of_the_window_is_left_by_then(
    owned: bool, locks_peer: bool
):
    world = await a_pair(owned=owned, locks_peer=locks_peer, one=WINDOWS)
    await until(world, CLOSES, -740)
    world.put_key("AnotherKey2")
    world.annotate("one", reconcile_at="now")
    await world.advance(400)
    assert world.accepted() == {"put_shared_key": 2}
    await world.advance(600)
    assert world.ready("one") == PEACE
    await world.stop()


@pytest.mark.parametrize("owned", [True, False], ids=["one object", "two objects"])
async def test_a_crash_between_the_halves_and_the_window_closes_and_the_second_half_goes_on(owned: bool):
    world = await a_pair(owned=owned, locks_peer=True, one=WINDOWS)
    await until(world, CLOSES, -730)
    world.edit(POLICY, "pair", **BAD)
    await world.advance(20)
    assert world.accepted() == {"put": 1}
    world.lives[-1].end()
    await until(world, CLOSES, 1800)
    await world.restart()
    await world.advance(600)
    assert world.accepted() == {"put": 2}
    assert world.ready("one") == PEACE
    await world.stop()


async def test_two_objects_change_while_the_windows_of_both_are_open():
    later = {"days": ["Thu"], "start": "01:30", "duration": "30m"}
    world = await a_pair(owned=False, one=WINDOWS, two=[later])
    world.edit(POLICY, "pair", **BAD)
    await until(world, OPENS, 1000)
    assert world.ready("one") == WAITS
    assert world.ready("two") == WAITS
    assert "2026-01-01T01:30:00Z" in world.message("one")
    assert world.accepted() == {}
    await until(world, OPENS, 1860)
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_an_object_tells_when_the_windows_of_the_other_one_have_changed():
    world = await a_pair(owned=False, one=WINDOWS, two=WINDOWS)
    world.edit(POLICY, "pair", **BAD)
    await world.advance(100)
    assert "2026-01-01T01:00:00Z" in world.message("one")
    await until_read(world, "VNet1toVNet2")
    world.edit(CONNECTION, "two", changeWindows=[WINDOWS[1]])
    await world.advance(2)
    assert "2026-01-01T03:00:00Z" in world.message("one")
    assert "2026-01-01T03:00:00Z" in world.message("two")
    await world.stop()


async def test_the_deletion_of_one_of_two_objects_waits_for_its_own_windows_only():
    world = await a_pair(owned=False, one=None, two=WINDOWS)
    world.delete(CONNECTION, "one")
    await world.advance(200)
    assert world.document("one") is None
    assert world.accepted() == {"delete": 1}
    await world.stop()


async def test_both_halves_of_one_object_are_deleted_at_the_opening():
    world = await a_pair(owned=True, one=WINDOWS)
    world.delete(CONNECTION, "one")
    await world.advance(1000)
    assert world.ready("one") == WAITS
    await until(world, OPENS, 400)
    assert world.accepted() == {"delete": 2}
    assert world.document("one") is None
    await world.stop()
