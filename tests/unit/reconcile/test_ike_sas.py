"""An IKE SA that is younger than a change proves that the tunnel came back: through the whole core."""

import pytest

from azure_vpn_operator.domain.azure.faults import Fault, FaultKind
from azure_vpn_operator.reconcile.facts.ike_sas import NOT_ASKED_AGAIN_SECONDS
from support.fakes.azure import Device
from support.world.core import POLICY, CoreHarness

pytestmark = pytest.mark.slow

WITHIN = 600.0
NOBODY_MAY = Fault(FaultKind.FORBIDDEN, "AuthorizationFailed", "no right to getikesas")


async def a_silent_site(device: Device | None, *, ingress: int | None = 0) -> CoreHarness:
    """A connection in peace, on which nothing comes in unless `ingress` is None."""
    world = CoreHarness(confirm_within_seconds=WITHIN)
    await world.start()
    world.set_up_site()
    await world.settle()
    live = world.live("VNet1toSite6")
    live.device, live.ingress_bytes = device, ingress
    if device is not None:
        device.negotiate(world.held(), "CanaryKey4Site6", world.clock.monotonic())
    await world.advance(600)
    world.forget_journals()
    return world


def change(world: CoreHarness, lifetime: int = 3600) -> None:
    world.edit(POLICY, "site6", saLifeTimeSeconds=lifetime)


def state(world: CoreHarness) -> str | None:
    document = world.document("site6")
    assert document is not None
    found: str | None = document["status"].get("change", {}).get("state")
    return found


def questions(world: CoreHarness) -> int:
    return sum(verb == "get_ike_sas" for verb, _ in world.calls)


def looks(world: CoreHarness) -> int:
    return sum(verb == "look_at_ike_sas" for verb, _ in world.calls)


def proof(world: CoreHarness) -> str:
    """What the Event says that the change is confirmed by."""
    notes = [note for about, note in world.cluster.events if about == "site6"]
    return next((note.note for note in notes if note.reason.value in {"ChangeConfirmed", "ConfirmedByStatus"}), "")


async def in_force(world: CoreHarness) -> None:
    for _ in range(60):
        if state(world) == "Confirming":
            return
        await world.advance(1)
    raise AssertionError("the change is not in force")


@pytest.mark.parametrize("ingress", [pytest.param(0, id="silent"), pytest.param(None, id="bytes come in")])
async def test_change_is_confirmed_for_good_although_azure_shows_no_times_and_reports_late(ingress: int | None):
    world = await a_silent_site(Device(shows_times=False, lag=300.0, back_after=20.0), ingress=ingress)
    change(world)
    await in_force(world)
    await world.advance(100)
    assert (world.ready(), state(world)) == (("True", "UpToDate"), None)
    assert "an IKE SA is younger than the change" in proof(world)
    assert world.accepted() == {"put": 1}
    assert questions(world) <= 2
    asked = questions(world)
    await world.advance(24 * 3600)
    assert questions(world) == asked, "nobody is asked in peace"
    await world.stop()


async def test_nobody_is_asked_where_azure_tells_when_the_tunnel_came_up():
    world = await a_silent_site(Device(back_after=20.0))
    change(world)
    await world.advance(WITHIN * 2)
    assert (world.ready(), questions(world)) == (("True", "UpToDate"), 0)
    await world.stop()


async def test_times_that_come_late_are_waited_for_a_minute_before_anybody_is_asked():
    world = await a_silent_site(Device(back_after=20.0, lag=300.0))
    change(world)
    await in_force(world)
    await world.advance(60)
    assert (state(world), questions(world)) == ("Confirming", 0)
    await world.advance(90)
    assert (state(world), questions(world), looks(world)) == (None, 1, 1)
    assert "an IKE SA is younger than the change" in proof(world)
    await world.stop()


async def test_an_old_ike_sa_proves_nothing_and_few_questions_are_asked():
    world = await a_silent_site(None)
    change(world)
    await in_force(world)
    await world.advance(WITHIN - 60)
    assert state(world) == "Confirming"
    await world.advance(120)
    assert "nothing shows that this is newer" in proof(world)
    assert (world.ready(), state(world)) == (("True", "UpToDate"), None)
    assert (questions(world), looks(world)) == (4, 4)
    await world.advance(24 * 3600)
    assert questions(world) == 4
    await world.stop()


async def test_an_ike_sa_that_began_as_the_change_came_into_force_proves_nothing():
    world = await a_silent_site(Device(shows_times=False, lag=300.0, back_after=0.0))
    change(world)
    await world.advance(WITHIN + 200)
    assert "nothing shows that this is newer" in proof(world)
    await world.stop()


@pytest.mark.parametrize("lag", [0.0, 20.0, 120.0])
@pytest.mark.parametrize("times", [True, False])
async def test_a_change_that_is_refused_is_undone_although_there_were_ike_sas_before(lag: float, times: bool):
    device = Device(lambda properties, _: properties["ipsecPolicies"][0]["saLifeTimeSeconds"] != 3600, lag=lag)
    device.shows_times = times
    world = await a_silent_site(device)
    change(world)
    await world.advance(WITHIN * 2)
    assert world.held()["ipsecPolicies"][0]["saLifeTimeSeconds"] == 14400
    assert world.ready() == ("True", "RolloutStopped")
    await world.stop()


async def test_without_the_right_all_is_as_before_and_the_subscription_is_asked_once_an_hour():
    world = await a_silent_site(None)
    world.azure.fail("get_ike_sas", NOBODY_MAY, times=1000)
    change(world)
    await world.advance(WITHIN + 200)
    assert "nothing shows that this is newer" in proof(world)
    assert (world.ready(), questions(world), looks(world)) == (("True", "UpToDate"), 1, 0)
    change(world, 3601)
    await world.advance(WITHIN + 200)
    assert (world.ready(), questions(world)) == (("True", "UpToDate"), 1)
    await world.advance(NOT_ASKED_AGAIN_SECONDS)
    change(world, 3602)
    await world.advance(WITHIN + 200)
    assert (world.ready(), questions(world)) == (("True", "UpToDate"), 2)
    await world.stop()


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        pytest.param(FaultKind.NOT_FOUND, 1, id="Azure knows no such action: not again"),
        pytest.param(FaultKind.UNREADABLE, 1, id="an answer that is not understood: not again"),
        pytest.param(FaultKind.LOCKED, 1, id="a read-only lock: not again"),
        pytest.param(FaultKind.THROTTLED, 4, id="too many requests: at the next moment"),
        pytest.param(FaultKind.BUSY, 4, id="a lock of the gateway: at the next moment"),
    ],
)
async def test_question_that_fails_is_asked_again_if_that_may_pass(kind: FaultKind, asked: int):
    world = await a_silent_site(None)
    world.azure.fail("get_ike_sas", Fault(kind, "Any", "any"), times=1000)
    change(world)
    await world.advance(WITHIN + 200)
    assert "nothing shows that this is newer" in proof(world)
    assert questions(world) == asked
    await world.stop()


async def test_look_that_fails_is_repeated():
    world = await a_silent_site(Device(shows_times=False, lag=300.0, back_after=20.0))
    unavailable = Fault(FaultKind.UNAVAILABLE, "ServiceUnavailable", "later")
    world.azure.fail("look_at_ike_sas", unavailable)
    change(world)
    await in_force(world)
    await world.advance(120)
    assert "an IKE SA is younger than the change" in proof(world)
    assert (questions(world), looks(world)) == (1, 2)
    await world.stop()


async def test_answer_that_never_comes_is_given_up():
    world = await a_silent_site(None)
    world.azure.ike_seconds = 10**6
    change(world)
    await world.advance(WITHIN + 200)
    assert "nothing shows that this is newer" in proof(world)
    assert questions(world) == 3
    await world.stop()


async def test_answer_that_azure_has_forgotten_keeps_nobody_from_asking():
    world = await a_silent_site(None)
    world.azure.fail("look_at_ike_sas", Fault(FaultKind.NOT_FOUND, "NotFound", "gone"), times=1000)
    change(world)
    await world.advance(WITHIN + 200)
    assert questions(world) == 4
    await world.stop()


@pytest.mark.parametrize(
    ("instances", "proven"),
    [
        pytest.param(2, True, id="each instance has one"),
        pytest.param(1, False, id="one instance has none"),
    ],
)
async def test_both_tunnels_of_an_active_active_gateway_have_to_have_a_young_ike_sa(instances: int, proven: bool):
    world = await a_silent_site(Device(shows_times=False, lag=300.0, back_after=20.0))
    world.add_gateway("VNet1GW", active_active=True)
    world.annotate("site6", reconcile_at="now")
    await world.advance(1200)
    if instances == 1:
        world.azure.silent_instances = 1
    world.forget_journals()
    change(world)
    await world.advance(WITHIN + 200)
    assert ("an IKE SA is younger than the change" in proof(world)) == proven
    assert (world.ready(), state(world)) == (("True", "UpToDate"), None)
    await world.stop()


async def test_restart_in_between_asks_once_more():
    world = await a_silent_site(Device(shows_times=False, lag=300.0, back_after=20.0))
    change(world)
    await in_force(world)
    await world.advance(26)
    assert questions(world) == 1
    await world.restart()
    await world.advance(120)
    assert "an IKE SA is younger than the change" in proof(world)
    assert world.accepted() == {"put": 1}
    await world.stop()
