"""An edit of a policy reaches its connections in waves, and stops with the first tunnel that does not come back."""

from collections.abc import Mapping
from typing import Any

import pytest

from support.cases.pairs import half_spec
from support.fakes.azure import Device
from support.sweeps import A_FLEET
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, site_spec, wire_policy

pytestmark = pytest.mark.slow

WITHIN = 600.0
BAD = {"dhGroup": "ECP384"}
NEW = {"dhGroup": "ECP256"}


def refuses(properties: Mapping[str, Any], _key: str) -> bool:
    return not any(policy["dhGroup"] == "ECP384" for policy in properties["ipsecPolicies"])


async def a_fleet(size: int, *, rollout: Mapping[str, Any] | None = None, **settings: Any) -> CoreHarness:
    """So many sites in peace on one policy, each on a gateway of its own, whose devices refuse the group ECP384."""
    world = CoreHarness(confirm_within_seconds=WITHIN, **settings)
    await world.start()
    if rollout is not None:
        world.apply(POLICY, "site6", {**POLICY_SPEC, "rollout": dict(rollout)})
    for number in range(size):
        world.add_gateway(f"GW{number}")
        world.add_site(f"S{number}")
        world.set_up_site(f"S{number}", f"s{number:02}", virtualNetworkGateway={"name": f"GW{number}"})
    await world.settle()
    for number in range(size):
        held = world.live(f"VNet1toS{number}")
        held.device = Device(refuses)
        held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


async def add_pair(world: CoreHarness) -> None:
    """Two objects of a VNet-to-VNet pair on the same policy, in peace."""
    world.add_gateway("VNet1GW")
    world.add_gateway("VNet2GW", "TestRG2")
    for name, spec in (("a-one", half_spec("1", "2")), ("a-two", half_spec("2", "1"))):
        world.apply(CONNECTION, name, {**spec, "ipsecPolicyRef": {"name": "site6"}})
    await world.settle()
    world.forget_journals()


def groups(world: CoreHarness, size: int) -> list[str]:
    return [world.held(f"VNet1toS{number}")["ipsecPolicies"][0]["dhGroup"] for number in range(size)]


def policy_status(world: CoreHarness) -> dict[str, Any]:
    document = world.document("site6", POLICY)
    assert document is not None
    found: dict[str, Any] = document["status"]
    return found


def open_now(world: CoreHarness, size: int) -> int:
    documents = [world.document(f"s{number:02}") for number in range(size)]
    states = [(document or {})["status"].get("change", {}).get("state") for document in documents]
    return sum(state in {"Sent", "Confirming", "RollingBack"} for state in states)


async def waves(world: CoreHarness, size: int, seconds: float) -> list[int]:
    """How many were unconfirmed at a time, each number once in a row."""
    found = [0]
    for _ in range(int(seconds / 3)):
        await world.advance(3)
        now = open_now(world, size)
        if now != found[-1]:
            found.append(now)
    return found


async def test_one_moves_first_and_then_twice_as_many_each_time():
    world = await a_fleet(12, rollout={"maxUnavailable": 4})
    world.edit(POLICY, "site6", **NEW)
    seen = await waves(world, 12, 700)
    assert seen[1] == 1
    assert max(seen) == 4
    assert groups(world, 12) == ["ECP256"] * 12
    assert world.accepted() == {"put": 12}
    assert all(world.ready(f"s{n:02}") == ("True", "UpToDate") for n in range(12))
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    status = policy_status(world)
    assert (status["connections"], status["updatedConnections"], status["confirmedConnections"]) == (12, 12, 12)
    assert [(item["state"], item["values"]["dhGroup"]) for item in status["revisions"]] == [
        ("Current", "ECP256"),
        ("Superseded", "DHGroup24"),
    ]
    assert world.reasons_of_events("site6") == ["RollingOut", "RolledOut"]
    await world.stop()


async def test_the_default_is_a_tenth_of_them():
    world = await a_fleet(20)
    world.edit(POLICY, "site6", **NEW)
    assert max(await waves(world, 20, 1200)) == 2
    assert groups(world, 20) == ["ECP256"] * 20
    await world.stop()


def fewest_rounds(size: int, most: int) -> int:
    """How many changes have to follow each other, if each that has proved itself makes room for one more."""
    rounds = proved = 0
    while proved < size:
        proved += min(most, proved + 1)
        rounds += 1
    return rounds


@pytest.mark.parametrize("size", A_FLEET)
async def test_an_accepted_edit_takes_at_most_a_quarter_longer_than_waves_gateways_and_proofs_allow(size: int):
    gateways, operation, back_after, hold_down = size // 10, 20.0, 5.0, 10.0
    world = CoreHarness(confirm_within_seconds=WITHIN, hold_down_seconds=hold_down)
    world.azure.operation_seconds = operation
    await world.start()
    for number in range(gateways):
        world.add_gateway(f"GW{number}")
    for number in range(size):
        world.add_site(f"S{number}")
        gateway = {"name": f"GW{number % gateways}"}
        world.set_up_site(f"S{number}", f"s{number:02}", virtualNetworkGateway=gateway)
    await world.settle()
    for number in range(size):
        held = world.live(f"VNet1toS{number}")
        held.device = Device(back_after=back_after)
        held.device.negotiate(held.document["properties"], held.key, world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    began = world.clock.monotonic()
    world.edit(POLICY, "site6", **NEW)
    await world.advance(5)
    while world.condition("site6", "RolledOut", POLICY) != ("True", "RolledOut"):
        await world.advance(5)
    bound = fewest_rounds(size, most=size // 10) * (operation + back_after + hold_down)
    assert world.clock.monotonic() - began <= 1.25 * bound
    assert world.accepted() == {"put": size}
    await world.stop()


async def test_a_bad_edit_takes_down_one_tunnel_and_stops():
    world = await a_fleet(10, rollout={"maxUnavailable": 5})
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    assert [world.ready(f"s{n:02}") for n in range(1, 10)] == [("True", "WaitingForRollout")] * 9
    assert world.condition("site6", "Reconciling", POLICY) == ("True", "RollingOut")
    await world.advance(WITHIN + 100)
    assert groups(world, 10) == ["DHGroup24"] * 10
    assert world.accepted() == {"put": 2}
    assert [world.ready(f"s{n:02}") for n in range(10)] == [("True", "RolloutStopped")] * 10
    assert all(world.condition(f"s{n:02}", "Connected") == ("True", "AllTunnelsUp") for n in range(10))
    assert world.ready("site6", POLICY) == ("False", "RolloutFailed")
    assert world.condition("site6", "Stalled", POLICY) == ("True", "RolloutFailed")
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "RolloutFailed")
    await world.advance(6 * 3600)
    await world.restart()
    await world.advance(3600)
    assert world.accepted() == {"put": 2}
    assert world.ready("site6", POLICY) == ("False", "RolloutFailed")
    await world.stop()


async def test_waiting_costs_no_request():
    world = await a_fleet(6, rollout={"maxUnavailable": 1})
    world.edit(POLICY, "site6", **NEW)
    await world.advance(3)
    waiting = [f"s{n:02}" for n in range(6) if world.ready(f"s{n:02}") == ("True", "WaitingForRollout")]
    assert len(waiting) == 5
    names = {f"VNet1toS{int(name[1:])}" for name in waiting}
    assert [what for verb, what in world.calls if verb != "write_status" and what in names | set(waiting)] == []
    await world.stop()


async def test_the_end_of_a_rollout_costs_those_who_have_moved_nothing():
    world = await a_fleet(6, rollout={"maxUnavailable": 1})
    world.edit(POLICY, "site6", **NEW)
    await world.advance(5)
    while world.condition("site6", "RolledOut", POLICY) != ("True", "RolledOut"):
        world.forget_journals()
        await world.advance(1)
    assert {f"VNet1toS{number}" for number in range(4)} & {what for _, what in world.calls} == set()
    await world.stop()


async def test_a_failure_in_a_later_wave_puts_back_only_what_is_not_confirmed():
    world = await a_fleet(8, rollout={"maxUnavailable": 4})
    for number in (2, 5):
        device = world.live(f"VNet1toS{number}").device
        assert device is not None
        device.accepts = lambda properties, _: properties["ipsecPolicies"][0]["dhGroup"] == "DHGroup24"
    world.edit(POLICY, "site6", **NEW)
    await world.advance(3 * WITHIN)
    held = groups(world, 8)
    assert held[2] == "DHGroup24"
    assert held[0] == held[1] == "ECP256", "confirmed ones stay"
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "RolloutFailed")
    assert world.ready("s00") == ("True", "UpToDate")
    assert world.ready("s02") == ("True", "RolloutStopped")
    assert open_now(world, 8) == 0
    await world.stop()


async def test_a_failed_edit_is_taken_back_in_waves_too():
    world = await a_fleet(6, rollout={"maxUnavailable": 2})
    device = world.live("VNet1toS3").device
    assert device is not None
    device.accepts = lambda properties, _: properties["ipsecPolicies"][0]["dhGroup"] == "DHGroup24"
    world.edit(POLICY, "site6", **NEW)
    await world.advance(3 * WITHIN)
    moved = groups(world, 6).count("ECP256")
    assert moved >= 2
    world.forget_journals()
    world.edit(POLICY, "site6", dhGroup="DHGroup24")
    assert max(await waves(world, 6, 600)) <= 2
    assert groups(world, 6) == ["DHGroup24"] * 6
    assert world.accepted() == {"put": moved}
    assert world.ready("site6", POLICY) == ("True", "Valid")
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_a_failed_edit_is_tried_again_when_somebody_asks():
    world = await a_fleet(4, rollout={"maxUnavailable": 4})
    world.edit(POLICY, "site6", **BAD)
    await world.advance(WITHIN + 300)
    assert world.ready("site6", POLICY) == ("False", "RolloutFailed")
    for number in range(4):
        device = world.live(f"VNet1toS{number}").device
        assert device is not None
        device.accepts = lambda *_: True
    world.annotate("site6", POLICY, rollout_retry="1")
    await world.advance(600)
    assert groups(world, 4) == ["ECP384"] * 4
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    assert world.accepted() == {"put": 6}
    await world.stop()


@pytest.mark.parametrize("strategy", ["Staged", "AllAtOnce"])
async def test_a_retry_that_comes_before_the_undo_is_done_is_not_lost(strategy: str):
    world = await a_fleet(1, rollout={"strategy": strategy})
    world.edit(POLICY, "site6", **BAD)
    while world.ready("site6", POLICY) != ("False", "RolloutFailed"):
        await world.advance(1)
    device = world.live("VNet1toS0").device
    assert device is not None
    device.accepts = lambda *_: True
    await world.advance(1)
    document = world.document("s00")
    assert document is not None
    assert document["status"]["change"]["state"] == "RollingBack"
    world.annotate("site6", POLICY, rollout_retry="1")
    await world.advance(900)
    assert groups(world, 1) == ["ECP384"]
    assert world.ready("s00") == ("True", "UpToDate")
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_all_at_once_means_all_at_once():
    world = await a_fleet(6, rollout={"strategy": "AllAtOnce"}, max_disruptions=0)
    world.edit(POLICY, "site6", **NEW)
    await world.advance(20)
    assert world.accepted() == {"put": 6}
    await world.advance(200)
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_paused_means_that_no_further_one_moves():
    world = await a_fleet(6, rollout={"maxUnavailable": 2})
    world.edit(POLICY, "site6", rollout={"maxUnavailable": 2, "paused": True}, **NEW)
    await world.advance(600)
    assert world.accepted() == {}
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "RolloutPaused")
    assert world.condition("site6", "Ready", POLICY) == ("False", "RolloutPaused"), "the edit is not done"
    assert world.condition("site6", "Stalled", POLICY) is None, "nobody has to act"
    world.edit(POLICY, "site6", rollout={"maxUnavailable": 2})
    await world.advance(45)
    world.edit(POLICY, "site6", rollout={"maxUnavailable": 2, "paused": True})
    await world.advance(600)
    assert groups(world, 6).count("ECP256") == 1
    assert world.ready("s00") == ("True", "UpToDate")
    world.edit(POLICY, "site6", rollout={"maxUnavailable": 2})
    await world.advance(900)
    assert groups(world, 6) == ["ECP256"] * 6
    world.edit(POLICY, "site6", rollout={"maxUnavailable": 2, "paused": True})
    await world.advance(60)
    assert world.condition("site6", "Ready", POLICY) == ("True", "Valid"), "a pause with nothing to hold back"
    await world.stop()


@pytest.mark.parametrize("where", ["annotation", "tag"])
async def test_who_is_held_does_not_keep_the_others_waiting(where: str):
    world = await a_fleet(4, rollout={"maxUnavailable": 1})
    if where == "annotation":
        world.annotate("s00", hold_until="2030-01-01T00:00:00Z")
    else:
        world.live("VNet1toS0").document.setdefault("tags", {})["azvpn-hold"] = "change freeze"
    await world.advance(60)
    world.edit(POLICY, "site6", **NEW)
    await world.advance(600)
    assert groups(world, 4) == ["DHGroup24", "ECP256", "ECP256", "ECP256"]
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    assert policy_status(world)["skippedConnections"] == 1
    assert world.ready("s00") == ("False", "ChangesPaused")
    if where == "annotation":
        world.annotate("s00", hold_until=None)
    else:
        del world.live("VNet1toS0").document["tags"]["azvpn-hold"]
    await world.advance(700)
    assert groups(world, 4) == ["ECP256"] * 4
    assert world.accepted() == {"put": 4}
    await world.stop()


async def test_a_pair_that_disagrees_does_not_keep_the_others_waiting_and_fails_nobodys_rollout():
    world = await a_fleet(2, rollout={"maxUnavailable": 1})
    await add_pair(world)
    world.apply(POLICY, "other", POLICY_SPEC | BAD)
    world.edit(CONNECTION, "a-two", ipsecPolicyRef={"name": "other"})
    await world.advance(60)
    world.edit(POLICY, "site6", **NEW)
    await world.advance(600)
    assert world.ready("a-one") == ("False", "PairPolicyMismatch")
    assert groups(world, 2) == ["ECP256"] * 2
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_who_takes_no_part_is_counted_and_joins_later():
    world = await a_fleet(4, rollout={"maxUnavailable": 4})
    world.edit(CONNECTION, "s01", suspend=True)
    await world.advance(60)
    world.edit(POLICY, "site6", **NEW)
    await world.advance(600)
    assert groups(world, 4) == ["ECP256", "DHGroup24", "ECP256", "ECP256"]
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    assert policy_status(world)["skippedConnections"] == 1
    world.edit(CONNECTION, "s01", suspend=False)
    await world.advance(300)
    assert groups(world, 4) == ["ECP256"] * 4
    await world.stop()


async def test_a_new_connection_begins_with_the_current_values():
    world = await a_fleet(6, rollout={"maxUnavailable": 1})
    world.edit(POLICY, "site6", **NEW)
    await world.advance(10)
    world.add_gateway("GW9")
    world.add_site("S9")
    world.apply(CONNECTION, "s99", site_spec("S9", virtualNetworkGateway={"name": "GW9"}))
    await world.advance(40)
    assert world.held("VNet1toS9")["ipsecPolicies"] == [wire_policy()]
    await world.advance(1200)
    assert world.held("VNet1toS9")["ipsecPolicies"][0]["dhGroup"] == "ECP256"
    await world.stop()


async def test_a_second_edit_takes_over_from_the_first():
    world = await a_fleet(6, rollout={"maxUnavailable": 2})
    world.edit(POLICY, "site6", **NEW)
    await world.advance(100)
    world.edit(POLICY, "site6", dhGroup="DHGroup14")
    await world.advance(1500)
    assert groups(world, 6) == ["DHGroup14"] * 6
    assert [item["state"] for item in policy_status(world)["revisions"]] == ["Current", "Superseded", "Superseded"]
    assert open_now(world, 6) == 0
    await world.stop()


@pytest.mark.parametrize("after", [1.0, 5.0, 30.0, 50.0, 75.0, 110.0])
async def test_a_restart_in_the_middle_changes_nothing_of_the_end(after: float):
    world = await a_fleet(6, rollout={"maxUnavailable": 2})
    world.edit(POLICY, "site6", **NEW)
    await world.advance(after)
    await world.restart()
    assert max(await waves(world, 6, 900)) <= 2
    assert groups(world, 6) == ["ECP256"] * 6
    assert world.accepted() == {"put": 6}
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_a_changed_pfs_group_has_to_survive_a_rekey_at_the_canary():
    world = await a_fleet(4, rollout={"maxUnavailable": 4})
    world.edit(POLICY, "site6", pfsGroup="PFS24")
    await world.advance(3600)
    assert world.accepted() == {"put": 1}
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "WaitingForRekey")
    assert world.ready("s00") == ("True", "UpToDate"), "its tunnel works"
    await world.advance(14400)
    assert world.accepted() == {"put": 4}
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "Provisional")
    await world.advance(14400)
    assert world.condition("site6", "RolledOut", POLICY) == ("True", "RolledOut")
    await world.stop()


async def test_the_canary_goes_back_if_the_rekey_fails():
    world = await a_fleet(4, rollout={"maxUnavailable": 4})
    world.edit(POLICY, "site6", pfsGroup="PFS24")
    await world.advance(7200)
    device = world.live("VNet1toS0").device
    assert device is not None
    device.drop(world.clock.monotonic(), 10**6)
    await world.advance(1200)
    assert world.accepted() == {"put": 2}
    assert world.condition("site6", "RolledOut", POLICY) == ("False", "RolloutFailed")
    assert world.held("VNet1toS0")["ipsecPolicies"] == [wire_policy()]
    await world.stop()


async def test_nobody_need_wait_for_the_rekey():
    world = await a_fleet(3, rollout={"maxUnavailable": 3})
    world.edit(POLICY, "site6", pfsGroup="PFS24")
    await world.advance(600)
    world.annotate("site6", POLICY, rollout_continue="1")
    await world.advance(600)
    assert world.accepted() == {"put": 3}
    await world.stop()


@pytest.mark.parametrize("restart", [False, True], ids=["", "the operator was away"])
async def test_a_bad_edit_of_a_policy_that_was_deleted_and_made_again_takes_down_one_tunnel(restart: bool):
    world = await a_fleet(12)
    if restart:
        await world.stop()
    # As after a restore from a backup: the finalizer does not keep it.
    world.cluster.documents.pop((POLICY, "network", "site6"))
    if restart:
        world.apply(POLICY, "site6", POLICY_SPEC | BAD)
        await world.start()
    else:
        world.pump()
        await world.advance(60)
        world.apply(POLICY, "site6", POLICY_SPEC | BAD)
    assert max(await waves(world, 12, WITHIN + 400)) == 1
    assert groups(world, 12) == ["DHGroup24"] * 12
    assert world.accepted() == {"put": 2}
    assert [(item["state"], item["values"]["dhGroup"]) for item in policy_status(world)["revisions"]] == [
        ("Failed", "ECP384"),
        ("Current", "DHGroup24"),
    ]
    assert world.condition("s05", "Ready") == ("True", "RolloutStopped")
    await world.stop()


async def test_two_objects_of_a_pair_move_together():
    world = await a_fleet(3, rollout={"maxUnavailable": 1})
    await add_pair(world)
    world.edit(POLICY, "site6", **NEW)
    await world.advance(90)
    assert [sent.name for sent in world.sent[:2]] == ["VNet1toVNet2", "VNet2toVNet1"]
    await world.advance(900)
    assert groups(world, 3) == ["ECP256"] * 3
    assert world.accepted() == {"put": 5}
    await world.stop()
