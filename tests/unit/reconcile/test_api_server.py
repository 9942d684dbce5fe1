"""The other border: conflicts, a watch that lags, an API server that is away, and two cores at once."""

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from support.world.core import CONNECTION, POLICY, CoreHarness, Interference, site_spec

pytestmark = pytest.mark.slow

AWAY = Fault(FaultKind.UNAVAILABLE, "ServiceUnavailable", "no answer")


async def test_an_api_server_that_is_away_at_the_start_is_waited_for():
    world = CoreHarness()
    world.set_up_site()
    world.cluster.fault = AWAY
    await world.start()
    await world.advance(60.0)
    assert not world.core.store.all_synced()
    assert not world.sent
    world.cluster.fault = None
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted() == {"put": 1}
    await world.stop()


async def test_an_api_server_that_goes_away_during_an_operation_costs_nothing(site: CoreHarness):
    site.edit(CONNECTION, "site6", routingWeight=2)
    await site.advance(2.0)
    site.cluster.fault = AWAY
    await site.advance(600.0)
    assert site.held()["provisioningState"] == "Succeeded"
    site.cluster.fault = None
    await site.settle()
    assert len(site.sent) == 1
    assert site.ready() == ("True", "UpToDate")


async def test_drift_is_not_corrected_twice_while_no_status_can_be_written(site: CoreHarness):
    site.cluster.fault = AWAY
    site.portal_edit("VNet1toSite6", routingWeight=7)
    await site.advance(900.0)
    assert len(site.sent) == 1
    assert site.held()["routingWeight"] == 0


async def test_an_edit_that_crosses_a_status_write_is_not_lost(world: CoreHarness):
    crossed = []

    def cross(_number: int, verb: str, what: str) -> None:
        if verb == "write_status" and what == "site6" and len(crossed) < 4:
            crossed.append(verb)
            world.cluster.edit(CONNECTION, "network", "site6", site_spec(routingWeight=len(crossed)))

    world.interfere = cross
    world.set_up_site()
    await world.settle()
    assert len(crossed) == 4
    assert world.held()["routingWeight"] == 4
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted()["put"] <= 3


async def test_an_edit_between_reading_and_writing_leaves_only_the_newest_values(site: CoreHarness):
    edited = []

    def edit(_number: int, verb: str, _what: str) -> None:
        if verb == "get" and not edited:
            edited.append(verb)
            site.edit(CONNECTION, "site6", routingWeight=9)

    site.interfere = edit
    site.edit(CONNECTION, "site6", routingWeight=8)
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert site.held()["routingWeight"] == 9


async def test_a_tag_that_is_taken_back_before_any_status_told_of_it_goes_in_azure_too(site: CoreHarness):
    edited = []

    def take_back(_number: int, verb: str, _what: str) -> None:
        if verb == "write_status" and not edited and site.sent:
            edited.append(verb)
            site.edit(CONNECTION, "site6", tags=None)

    site.interfere = take_back
    site.edit(CONNECTION, "site6", tags={"t": "1"})
    await site.settle()
    assert edited
    assert "t" not in site.tags()
    site.tags()["t"] = "somebody else's"
    site.edit(CONNECTION, "site6", tags={"u": "2"})
    await site.settle()
    assert site.tags()["t"] == "somebody else's"


async def test_a_hold_between_reading_and_writing_is_respected(site: CoreHarness):
    held = []

    def hold(_number: int, verb: str, _what: str) -> None:
        if verb == "get" and not held:
            held.append(verb)
            site.annotate("site6", hold_until="2027-01-01T00:00:00Z")

    site.interfere = hold
    site.edit(CONNECTION, "site6", routingWeight=8)
    await site.settle()
    assert not site.sent
    assert site.ready() == ("False", "ChangesPaused")


async def test_an_edit_of_the_policy_between_reading_and_writing_leaves_only_the_newest_values(site: CoreHarness):
    edited = []

    def edit(_number: int, verb: str, _what: str) -> None:
        if verb == "get" and not edited:
            edited.append(verb)
            site.edit(POLICY, "site6", saLifeTimeSeconds=7200)

    site.interfere = edit
    site.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await site.settle()
    assert site.accepted() == {"put": 1}
    assert site.held()["ipsecPolicies"][0]["saLifeTimeSeconds"] == 7200


@pytest.mark.parametrize("lag", [0.3, 7.0, 45.0])
async def test_a_watch_that_lags_costs_no_write(lag: float):
    world = CoreHarness()
    world.watch_lag = lag
    await world.start()
    world.set_up_site()
    await world.settle()
    assert world.accepted() == {"put": 1}
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await world.settle()
    world.edit(CONNECTION, "site6", routingWeight=2)
    await world.settle()
    assert world.accepted() == {"put": 3}
    assert world.ready() == ("True", "UpToDate")
    world.delete(CONNECTION, "site6")
    world.delete(POLICY, "site6")
    await world.settle()
    assert world.accepted() == {"put": 3, "delete": 1}
    assert not world.cluster.documents
    world.forget_journals()
    await world.advance(3600.0)
    assert not world.cluster.writes
    await world.stop()


async def test_events_that_the_watch_loses_are_made_up_for_by_the_list(site: CoreHarness):
    site.cluster.edit(CONNECTION, "network", "site6", site_spec(routingWeight=6))
    await site.settle()
    assert site.held()["routingWeight"] == 6
    site.cluster.delete(CONNECTION, "network", "site6")
    await site.settle()
    assert site.document("site6") is None
    assert not site.azure.world


async def test_two_cores_at_once_end_in_peace_and_write_a_change_at_most_twice(site: CoreHarness):
    """A rolling update that overlaps: Azure's own lock and the status' version keep the two apart."""
    await site.start(beside=True)
    await site.settle()
    assert not site.sent
    assert not site.cluster.writes
    site.edit(POLICY, "site6", saLifeTimeSeconds=3600)
    await site.settle()
    assert site.accepted()["put"] <= 2
    assert site.held()["ipsecPolicies"][0]["saLifeTimeSeconds"] == 3600
    site.forget_journals()
    await site.advance(3600.0)
    assert not site.sent
    assert not site.cluster.writes
    site.delete(CONNECTION, "site6")
    await site.settle()
    assert site.document("site6") is None
    assert site.accepted() == {"delete": 1}


async def test_a_status_that_cannot_be_read_counts_as_empty(site: CoreHarness):
    site.cluster.documents[CONNECTION, "network", "site6"]["status"] = {"conditions": "broken"}
    site.set_metadata("site6", labels={"a": "b"})
    site.annotate("site6", reconcile_at="now")
    site.cluster.documents[CONNECTION, "network", "site6"]["status"]["observedGeneration"] = -1
    await site.settle()
    assert site.ready() == ("True", "UpToDate")
    assert not site.sent


async def test_the_key_is_in_nothing_that_leaves_the_core(site: CoreHarness, caplog: pytest.LogCaptureFixture):
    caplog.set_level("DEBUG")
    site.interfere = lambda number, verb, _what: (
        Interference(error=RuntimeError("a bug")) if verb == "put_shared_key" and number % 2 else None
    )
    site.put_key("CanaryInTheMine8")
    site.annotate("site6", reconcile_at="now")
    site.set_up_site("Site7", "site7")
    await site.settle()
    everything = repr((site.cluster.documents, site.cluster.events, site.sent, caplog.text, site.core.connections))
    assert site.live("VNet1toSite6").key == "CanaryInTheMine8"
    assert "CanaryInTheMine8" not in everything
