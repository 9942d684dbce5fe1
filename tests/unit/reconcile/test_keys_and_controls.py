"""The shared key, and what stops what: Observe, suspend, holds, requests by annotation."""

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.world.core import (
    CONNECTION,
    KEY,
    POLICY,
    CoreHarness,
    Interference,
    connection_id,
    site_spec,
    wire_connection,
)

pytestmark = pytest.mark.slow

FORBIDDEN = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "Microsoft.Network/connections/sharedKey/read")
OTHER = "AnotherKey2"


async def test_a_new_key_in_the_secret_is_one_call_of_its_own_within_the_interval(site: CoreHarness):
    site.put_key(OTHER)
    await site.advance(335.0)
    assert site.accepted() == {"put_shared_key": 1}
    await site.settle()
    assert site.accepted() == {"put_shared_key": 1}
    assert site.live("VNet1toSite6").key == OTHER
    assert site.reasons_of_events().count("SharedKeySet") == 1


async def test_a_secret_that_is_written_again_with_the_same_key_changes_nothing(site: CoreHarness):
    for _ in range(3):
        site.put_key(KEY)
        await site.advance(400.0)
    assert not site.sent
    assert not site.cluster.writes


async def test_a_new_key_together_with_an_edit_is_one_put_and_one_key_call(site: CoreHarness):
    site.put_key(OTHER)
    site.edit(CONNECTION, "site6", routingWeight=2)
    await site.settle()
    assert site.accepted() == {"put": 1, "put_shared_key": 1}


async def test_a_key_that_may_not_be_compared_is_said_and_not_written(world: CoreHarness):
    world.interfere = lambda _n, verb, _w: Interference(fault=FORBIDDEN) if verb == "get_shared_key" else None
    world.put_key()
    world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(ipsecPolicies=[]), key="someone-elses")
    world.apply(CONNECTION, "site6", site_spec(ipsecPolicyRef=None))
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    assert world.condition("site6", "CredentialsResolved") == ("True", "KeyUnverified")
    assert world.accepted() == {"patch_tags": 1}
    assert world.live("VNet1toSite6").key == "someone-elses"
    world.forget_journals()
    await world.advance(4 * 3600.0)
    assert not world.cluster.writes
    assert [verb for verb, _ in world.calls].count("get_shared_key") <= 5


@pytest.mark.parametrize(
    ("drift", "tunnel", "corrected"),
    [
        pytest.param("Correct", "Connected", True, id="Correct puts it back"),
        pytest.param("CorrectSafe", "Connected", False, id="CorrectSafe not while the tunnel is up"),
        pytest.param("CorrectSafe", "NotConnected", True, id="CorrectSafe once the tunnel is down"),
        pytest.param("Report", "NotConnected", False, id="Report never"),
    ],
)
async def test_a_key_that_somebody_changed_in_azure(site: CoreHarness, drift: str, tunnel: str, corrected: bool):
    site.edit(CONNECTION, "site6", driftPolicy=drift)
    await site.advance(4000.0)  # the key has been seen equal
    site.live("VNet1toSite6").key, site.live("VNet1toSite6").tunnel = "ByHand", tunnel
    site.forget_journals()
    await site.advance(4000.0)
    assert (site.live("VNet1toSite6").key == KEY) is corrected
    assert dict(site.accepted()) == ({"put_shared_key": 1} if corrected else {})
    if not corrected:
        assert site.ready() == ("False", "DriftDetected")


async def test_observe_never_writes_and_tells_differences(world: CoreHarness):
    world.azure.add_connection(
        connection_id("VNet1toSite6"), wire_connection(tags={"a": "b"}, routingWeight=3), key="x"
    )
    world.put_key()
    world.apply(CONNECTION, "site6", site_spec(managementPolicy="Observe", ipsecPolicyRef=None))
    await world.settle()
    assert world.ready() == ("True", "Observed")
    document = world.document("site6")
    assert document is not None
    assert "finalizers" not in document["metadata"]
    assert {item["path"] for item in document["status"]["differences"]} == {"ipsecPolicies", "routingWeight"}
    assert world.condition("site6", "Synced") == ("False", "DifferencesObserved")
    world.portal_edit("VNet1toSite6", routingWeight=0, ipsecPolicies=[])
    await world.settle()
    assert world.condition("site6", "Synced") == ("True", "UpToDate")
    world.portal_delete("VNet1toSite6")
    await world.settle()
    assert world.ready() == ("False", "NotFoundInAzure")
    assert not world.sent


async def test_observe_needs_only_a_name_and_a_group(world: CoreHarness):
    world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(), key="x")
    world.apply(
        CONNECTION, "look", {"azureName": "VNet1toSite6", "resourceGroup": "TestRG1", "managementPolicy": "Observe"}
    )
    await world.settle()
    assert world.ready("look") == ("True", "Observed")
    assert world.condition("look", "Connected") == ("True", "AllTunnelsUp")


async def test_the_cap_makes_everything_read_only():
    world = CoreHarness(max_management_policy="Observe")
    await world.start()
    world.set_up_site()
    world.azure.add_connection(connection_id("VNet1toSite6"), wire_connection(routingWeight=3), key="x")
    await world.settle()
    assert world.ready() == ("True", "ManagementPolicyCapped")
    world.delete(CONNECTION, "site6")
    await world.settle()
    assert world.document("site6") is None
    assert not world.sent
    await world.stop()


async def test_suspend_stops_edits_drift_correction_and_keys_and_lets_them_go_on(site: CoreHarness):
    site.edit(CONNECTION, "site6", suspend=True)
    await site.settle()
    assert site.condition("site6", "Paused") == ("True", "Suspended")
    site.edit(CONNECTION, "site6", routingWeight=4)
    site.portal_edit("VNet1toSite6", dpdTimeoutSeconds=12)
    site.put_key(OTHER)
    await site.settle()
    assert not site.sent
    assert site.ready() == ("False", "ChangesPaused")
    document = site.document("site6")
    assert document is not None
    assert document["status"]["observedGeneration"] == document["metadata"]["generation"]
    site.edit(CONNECTION, "site6", suspend=None)
    await site.settle()
    assert site.accepted() == {"put": 1, "put_shared_key": 1}
    assert site.ready() == ("True", "UpToDate")


async def test_an_object_that_is_born_suspended_gets_no_finalizer(world: CoreHarness):
    world.set_up_site(suspend=True)
    await world.settle()
    document = world.document("site6")
    assert document is not None
    assert "finalizers" not in document["metadata"]
    assert not world.sent
    world.delete(CONNECTION, "site6")
    await world.settle()
    assert world.document("site6") is None


async def test_a_hold_with_an_end_ends_by_itself_in_time(site: CoreHarness):
    site.annotate("site6", hold_until="2026-01-01T03:00:00Z")
    site.edit(CONNECTION, "site6", routingWeight=4)
    await site.settle(quiet=600.0)
    assert site.ready() == ("False", "ChangesPaused")
    assert not site.sent
    until_the_end = 3 * 3600.0 - (site.clock.monotonic() - 1000.0)
    await site.advance(until_the_end - 1.0)
    assert not site.sent
    await site.advance(35.0)
    assert site.accepted() == {"put": 1}
    await site.settle()
    assert site.condition("site6", "Paused") == ("False", "NotPaused")


async def test_a_hold_that_is_no_time_counts_as_a_hold_and_says_so(site: CoreHarness):
    site.annotate("site6", hold_until="tomorrow")
    site.edit(CONNECTION, "site6", routingWeight=4)
    await site.settle()
    assert site.condition("site6", "Paused") == ("True", "HoldInvalid")
    assert not site.sent
    site.annotate("site6", hold_until=None)
    await site.settle()
    assert site.accepted() == {"put": 1}


async def test_a_hold_in_azure_stops_everything_and_its_end_is_found(site: CoreHarness):
    site.tags()["azvpn-hold"] = "on call"
    await site.settle()
    assert site.condition("site6", "Paused") == ("True", "HeldInAzure")
    site.edit(CONNECTION, "site6", routingWeight=4)
    site.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await site.settle()
    assert not site.sent
    site.tags().pop("azvpn-hold")
    await site.advance(95.0)
    assert site.accepted() == {"put": 1}


def reads_of_gateways(world: CoreHarness) -> int:
    return sum(verb in {"get_gateway", "list_gateways"} for verb, _ in world.calls)


async def test_reconcile_at_acts_once_per_token(site: CoreHarness):
    site.live("VNet1toSite6").key = "ByHand"
    site.edit(CONNECTION, "site6", driftPolicy="Correct")
    await site.settle()
    site.forget_journals()
    site.annotate("site6", reconcile_at="one")
    await site.advance(60.0)
    assert reads_of_gateways(site) == 1
    assert site.live("VNet1toSite6").key == KEY
    document = site.document("site6")
    assert document is not None
    assert document["status"]["lastHandled"] == {"reconcileAt": "one"}
    await site.settle()
    site.annotate("site6", reconcile_at=None)
    await site.advance(5.0)
    site.forget_journals()
    site.annotate("site6", reconcile_at="one")
    await site.advance(5.0)
    assert reads_of_gateways(site) == 0
    site.annotate("site6", reconcile_at="two")
    await site.advance(5.0)
    assert reads_of_gateways(site) == 1


async def test_reconcile_at_on_a_failed_change_tries_it_again(site: CoreHarness):
    site.azure.operation_fault = Fault(FaultKind.REJECTED, "InternalServerError", "no")
    site.edit(CONNECTION, "site6", routingWeight=1)
    await site.advance(600.0)
    site.azure.operation_fault = None
    assert site.accepted() == {"put": 3}
    site.annotate("site6", reconcile_at="again")
    await site.advance(60.0)
    assert site.ready() == ("True", "UpToDate")
