"""What users do to a settled world, as data: each is done undisturbed, and then with a crash or a fault at each of its calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support.fakes.azure import Device
from support.world.core import (
    CONNECTION,
    KEY,
    OWNER,
    POLICY,
    POLICY_SPEC,
    CoreHarness,
    connection_id,
    site_spec,
    wire_connection,
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` makes the world that is settled first, `act` is what is watched; `writes` are Azure's writes, by method."""

    name: str
    prepare: Callable[[CoreHarness], None]
    act: Callable[[CoreHarness], None]
    writes: dict[str, int]
    ready: tuple[str, str] | None = ("True", "UpToDate")
    """Ready of the object `site6` at the end; None: the object is gone."""


def _only_references(world: CoreHarness) -> None:
    world.put_key()
    world.apply(POLICY, "site6", POLICY_SPEC)


def _exists_in_azure(**properties: Any) -> Callable[[CoreHarness], None]:
    def prepare(world: CoreHarness) -> None:
        _only_references(world)
        body = wire_connection(tags={"team": "network"}, **properties)
        world.azure.add_connection(connection_id("VNet1toSite6"), body, key="CanaryKey4Site6")

    return prepare


def _create(world: CoreHarness) -> None:
    world.apply(CONNECTION, "site6", site_spec())


def _create_all(world: CoreHarness) -> None:
    world.apply(CONNECTION, "site6", site_spec())
    _only_references(world)


def _edit_policy(world: CoreHarness) -> None:
    world.edit(POLICY, "site6", saLifeTimeSeconds=3600)


def _edit_two(world: CoreHarness) -> None:
    world.edit(CONNECTION, "site6", dpdTimeoutSeconds=30)
    world.edit(CONNECTION, "site7", dpdTimeoutSeconds=30)


def _change_key(world: CoreHarness) -> None:
    world.put_key("AnotherKey2")
    world.annotate("site6", reconcile_at="now")


def _adopt_anyway(world: CoreHarness) -> None:
    world.apply(CONNECTION, "site6", site_spec(adoptionPolicy="Always"))


def _drift(world: CoreHarness) -> None:
    world.portal_edit("VNet1toSite6", routingWeight=77)


def _delete(world: CoreHarness) -> None:
    world.delete(CONNECTION, "site6")


def _delete_all(world: CoreHarness) -> None:
    del world.cluster.secrets["network", "keys"]
    world.delete(POLICY, "site6")
    world.delete(CONNECTION, "site6")


def _stop_managing(world: CoreHarness) -> None:
    world.edit(CONNECTION, "site6", managementPolicy="Observe")


def _nothing(world: CoreHarness) -> None:
    del world


def _one_site(world: CoreHarness) -> None:
    world.set_up_site()


def _one_site_with_a_device(world: CoreHarness) -> None:
    """It takes no policy with the group ECP384."""
    held = wire_connection(tags={"azvpn-owner": f"{OWNER}/site6"})
    made = world.azure.add_connection(connection_id("VNet1toSite6"), held, key=KEY)
    made.device = Device(lambda properties, _: properties["ipsecPolicies"][0]["dhGroup"] != "ECP384")
    made.device.negotiate(held["properties"], KEY, world.clock.monotonic() - 500)
    world.set_up_site()


def _edit_policy_badly(world: CoreHarness) -> None:
    world.edit(POLICY, "site6", dhGroup="ECP384")


def _two_sites(world: CoreHarness) -> None:
    world.set_up_site()
    world.set_up_site("Site7", "site7")


def _site_to_keep(world: CoreHarness) -> None:
    world.set_up_site(deletionPolicy="Retain")


def _site_to_correct(world: CoreHarness) -> None:
    world.set_up_site(driftPolicy="Correct")


SCENARIOS = (
    Scenario("creation of a connection", _only_references, _create, {"put": 1}),
    Scenario("creation of everything, the connection first", _nothing, _create_all, {"put": 1}),
    Scenario("edit of the policy", _one_site, _edit_policy, {"put": 1}),
    Scenario(
        "edit of the policy that the device refuses",
        _one_site_with_a_device,
        _edit_policy_badly,
        {"put": 2},
        ready=("False", "RolledBack"),
    ),
    Scenario("edit of two connections on one gateway", _two_sites, _edit_two, {"put": 2}),
    Scenario("change of the key", _one_site, _change_key, {"put_shared_key": 1}),
    Scenario("adoption of an equal connection", _exists_in_azure(), _create, {"patch_tags": 1}),
    Scenario("adoption of another connection", _exists_in_azure(routingWeight=9), _adopt_anyway, {"put": 1}),
    Scenario("correction of drift", _site_to_correct, _drift, {"put": 1}),
    Scenario("deletion", _one_site, _delete, {"delete": 1}, ready=None),
    Scenario("deletion of everything, the Secret first", _one_site, _delete_all, {"delete": 1}, ready=None),
    Scenario("deletion that retains", _site_to_keep, _delete, {"patch_tags": 1}, ready=None),
    Scenario("turn to Observe", _one_site, _stop_managing, {}, ready=("True", "Observed")),
)


async def settled_before(scenario: Scenario) -> CoreHarness:
    """The world in which the scenario begins, with no core left in it."""
    world = CoreHarness()
    scenario.prepare(world)
    await world.start()
    await world.settle()
    await world.stop()
    return world
