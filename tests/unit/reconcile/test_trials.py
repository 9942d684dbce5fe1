"""A change that takes the tunnel down has to prove itself, and is undone if it does not: through the whole core."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.cases.pairs import half_spec
from support.fakes.azure import Device
from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, Interference, wire_policy

pytestmark = pytest.mark.slow

WITHIN = 600.0
BAD = {"dhGroup": "ECP384"}
GOOD_POLICY = [wire_policy()]
BAD_POLICY = [wire_policy(**BAD)]


def refuses_ecp384(properties: Mapping[str, Any], key: str) -> bool:
    return not any(policy["dhGroup"] == "ECP384" for policy in properties["ipsecPolicies"])


def verdicts(world: CoreHarness) -> dict[str, float]:
    """How often each verdict was counted since the last start."""
    families = world.lives[-1].metrics.registry.collect()
    found = (sample for family in families for sample in family.samples)
    return {s.labels["verdict"]: s.value for s in found if s.name == "azure_vpn_operator_change_verdicts_total"}


def change_of(world: CoreHarness, name: str = "site6") -> dict[str, Any] | None:
    document = world.document(name)
    assert document is not None
    found: dict[str, Any] | None = document["status"].get("change")
    return found


def another_policy(world: CoreHarness) -> None:
    world.apply(POLICY, "other", POLICY_SPEC | BAD)
    world.edit(CONNECTION, "site6", ipsecPolicyRef={"name": "other"})


async def a_site(device: Device, **spec: Any) -> CoreHarness:
    """A world with a connection in peace, and a device behind it that decides whether the tunnel comes up."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.set_up_site(**spec)
    await world.settle()
    world.live("VNet1toSite6").device = device
    device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())
    await world.advance(600)
    assert world.ready() == ("True", "UpToDate")
    world.forget_journals()
    return world


async def test_a_change_that_the_device_takes_is_confirmed_and_remembered():
    world = await a_site(Device())
    world.edit(POLICY, "site6", **BAD)
    await world.advance(45)
    assert world.ready() == ("False", "Confirming")
    change = change_of(world)
    assert change is not None
    assert (change["state"], change["cause"], change["wasConnected"]) == ("Confirming", "Policy", True)
    assert change["from"]["ipsecPolicies"] == GOOD_POLICY
    assert change["to"]["ipsecPolicies"] == BAD_POLICY
    await world.advance(60)
    assert world.ready() == ("True", "UpToDate")
    assert change_of(world) is None
    document = world.document("site6")
    assert document is not None
    assert document["status"]["lastKnownGood"]["settings"]["ipsecPolicies"] == BAD_POLICY
    assert "ChangeConfirmed" in world.reasons_of_events()
    assert verdicts(world) == {"Confirmed": 1}
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_a_change_that_the_device_refuses_is_undone_and_not_tried_again():
    world = await a_site(Device(refuses_ecp384))
    another_policy(world)
    await world.advance(WITHIN + 200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("False", "RolledBack")
    assert world.condition("site6", "Stalled") == ("True", "RolledBack")
    assert world.condition("site6", "Synced") == ("True", "RolledBack")
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    document = world.document("site6")
    assert document is not None
    assert [item["path"] for item in document["status"]["differences"]] == ["ipsecPolicies[0].dhGroup"]
    told = [reason for reason in world.reasons_of_events() if reason in {"ChangeFailed", "RollingBack", "RolledBack"}]
    assert told == ["ChangeFailed", "RollingBack", "RolledBack"]
    assert verdicts(world) == {"Failed": 1}
    assert world.accepted() == {"put": 2}
    await world.advance(24 * 3600)
    assert world.accepted() == {"put": 2}
    await world.restart()
    await world.advance(3600)
    assert world.accepted() == {"put": 2}
    assert world.ready() == ("False", "RolledBack")
    await world.stop()


@pytest.mark.parametrize("operation_seconds", [2.0, 30.0, 120.0])
async def test_an_undo_of_a_policys_edit_is_told_to_its_end_however_long_it_takes(operation_seconds: float):
    """The rollout has failed meanwhile, and the object wants the values from before already."""
    world = await a_site(Device(refuses_ecp384))
    world.azure.operation_seconds = operation_seconds
    world.edit(POLICY, "site6", **BAD)
    await world.advance(WITHIN + 3 * operation_seconds + 200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("True", "RolloutStopped")
    told = [reason for reason in world.reasons_of_events() if reason in {"ChangeFailed", "RollingBack", "RolledBack"}]
    assert told == ["ChangeFailed", "RollingBack", "RolledBack"]
    assert change_of(world) is None
    assert world.accepted() == {"put": 2}
    await world.stop()


@dataclass(frozen=True)
class Cause:
    """One way to take a tunnel down, which the device does not accept."""

    name: str
    act: Callable[[CoreHarness], None]
    accepts: Callable[[Mapping[str, Any], str], bool]
    cause: str
    spec: dict[str, Any] = field(default_factory=dict)
    own: bool = True
    """Whether it is the object's own change: then the object says that it failed, else the policy."""


def another_policy_and_delete_the_old_one(world: CoreHarness) -> None:
    another_policy(world)
    world.delete(POLICY, "site6")


def follow_an_edit_in_the_portal(world: CoreHarness) -> None:
    world.portal_edit("VNet1toSite6", dpdTimeoutSeconds=30)
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())


CAUSES = [
    Cause("an edit of the policy", lambda w: w.edit(POLICY, "site6", **BAD), refuses_ecp384, "Policy", own=False),
    Cause("another policy", another_policy, refuses_ecp384, "Policy"),
    Cause("another policy, and the old one deleted", another_policy_and_delete_the_old_one, refuses_ecp384, "Policy"),
    Cause(
        "the Default policy",
        lambda w: w.edit(CONNECTION, "site6", ipsecPolicyRef=None),
        lambda properties, _: bool(properties["ipsecPolicies"]),
        "Policy",
    ),
    Cause(
        "a field of its own",
        lambda w: w.edit(CONNECTION, "site6", dpdTimeoutSeconds=30),
        lambda properties, _: properties["dpdTimeoutSeconds"] in (0, 45),
        "Spec",
    ),
    Cause(
        "drift put back, which the device has followed",
        follow_an_edit_in_the_portal,
        lambda properties, _: properties["dpdTimeoutSeconds"] == 30,
        "Drift",
        {"driftPolicy": "Correct"},
    ),
]


@pytest.mark.parametrize("cause", [pytest.param(cause, id=cause.name) for cause in CAUSES])
async def test_whatever_takes_the_tunnel_down_is_undone(cause: Cause):
    device = Device()
    world = await a_site(device, **cause.spec)
    before = {**world.held()}
    device.accepts = cause.accepts
    cause.act(world)
    await world.advance(150)
    change = change_of(world)
    assert change is not None
    assert change["cause"] == cause.cause
    await world.advance(WITHIN + 200)
    if cause.cause != "Drift":
        assert {name: world.held()[name] for name in ("ipsecPolicies", "connectionMode")} == {
            name: before[name] for name in ("ipsecPolicies", "connectionMode")
        }
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    assert world.ready() == (("False", "RolledBack") if cause.own else ("True", "RolloutStopped"))
    await world.stop()


async def test_a_key_only_goes_forward():
    device = Device()
    world = await a_site(device)
    device.accepts = lambda _, key: key != "AnotherKey2"
    world.put_key("AnotherKey2")
    world.annotate("site6", reconcile_at="now")
    await world.advance(WITHIN + 200)
    assert world.ready() == ("False", "ChangeFailed")
    assert world.accepted() == {"put_shared_key": 1}
    device.accepts = lambda *_: True
    device.negotiated = None
    device.negotiate(world.held(), "AnotherKey2", world.clock.monotonic())
    await world.advance(400)
    assert world.ready() == ("True", "UpToDate")
    assert change_of(world) is None
    await world.stop()


async def test_pause_leaves_the_change_and_says_so():
    world = await a_site(Device(refuses_ecp384), confirm={"onFailure": "Pause", "withinSeconds": 300})
    world.edit(POLICY, "site6", **BAD)
    await world.advance(500)
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    assert world.ready() == ("False", "ChangeFailed")
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_what_failed_and_was_left_is_not_sent_again_over_an_edit_in_the_portal():
    device = Device(refuses_ecp384)
    world = await a_site(device, confirm={"onFailure": "Pause", "withinSeconds": 300}, driftPolicy="Correct")
    world.edit(POLICY, "site6", **BAD)
    await world.advance(500)
    world.portal_edit("VNet1toSite6", dpdTimeoutSeconds=30)
    await world.advance(3600)
    assert world.ready() == ("False", "ChangeFailed")
    assert "dpdTimeoutSeconds" in world.message()
    assert world.held()["dpdTimeoutSeconds"] == 30
    assert world.accepted() == {"put": 1}
    world.annotate("site6", rollout_retry="1")
    await world.advance(60)
    assert world.held().get("dpdTimeoutSeconds", 45) == 45
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_failed_values_are_tried_again_when_somebody_asks_and_once_for_each_time():
    device = Device(refuses_ecp384)
    world = await a_site(device)
    another_policy(world)
    await world.advance(WITHIN + 200)
    assert world.ready() == ("False", "RolledBack")
    device.accepts = lambda *_: True
    world.annotate("site6", rollout_retry="1")
    await world.advance(200)
    assert world.ready() == ("True", "UpToDate")
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    assert world.accepted() == {"put": 3}
    await world.advance(3600)
    assert world.accepted() == {"put": 3}
    await world.stop()


async def test_drift_that_is_put_right_after_an_undo_is_recorded_and_has_its_place():
    device = Device(lambda properties, _: properties.get("dpdTimeoutSeconds") != 30)
    world = await a_site(device, driftPolicy="Correct")
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=30)
    await world.advance(WITHIN + 200)
    assert world.ready() == ("False", "RolledBack")
    world.portal_edit("VNet1toSite6", connectionMode="InitiatorOnly")
    device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())
    await world.advance(20)
    change = change_of(world)
    assert change is not None
    assert change["state"] == "RollingBack"
    assert world.core.disruptions.unconfirmed == 1
    await world.advance(200)
    assert world.held()["connectionMode"] == "Default"
    assert world.held().get("dpdTimeoutSeconds", 45) == 45
    assert world.ready() == ("False", "RolledBack")
    assert world.core.disruptions.unconfirmed == 0
    assert world.accepted() == {"put": 3}
    await world.stop()


async def test_other_values_after_a_failed_change_are_a_change_of_their_own():
    world = await a_site(Device(refuses_ecp384))
    world.edit(POLICY, "site6", **BAD)
    await world.advance(WITHIN + 200)
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance(200)
    assert world.ready() == ("True", "UpToDate")
    assert world.held()["ipsecPolicies"] == [wire_policy(dhGroup="ECP256")]
    await world.stop()


async def test_taking_a_failed_change_back_writes_nothing():
    world = await a_site(Device(refuses_ecp384))
    another_policy(world)
    await world.advance(WITHIN + 200)
    world.edit(CONNECTION, "site6", ipsecPolicyRef={"name": "site6"})
    await world.advance(200)
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_a_second_edit_before_the_first_is_confirmed_falls_back_to_what_worked():
    world = await a_site(Device(refuses_ecp384))
    another_policy(world)
    await world.advance(100)
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=30)
    await world.advance(WITHIN + 200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("False", "RolledBack")
    assert world.accepted() == {"put": 3}
    await world.stop()


async def test_a_repair_while_the_tunnel_is_down_is_confirmed_at_once():
    world = await a_site(Device(refuses_ecp384))
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance(150)
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_suspending_disarms_the_undo_and_says_so():
    world = await a_site(Device(refuses_ecp384))
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    world.edit(CONNECTION, "site6", suspend=True)
    await world.advance(WITHIN * 3)
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    assert "UndoDisarmed" in world.reasons_of_events()
    assert change_of(world) is None
    await world.stop()


async def test_a_hold_keeps_the_undo_waiting():
    world = await a_site(Device(refuses_ecp384))
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    world.annotate("site6", hold_until="2030-01-01T00:00:00Z")
    await world.advance(WITHIN * 3)
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    assert world.ready() == ("False", "ChangesPaused")
    world.annotate("site6", hold_until=None)
    await world.advance(200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    await world.stop()


@pytest.mark.parametrize("lag", [0.0, 20.0, 120.0, 300.0])
@pytest.mark.parametrize("times", [True, False])
async def test_a_change_that_is_accepted_is_never_undone_however_late_azure_reports(lag: float, times: bool):
    world = await a_site(Device(shows_times=times))
    device = world.live("VNet1toSite6").device
    assert device is not None
    device.lag = lag
    await world.advance(lag + 100)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(WITHIN * 2)
    assert world.ready() == ("True", "UpToDate")
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    assert world.accepted() == {"put": 1}
    await world.stop()


@pytest.mark.parametrize("lag", [0.0, 20.0, 120.0])
async def test_a_change_that_is_refused_is_undone_however_late_azure_reports(lag: float):
    world = await a_site(Device(refuses_ecp384, lag=lag))
    another_policy(world)
    await world.advance(WITHIN * 2)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("False", "RolledBack")
    await world.stop()


async def test_a_silent_site_is_confirmed_by_status_and_never_undone():
    device = Device(shows_times=False, back_after=0.0)
    world = await a_site(device)
    world.live("VNet1toSite6").ingress_bytes = 0
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(WITHIN)
    assert world.ready() == ("False", "Confirming")
    await world.advance(120)
    assert world.ready() == ("True", "UpToDate")
    assert "ConfirmedByStatus" in world.reasons_of_events()
    assert verdicts(world) == {"Unproven": 1}
    assert world.accepted() == {"put": 1}
    await world.stop()


@pytest.mark.parametrize("at", [100.0, 590.0, 640.0])
@pytest.mark.parametrize("seconds", [15.0, 180.0])
async def test_a_failover_of_the_gateway_undoes_nothing(at: float, seconds: float):
    device = Device(shows_times=False, back_after=0.0)
    world = await a_site(device)
    world.live("VNet1toSite6").ingress_bytes = 0
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(at)
    device.drop(world.clock.monotonic(), seconds)
    await world.advance(WITHIN * 2)
    assert world.accepted() == {"put": 1}
    assert world.ready() == ("True", "UpToDate")
    await world.stop()


async def test_a_site_that_only_answers_and_has_nothing_to_send_is_not_undone():
    device = Device()
    world = await a_site(device, connectionMode="ResponderOnly")
    world.live("VNet1toSite6").ingress_bytes = 0
    await world.advance(1200)
    device.accepts = lambda *_: False
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.advance(WITHIN * 2)
    assert world.accepted() == {"put": 1}
    assert "ConfirmedByStatus" in world.reasons_of_events()
    await world.stop()


async def test_other_connections_of_the_gateway_that_go_down_too_give_the_change_more_time():
    device = Device(refuses_ecp384)
    world = await a_site(device)
    world.set_up_site("Site7", "site7", ipsecPolicyRef=None)
    await world.settle()
    other = Device()
    world.live("VNet1toSite7").device = other
    world.edit(POLICY, "site6", **BAD)
    await world.advance(200)
    other.drop(world.clock.monotonic(), 900)
    await world.advance(WITHIN)
    assert world.ready() == ("False", "GatewayEvent")
    assert world.held()["ipsecPolicies"] == BAD_POLICY
    await world.advance(900 + WITHIN)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    await world.stop()


async def test_another_connection_that_stays_down_for_ever_does_not_keep_the_undo_waiting_for_ever():
    device = Device(refuses_ecp384)
    world = await a_site(device)
    world.set_up_site("Site7", "site7", ipsecPolicyRef=None)
    await world.settle()
    other = Device()
    world.live("VNet1toSite7").device = other
    world.edit(POLICY, "site6", **BAD)
    await world.advance(200)
    other.drop(world.clock.monotonic(), 10**6)
    await world.advance(3600)
    assert world.ready() == ("False", "GatewayEvent")
    await world.advance(WITHIN + 200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("True", "RolloutStopped")
    await world.stop()


async def test_a_connection_whose_tunnel_is_down_has_nothing_to_lose():
    device = Device()
    world = await a_site(device)
    device.drop(world.clock.monotonic(), 10**6)
    await world.advance(400)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(WITHIN * 2)
    assert world.accepted() == {"put": 1}
    assert change_of(world) is None
    await world.stop()


async def test_a_deleted_policy_does_not_keep_the_undo_from_its_work():
    world = await a_site(Device(refuses_ecp384))
    world.apply(POLICY, "other", POLICY_SPEC | BAD)
    world.edit(CONNECTION, "site6", ipsecPolicyRef={"name": "other"})
    await world.advance(200)
    # As after a restore from a backup: both policies are gone, finalizer or not.
    for name in ("site6", "other"):
        world.cluster.documents.pop((POLICY, "network", name), None)
    world.pump()
    await world.advance(WITHIN + 200)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("False", "PolicyNotFound")
    await world.stop()


async def test_a_change_that_azure_refuses_leaves_no_trace_of_a_trial():
    world = await a_site(Device())
    world.azure.fail("put", Fault(FaultKind.REJECTED, "InvalidParameter", "no"), times=10)
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    assert world.ready() == ("False", "AzureRejected")
    assert change_of(world) is None
    await world.stop()


async def test_the_time_begins_when_a_write_that_had_failed_is_carried_out():
    device = Device(refuses_ecp384, shows_times=False, lag=120.0)
    world = await a_site(device)
    world.azure.operation_fault = Fault(FaultKind.REJECTED, "InternalError", "failed")
    world.edit(CONNECTION, "site6", connectionMode="InitiatorOnly", dpdTimeoutSeconds=30)
    device.accepts = lambda properties, _: properties.get("dpdTimeoutSeconds") != 30
    await world.advance(WITHIN + 60)
    world.azure.operation_fault = None
    await world.advance(3600)
    assert world.held().get("dpdTimeoutSeconds", 45) == 45
    assert world.ready() == ("False", "RolledBack")
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    await world.stop()


async def a_pair(*, owned: bool) -> CoreHarness:
    """A VNet-to-VNet pair in peace whose tunnel does not come up with the group ECP384."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.add_gateway("VNet2GW", "TestRG2")
    world.put_key()
    world.apply(POLICY, "pair", POLICY_SPEC)
    if owned:
        reverse = {"azureName": "VNet2toVNet1", "resourceGroup": "TestRG2"}
        world.apply(CONNECTION, "one", half_spec("1", "2", reverse=reverse))
    else:
        world.apply(CONNECTION, "one", half_spec("1", "2"))
        world.apply(CONNECTION, "two", half_spec("2", "1"))
    await world.settle()
    halves = [world.live("VNet1toVNet2"), world.live("VNet2toVNet1", "TestRG2")]

    def agree(_properties: Mapping[str, Any], _key: str) -> bool:
        one, other = (
            world.held("VNet1toVNet2")["ipsecPolicies"],
            world.held("VNet2toVNet1", "TestRG2")["ipsecPolicies"],
        )
        return bool(one == other and one[0]["dhGroup"] != "ECP384")

    tunnel = Device(agree)
    for half in halves:
        half.device = tunnel
    tunnel.negotiate({}, "", world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


@pytest.mark.parametrize("owned", [True, False])
@pytest.mark.parametrize("locks_peer", [True, False])
async def test_both_halves_of_a_pair_go_back_together(owned: bool, locks_peer: bool):
    world = await a_pair(owned=owned)
    world.azure.locks_peer = locks_peer
    world.edit(POLICY, "pair", **BAD)
    await world.advance(WITHIN + 400)
    for name, group in (("VNet1toVNet2", "TestRG1"), ("VNet2toVNet1", "TestRG2")):
        assert world.held(name, group)["ipsecPolicies"] == GOOD_POLICY
    for name in ["one"] if owned else ["one", "two"]:
        assert world.ready(name) == ("True", "RolloutStopped")
        assert world.condition(name, "Connected") == ("True", "AllTunnelsUp")
    assert world.accepted() == {"put": 4}
    await world.advance(3600)
    assert world.accepted() == {"put": 4}
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.advance(300)
    for name in ["one"] if owned else ["one", "two"]:
        assert world.ready(name) == ("True", "UpToDate")
    assert world.accepted() == {"put": 6}
    await world.stop()


@pytest.mark.parametrize("owned", [True, False])
async def test_a_pair_that_agrees_is_confirmed_on_both_sides(owned: bool):
    world = await a_pair(owned=owned)
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.advance(200)
    for name in ["one"] if owned else ["one", "two"]:
        assert world.ready(name) == ("True", "UpToDate")
        assert change_of(world, name) is None
    assert world.accepted() == {"put": 2}
    await world.stop()


@pytest.mark.parametrize("lag", [60.0, 300.0])
async def test_counters_alone_leave_the_undo_armed_since_they_may_be_those_from_before(lag: float):
    world = await a_site(Device(refuses_ecp384, shows_times=False, lag=lag))
    world.edit(POLICY, "site6", **BAD)
    await world.advance(100)
    change = change_of(world)
    assert change is not None
    assert (change["state"], world.ready()) == ("Provisional", ("True", "UpToDate"))
    await world.advance(WITHIN * 2)
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    await world.stop()


async def a_pair_that_was_undone() -> CoreHarness:
    """Both objects were to have Azure's Default policy, which the tunnel does not come up with."""
    world = await a_pair(owned=False)
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.accepts = lambda *_: policies_of_pair(world) == (GOOD_POLICY, GOOD_POLICY)
    for name in ("one", "two"):
        world.edit(CONNECTION, name, ipsecPolicyRef=None)
    await world.advance(WITHIN + 400)
    for name in ("one", "two"):
        assert world.ready(name) == ("False", "RolledBack")
    world.forget_journals()
    return world


def policies_of_pair(world: CoreHarness) -> tuple[Any, Any]:
    return world.held("VNet1toVNet2")["ipsecPolicies"], world.held("VNet2toVNet1", "TestRG2")["ipsecPolicies"]


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda world: world.annotate("two", rollout_retry="1"), id="somebody asks at one object"),
        pytest.param(lambda world: world.edit(CONNECTION, "two", dpdTimeoutSeconds=30), id="one object is edited"),
    ],
)
async def test_both_halves_of_a_pair_are_tried_again_or_none(ask: Callable[[CoreHarness], None]):
    world = await a_pair_that_was_undone()
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.accepts = lambda *_: policies_of_pair(world) == ([], [])
    ask(world)
    await world.advance(200)
    assert policies_of_pair(world) == ([], [])
    for name in ("one", "two"):
        assert world.ready(name) == ("True", "UpToDate")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_a_half_that_has_to_wait_does_not_make_the_pair_forget_what_to_go_back_to():
    world = await a_pair(owned=True)
    world.azure.locks_peer = True
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.lag = 120.0
    tunnel.accepts = lambda *_: (
        {world.held(*half).get("dpdTimeoutSeconds") for half in (("VNet1toVNet2",), ("VNet2toVNet1", "TestRG2"))}
        <= {0, 45}
    )
    busy = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "Try later.")
    world.interfere = lambda _number, verb, what: (
        Interference(fault=busy) if verb == "put" and what == "VNet2toVNet1" else None
    )
    world.edit(CONNECTION, "one", dpdTimeoutSeconds=30)
    await world.advance(100)
    world.interfere = lambda *_: None
    await world.advance(WITHIN * 2)
    for name, group in (("VNet1toVNet2", "TestRG1"), ("VNet2toVNet1", "TestRG2")):
        assert world.held(name, group)["dpdTimeoutSeconds"] == 45
    assert world.ready("one") == ("False", "RolledBack")
    assert world.condition("one", "Connected") == ("True", "AllTunnelsUp")
    await world.stop()


@pytest.mark.parametrize("locks_peer", [True, False])
async def test_a_crash_between_the_records_of_two_objects_takes_both_back(locks_peer: bool):
    world = await a_pair(owned=False)
    world.azure.locks_peer = locks_peer

    def interfere(_number: int, verb: str, what: str) -> Interference | None:
        one = (change_of(world, "one") or {}).get("state")
        crash = verb == "write_status" and what == "two" and one == "RollingBack" and not world.crashes
        return Interference(crash=True) if crash else None

    world.interfere = interfere
    world.edit(POLICY, "pair", **BAD)
    await world.advance(WITHIN + 400)
    assert world.crashes == 1
    assert policies_of_pair(world) == (GOOD_POLICY, GOOD_POLICY)
    for name in ("one", "two"):
        assert world.ready(name) == ("True", "RolloutStopped")
    assert world.accepted() == {"put": 4}
    await world.stop()


async def test_a_crash_between_the_confirmations_of_two_objects_leaves_both_with_one_policy_to_go_back_to():
    world = await a_pair(owned=False)
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.shows_times, tunnel.back_after = False, 15.0

    def interfere(_number: int, verb: str, what: str) -> Interference | None:
        two = (change_of(world, "two") or {}).get("state")
        confirmed = two == "Confirming" and change_of(world, "one") is None
        crash = verb == "write_status" and what == "two" and confirmed and not world.crashes
        return Interference(crash=True) if crash else None

    world.interfere = interfere
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.advance(120)
    assert world.crashes == 1
    assert change_of(world, "two") is None
    world.edit(POLICY, "pair", **BAD)
    await world.advance(WITHIN + 400)
    assert policies_of_pair(world) == ([wire_policy(dhGroup="ECP256")], [wire_policy(dhGroup="ECP256")])
    assert world.condition("one", "Connected") == ("True", "AllTunnelsUp")
    await world.stop()


async def test_a_pair_of_which_one_object_wants_no_undo_keeps_the_change_in_both():
    world = await a_pair(owned=False)
    world.edit(CONNECTION, "two", confirm={"onFailure": "Pause"})
    await world.advance(60)
    world.forget_journals()
    world.edit(POLICY, "pair", **BAD)
    await world.advance(WITHIN + 400)
    assert policies_of_pair(world) == (BAD_POLICY, BAD_POLICY)
    for name in ("one", "two"):
        assert world.ready(name) == ("False", "ChangeFailed")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_the_time_of_a_pair_begins_when_the_second_half_is_in_force():
    world = await a_pair(owned=False)
    world.azure.locks_peer = True
    busy = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "Try later.")
    world.interfere = lambda _number, verb, what: (
        Interference(fault=busy) if verb == "put" and what == "VNet2toVNet1" else None
    )
    world.edit(POLICY, "pair", dhGroup="ECP256")
    await world.advance(WITHIN - 100)
    world.interfere = lambda *_: None
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.back_after = 120
    await world.advance(WITHIN)
    for name in ("one", "two"):
        assert world.ready(name) == ("True", "UpToDate")
    assert world.accepted() == {"put": 2}
    await world.stop()


BUSY = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "Try later.")
REFUSED = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "Not allowed.")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        pytest.param(BUSY, "Confirmed", id="Azure is busy: the time begins when both halves have the key"),
        pytest.param(REFUSED, "Failed", id="somebody has to act: others do not wait for that"),
    ],
)
@pytest.mark.parametrize("owned", [False, True])
async def test_a_key_that_one_half_gets_much_later_has_the_time_from_then_on(fault: Fault, verdict: str, owned: bool):
    world = await a_pair(owned=owned)
    names = ("one",) if owned else ("one", "two")
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.accepts = lambda *_: world.live("VNet1toVNet2").key == world.live("VNet2toVNet1", "TestRG2").key
    world.interfere = lambda _number, verb, what: (
        Interference(fault=fault) if verb == "put_shared_key" and what == "VNet2toVNet1" else None
    )
    world.put_key("AnotherKey2")
    world.annotate("one", reconcile_at="now")
    await world.advance(WITHIN + 300)
    assert world.condition("one", "Connected")[0] == "False"
    failed_before = verdicts(world).get("Failed", 0)
    world.interfere = lambda *_: None
    tunnel.back_after = 120
    world.annotate(names[-1], reconcile_at="again")
    await world.advance(WITHIN)
    for name in names:
        assert world.ready(name) == ("True", "UpToDate")
    assert world.accepted() == {"put_shared_key": 2}
    assert bool(failed_before) == (verdict == "Failed")
    assert verdicts(world).get("Failed", 0) == failed_before
    await world.stop()


async def test_a_half_whose_change_was_never_sent_does_not_leave_what_was_put_back():
    world = await a_pair(owned=False)
    world.azure.locks_peer = True
    busy = Fault(FaultKind.BUSY, "AnotherOperationInProgress", "Try later.")
    world.interfere = lambda _number, verb, what: (
        Interference(fault=busy) if verb == "put" and what == "VNet2toVNet1" else None
    )
    world.edit(POLICY, "pair", **BAD)
    await world.advance(WITHIN + 300)
    world.interfere = lambda *_: None
    await world.advance(WITHIN)
    assert policies_of_pair(world) == (GOOD_POLICY, GOOD_POLICY)
    assert world.condition("one", "Connected") == ("True", "AllTunnelsUp")
    assert world.accepted() == {"put": 2}
    await world.stop()


async def test_objects_of_a_pair_that_disagree_by_now_do_not_keep_the_undo_waiting():
    world = await a_pair(owned=False)
    world.edit(POLICY, "pair", **BAD)
    await world.advance(100)
    world.apply(POLICY, "other", POLICY_SPEC | {"dhGroup": "ECP256"})
    world.edit(CONNECTION, "two", ipsecPolicyRef={"name": "other"})
    await world.advance(WITHIN + 200)
    assert policies_of_pair(world) == (GOOD_POLICY, GOOD_POLICY)
    assert world.ready("one") == ("True", "RolloutStopped")
    assert world.ready("two") == ("False", "PairPolicyMismatch")
    assert world.condition("other", "RolledOut", POLICY)[1] != "RolloutFailed"
    assert world.condition("one", "Connected") == ("True", "AllTunnelsUp")
    assert world.accepted() == {"put": 4}
    world.edit(CONNECTION, "one", ipsecPolicyRef={"name": "other"})
    await world.advance(300)
    for name in ("one", "two"):
        assert world.ready(name) == ("True", "UpToDate")
    assert world.accepted() == {"put": 6}
    await world.stop()


async def test_an_own_edit_that_failed_together_with_the_policy_is_tried_alone_and_undone_as_well():
    world = await a_site(Device(lambda properties, _: properties.get("dpdTimeoutSeconds") in {None, 0, 45}))
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=30)
    world.edit(POLICY, "site6", dhGroup="ECP256")
    await world.advance((WITHIN + 200) * 2)
    # The first failure may be the policy's: its values are taken back, and what is left of the edit is another change.
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    assert world.held().get("dpdTimeoutSeconds", 45) == 45
    assert world.held()["ipsecPolicies"] == GOOD_POLICY
    assert world.ready() == ("False", "RolledBack")
    await world.advance(7200)
    assert world.accepted() == {"put": 4}
    await world.stop()


async def test_half_a_pair_that_had_to_wait_for_the_other_one_has_to_bring_the_tunnel_back_too():
    world = await a_pair(owned=False)
    world.azure.locks_peer = True
    tunnel = world.live("VNet1toVNet2").device
    assert tunnel is not None
    tunnel.accepts = lambda *_: world.held("VNet2toVNet1", "TestRG2").get("dpdTimeoutSeconds") in {0, 45}
    world.edit(POLICY, "pair", dhGroup="ECP256")
    world.edit(CONNECTION, "two", dpdTimeoutSeconds=30)
    await world.advance((WITHIN + 200) * 2)
    assert world.held("VNet2toVNet1", "TestRG2")["dpdTimeoutSeconds"] == 45
    assert policies_of_pair(world) == (GOOD_POLICY, GOOD_POLICY)
    for name in ("one", "two"):
        assert world.condition(name, "Connected") == ("True", "AllTunnelsUp")
    await world.stop()
