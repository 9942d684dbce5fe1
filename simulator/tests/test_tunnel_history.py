"""When tunnels really were up and down: what a bench measures outages by."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azure_vpn_simulator.clock import ManualClock, ScaledClock
from azure_vpn_simulator.testing import ArmDriver
from azure_vpn_simulator.tunnels.history import Cause, History

Device = Callable[..., None]


def entries(arm: ArmDriver, since: int = 0) -> list[tuple[str, int, bool, str, float]]:
    arm.azure.world.timeline.advance()
    found = arm.azure.world.history.since(since)["entries"]
    return [(e["connection"].rpartition("/")[2], e["tunnel"], e["up"], e["cause"], e["seconds"]) for e in found]


def test_every_way_up_and_down_is_written_down_with_its_cause_and_its_own_time(
    arm: ArmDriver, device: Device, policy: dict[str, Any]
) -> None:
    arm.put("connections/C1", arm.site("GwActive", "Site", "k1"))
    arm.wait(100)
    arm.put("connections/C1", arm.site("GwActive", "Site", None, ipsecPolicies=[policy]))
    arm.wait(100)
    arm.event("failover", "virtualNetworkGateways/GwActive", instance=1, forSeconds=12)
    arm.wait(100)
    device(outageTunnels=[0])
    arm.wait(100)
    device(outageTunnels=[])
    arm.wait(100)
    arm.call("POST", "connections/C1/resetconnection")
    arm.wait(100)
    arm.event("drop", "connections/C1", tunnel=0, forSeconds=9)
    arm.wait(100)
    device(protocols=["IKEv2"])
    arm.wait(100)
    arm.call("DELETE", "connections/C1")
    arm.wait(100)
    both = (0, 1)
    assert entries(arm) == [
        *[("C1", i, False, "Created", 30) for i in both],
        *[("C1", i, True, "Created", 35) for i in both],
        *[("C1", i, False, "Settings", 145) for i in both],
        *[("C1", i, True, "Settings", 150) for i in both],
        ("C1", 1, False, "Failover", 200),
        ("C1", 1, True, "Failover", 212),
        ("C1", 0, False, "Outage", 345),
        ("C1", 0, True, "Outage", 405),
        *[("C1", i, False, "Reset", 520) for i in both],
        *[("C1", i, True, "Reset", 525) for i in both],
        ("C1", 0, False, "Drop", 600),
        ("C1", 0, True, "Drop", 609),
        *[("C1", i, False, "Device", 700) for i in both],
        *[("C1", i, True, "Device", 705) for i in both],
        *[("C1", i, False, "Deleted", 840) for i in both],
    ]


def test_a_half_that_comes_or_goes_is_a_change_of_the_other_one(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/ab", arm.half("GwA", "GwB", "p")))
    arm.finish(arm.put("connections/ba", arm.half("GwB", "GwA", "p")))
    arm.finish(arm.call("DELETE", "connections/ba"))
    assert [row[:4] for row in entries(arm)] == [
        ("ab", 0, False, "Created"),
        ("ba", 0, False, "Created"),
        ("ba", 0, True, "Created"),
        ("ab", 0, True, "Settings"),
        ("ba", 0, False, "Deleted"),
        ("ab", 0, False, "Settings"),
    ]


def test_a_deleted_tunnel_does_nothing_more(arm: ArmDriver, device: Device) -> None:
    device(flaps={"upSeconds": 100, "downSeconds": 10})
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")), 35)
    arm.call("DELETE", "connections/C1")
    arm.wait(20)
    device(outage=True)
    arm.wait(1000)
    assert [row[2:4] for row in entries(arm)] == [(False, "Created"), (True, "Created"), (False, "Deleted")]


def test_it_does_not_depend_on_who_looked_when_and_goes_on_by_number(arm: ArmDriver, device: Device) -> None:
    device(flaps={"upSeconds": 20, "downSeconds": 10})
    arm.put("connections/C1", arm.site("GwA", "Site", "k1"))
    seen, number = [], 0
    for _ in range(300):
        arm.wait(1)
        seen += entries(arm, number)
        number = arm.azure.world.history.since(number)["next"]
    assert seen == entries(arm)
    assert [e[4] for e in seen[:6]] == [30, 35, 55, 65, 85, 95]
    assert number == len(seen)


def test_entries_of_one_connection_in_any_spelling(arm: ArmDriver) -> None:
    for name in ("C1", "C2"):
        arm.finish(arm.put(f"connections/{name}", arm.site("GwA", "Site", "k1")))
    found = arm.azure.world.history.since(0, f"{arm.network}/connections/c2".upper())["entries"]
    assert {e["connection"].rpartition("/")[2] for e in found} == {"C2"}
    assert len(found) == 2


def test_forgotten_entries_do_not_change_the_numbers(arm: ArmDriver) -> None:
    arm.finish(arm.put("connections/C1", arm.site("GwA", "Site", "k1")))
    history = arm.azure.world.history
    history.clear()
    arm.event("drop", "connections/C1", forSeconds=5)
    assert [e["seq"] for e in history.since(0)["entries"]] == [2]
    assert history.since(3) == {"next": 3, "now": history.since(0)["now"], "entries": []}


def test_an_edit_that_half_of_the_devices_refuse_is_measured_exactly(arm: ArmDriver, policy: dict[str, Any]) -> None:
    refuses = [{k: v for k, v in policy.items() if not k.startswith("sa")} | {"dhGroup": ["DHGroup24", "DHGroup2"]}]
    sites = [{"name": f"S{i}", "device": {"key": "k1", **({"proposals": refuses} if i % 2 else {})}} for i in range(6)]
    group = {"name": "Net", "localNetworkGateways": sites}
    arm.change(subscriptions=[{"id": arm.group.split("/")[2], "resourceGroups": [group]}])
    for i in range(6):
        arm.finish(arm.put(f"connections/c{i}", arm.site("GwA", f"S{i}", "k1", ipsecPolicies=[policy])))
    before = arm.azure.world.history.next
    for i in range(6):
        arm.put(f"connections/c{i}", arm.site("GwA", f"S{i}", None, ipsecPolicies=[policy | {"dhGroup": "ECP384"}]))
        arm.wait(45)
    arm.wait(1000 - 5 * 45)
    found = arm.outages(since=before)
    assert [o["seconds"] for o in found["outages"]] == [5, 1000 - 45, 5, 1000 - 3 * 45, 5, 1000 - 5 * 45]
    assert [o["to"] is None for o in found["outages"]] == [False, True] * 3
    assert found["mostAtOnce"] == 3
    assert found["secondsLost"] == 3 * 5 + 3 * 1000 - 9 * 45


@pytest.mark.parametrize(
    ("moves", "outages", "most", "lost"),
    [
        pytest.param([], 0, 0, 0, id="nothing"),
        pytest.param([(0, "a", "Created", False)], 0, 0, 0, id="a new tunnel is down, which is no outage"),
        pytest.param([(10, "a", "Settings", False)], 1, 1, 90, id="one that goes on counts up to now"),
        pytest.param([(10, "a", "Settings", False), (15, "a", "Settings", True)], 1, 1, 5, id="one that is over"),
        pytest.param(
            [
                (10, "a", "Settings", False),
                (15, "a", "Settings", True),
                (15, "b", "Settings", False),
                (20, "b", "Settings", True),
            ],
            2,
            1,
            10,
            id="one after the other are never two at once",
        ),
        pytest.param(
            [(10, "a", "Settings", False), (12, "b", "Outage", False), (20, "a", "Settings", True)],
            2,
            2,
            98,
            id="two at once",
        ),
        pytest.param([(10, "a", "Settings", True)], 0, 0, 0, id="the end of one that began before"),
        pytest.param([(10, "a", "Deleted", False)], 0, 0, 0, id="a deleted tunnel is no outage"),
        pytest.param([(10, "a", "Settings", False), (30, "a", "Deleted", False)], 1, 1, 20, id="and ends one"),
    ],
)
def test_outages(moves: list[tuple[float, str, str, bool]], outages: int, most: int, lost: float) -> None:
    clock = ManualClock()
    history = History(clock)
    for seconds, connection, cause, up in moves:
        history.add(seconds, connection, 0, up=up, cause=Cause(cause))
    clock.step(100)
    found = history.outages(0)
    assert (len(found["outages"]), found["mostAtOnce"], found["secondsLost"]) == (outages, most, lost)


def test_outages_of_some_causes_only() -> None:
    clock = ManualClock()
    history = History(clock)
    for number, cause in enumerate((Cause.SETTINGS, Cause.FAILOVER, Cause.FLAP)):
        history.add(number, "a", number, up=False, cause=cause)
    clock.step(100)
    found = history.outages(0, [Cause.SETTINGS, Cause.FLAP])
    assert [o["cause"] for o in found["outages"]] == ["Settings", "Flap"]
    assert (found["mostAtOnce"], found["secondsLost"]) == (2, 100 + 98)


def test_real_times_follow_the_speed_that_the_clock_had_and_a_jump_takes_none() -> None:
    real = [500.0]
    clock = ScaledClock(60, monotonic=lambda: real[0])
    start = clock.wall_of(0)
    assert abs(start - datetime.now(UTC)) < timedelta(minutes=1)

    def after(seconds: float) -> float:
        return (clock.wall_of(seconds) - start).total_seconds()

    assert after(120) == 2
    real[0] += 4
    clock.set_scale(10)
    assert (after(240), after(340)) == (4, 14)
    real[0] += 1
    clock.step(1000)
    assert clock.seconds() == 1250
    assert [after(s) for s in (251, 800, 1250)] == [5, 5, 5]
    assert after(1260) == 6


@given(
    st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["pass", "step", "scale"]), st.floats(0.5, 100)), max_size=12)
)
def test_real_time_never_goes_back(moves: list[tuple[float, str, float]]) -> None:
    real = [0.0]
    clock = ScaledClock(1, monotonic=lambda: real[0])
    told = [clock.wall_of(0)]
    for seconds, how, value in moves:
        real[0] += seconds
        if how == "step":
            clock.step(value)
        elif how == "scale":
            clock.set_scale(value)
        told.append(clock.wall_of(clock.seconds()))
    passed = (told[-1] - told[0]).total_seconds()
    assert all(later - earlier >= timedelta(microseconds=-1) for earlier, later in itertools.pairwise(told))
    assert passed == pytest.approx(real[0], abs=1e-4)
