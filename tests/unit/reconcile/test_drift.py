"""What somebody else changes in Azure is found within a minute and handled as driftPolicy says."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from azure_vpn_operator.domain.azure.canonical import ArmId
from azure_vpn_operator.domain.azure.faults import Fault
from azure_vpn_operator.ports import Accepted
from support.world.core import AZURE_READS, AZURE_WRITES, CONNECTION, OWNER, POLICY, CoreHarness, wire_policy

Change = Callable[[CoreHarness], None]


def portal(**properties: object) -> Change:
    return lambda world: world.portal_edit("VNet1toSite6", **properties)


async def drifted(policy: str, change: Change, *, tunnel: str = "Connected") -> CoreHarness:
    world = CoreHarness()
    await world.start()
    world.set_up_site(driftPolicy=policy)
    await world.settle()
    world.live("VNet1toSite6").tunnel = tunnel
    await world.advance(700.0)
    world.forget_journals()
    change(world)
    await world.advance(60.0)
    return world


SAFE = pytest.param(portal(routingWeight=77), id="a field that drops no tunnel")
DROPS = pytest.param(portal(ipsecPolicies=[wire_policy(dhGroup="DHGroup2")]), id="a field that drops the tunnel")
EVERYTHING = [
    SAFE,
    DROPS,
    pytest.param(portal(ipsecPolicies=[]), id="the policy is gone"),
    pytest.param(portal(dpdTimeoutSeconds=9), id="DPD"),
    pytest.param(portal(connectionMode="InitiatorOnly"), id="mode"),
    pytest.param(portal(useLocalAzureIpAddress=True), id="private address"),
]


@pytest.mark.parametrize("change", EVERYTHING)
async def test_correct_puts_everything_back_at_once(change: Change):
    world = await drifted("Correct", change)
    assert world.accepted() == {"put": 1}
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert world.ready() == ("True", "UpToDate")
    assert world.held()["routingWeight"] == 0
    assert world.held()["ipsecPolicies"] == [wire_policy()]
    assert "DriftCorrected" in world.reasons_of_events()
    await world.stop()


@pytest.mark.parametrize("change", EVERYTHING)
async def test_report_never_writes_and_says_what_differs(change: Change):
    world = await drifted("Report", change)
    await world.settle()
    assert not world.sent
    assert world.ready() == ("False", "DriftDetected")
    assert world.reasons_of_events() == ["DriftDetected"]
    await world.stop()


async def test_a_tunnel_under_reported_drift_is_watched_as_any_other():
    world = await drifted("Report", portal(ipsecPolicies=[]))
    await world.settle()
    world.live("VNet1toSite6").tunnel = "Connecting"
    await world.advance(330.0)
    assert world.condition("site6", "Connected") == ("False", "Connecting")
    world.live("VNet1toSite6").tunnel = "Connected"
    await world.advance(35.0)
    assert world.condition("site6", "Connected") == ("True", "AllTunnelsUp")
    assert world.ready() == ("False", "DriftDetected")
    await world.stop()


async def test_correct_safe_puts_back_what_drops_no_tunnel():
    world = await drifted("CorrectSafe", portal(routingWeight=77))
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert world.ready() == ("True", "UpToDate")
    await world.stop()


async def test_correct_safe_leaves_a_tunnel_up_and_corrects_once_it_is_down():
    world = await drifted("CorrectSafe", portal(dpdTimeoutSeconds=9))
    await world.settle()
    assert not world.sent
    assert world.ready() == ("False", "DriftDetected")
    world.live("VNet1toSite6").tunnel = "NotConnected"
    await world.settle()
    assert world.accepted() == {"put": 1}
    assert "dpdTimeoutSeconds" not in world.held()
    await world.stop()


async def test_correct_safe_corrects_a_tunnel_that_is_down():
    world = await drifted("CorrectSafe", portal(dpdTimeoutSeconds=9), tunnel="NotConnected")
    await world.settle()
    assert world.accepted() == {"put": 1}
    await world.stop()


@pytest.mark.parametrize(
    ("policy", "writes", "reason"),
    [
        pytest.param("Correct", {"put": 1}, "UpToDate", id="Correct makes it again"),
        pytest.param("CorrectSafe", {"put": 1}, "UpToDate", id="CorrectSafe makes it again: no tunnel is up"),
        pytest.param("Report", {}, "DriftDetected", id="Report leaves it gone"),
    ],
)
async def test_a_connection_that_is_deleted_in_azure(policy: str, writes: dict[str, int], reason: str):
    world = await drifted(policy, lambda w: w.portal_delete("VNet1toSite6"))
    await world.settle()
    assert dict(world.accepted()) == writes
    ready = world.ready()
    assert ready is not None
    assert ready[1] == reason
    await world.stop()


async def test_a_lost_owner_tag_is_put_back_by_one_patch(site: CoreHarness):
    site.tags().pop("azvpn-owner")
    site.tags()["team"] = "network"
    await site.settle()
    assert site.accepted() == {"patch_tags": 1}
    assert site.tags() == {"team": "network", "azvpn-owner": f"{OWNER}/site6"}


async def test_a_connection_that_another_takes_over_is_left_alone(site: CoreHarness):
    site.tags()["azvpn-owner"] = "other/network/site6"
    site.portal_edit("VNet1toSite6", routingWeight=5)
    await site.settle()
    assert site.ready() == ("False", "OwnedByAnother")
    assert not site.sent


async def test_an_edit_that_meets_a_drift_is_an_edit(site: CoreHarness):
    site.portal_edit("VNet1toSite6", dpdTimeoutSeconds=9)
    site.edit(CONNECTION, "site6", driftPolicy="Report", routingWeight=3)
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert (site.held()["routingWeight"], site.held().get("dpdTimeoutSeconds")) == (3, None)


async def test_drift_that_is_undone_by_hand_is_forgotten():
    world = await drifted("Report", portal(routingWeight=9))
    world.portal_edit("VNet1toSite6", routingWeight=0)
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    assert not world.sent
    await world.stop()


async def test_drift_during_a_restart_is_found(site: CoreHarness):
    site.portal_edit("VNet1toSite6", routingWeight=9)
    await site.restart()
    await site.settle()
    assert site.accepted() == {"put": 1}


async def test_a_change_that_azure_does_not_keep_is_given_up(site: CoreHarness):
    put = site.azure.put

    async def forgetful(connection: ArmId, body: Mapping[str, Any]) -> Accepted | Fault:
        answer = await put(connection, body)
        site.azure.world[connection].document["properties"]["routingWeight"] = 1
        return answer

    site.azure.put = forgetful  # type: ignore[method-assign]
    for life in site.lives:
        life.end()
    await site.start()
    site.edit(CONNECTION, "site6", routingWeight=50)
    await site.advance(1500.0)
    assert site.accepted() == {"put": 3}
    assert site.ready() == ("False", "ChangeNotKept")
    site.azure.put = put  # type: ignore[method-assign]
    await site.restart()
    site.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await site.settle()
    assert site.ready() == ("True", "UpToDate")


@pytest.mark.slow
@pytest.mark.parametrize("after", [step / 2 for step in range(1, 14)])
async def test_an_edit_that_is_taken_back_is_no_drift_also_if_the_status_in_between_was_lost(
    site: CoreHarness, after: float
):
    site.edit(CONNECTION, "site6", driftPolicy="Report")
    await site.settle()
    site.latency = lambda verb, _what: 2.0 if verb in AZURE_READS | AZURE_WRITES else 0.0
    site.edit(CONNECTION, "site6", routingWeight=10)
    await site.advance(after)
    site.set_metadata("site6", labels={"some": "label"})
    await site.advance(8.0)
    site.edit(CONNECTION, "site6", routingWeight=0)
    await site.settle()
    assert site.ready() == ("True", "UpToDate")
    assert site.held()["routingWeight"] == 0
