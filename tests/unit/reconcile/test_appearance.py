"""Secret, policy, connection, gateway and site come in any order: the end is the same, with one PUT."""

import itertools

import pytest

from support.world.core import CONNECTION, POLICY, POLICY_SPEC, CoreHarness, site_spec

pytestmark = pytest.mark.slow

PARTS = ("secret", "policy", "connection", "gateway", "site")


def bring(world: CoreHarness, part: str) -> None:
    match part:
        case "secret":
            world.put_key()
        case "policy":
            world.apply(POLICY, "site6", POLICY_SPEC)
        case "connection":
            world.apply(CONNECTION, "site6", site_spec("NewSite", virtualNetworkGateway={"name": "NewGW"}))
        case "gateway":
            world.add_gateway("NewGW")
        case "site":
            world.add_site("NewSite")


@pytest.mark.parametrize("order", list(itertools.permutations(PARTS)), ids=" ".join)
async def test_any_order_of_appearance_ends_the_same_with_one_put(order: tuple[str, ...]):
    world = CoreHarness(drift_interval=300.0)
    world.azure.operation_seconds = 12.0
    await world.start()
    for part in order:
        if ("connection" in order[: order.index(part)]) and part != order[-1]:
            stalled = world.condition("site6", "Stalled")
            assert stalled is None, f"something is still to come before {part}, and the object is {stalled}"
        bring(world, part)
        await world.advance(37.0)
    await world.settle(quiet=100.0)
    assert world.accepted() == {"put": 1}
    assert world.ready() == ("True", "UpToDate")
    assert world.ready("site6", POLICY) == ("True", "Valid")
    assert world.condition("site6", "InUse", POLICY) == ("True", "Referenced")
    assert world.live("VNet1toNewSite").key == "CanaryKey4Site6"
    await world.stop()


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        pytest.param({}, "SecretKeyNotFound", id="an empty Secret"),
        pytest.param({"other": b"x"}, "SecretKeyNotFound", id="another entry"),
        pytest.param({"sharedKey": b"with space"}, "SharedKeyInvalid", id="a key with a space"),
        pytest.param({"sharedKey": b"x" * 129}, "SharedKeyInvalid", id="a key that is too long"),
        pytest.param({"sharedKey": b"\xff\xfe"}, "SharedKeyInvalid", id="no text at all"),
        pytest.param({"sharedKey": b""}, "SharedKeyInvalid", id="an empty key"),
    ],
)
async def test_a_secret_that_is_of_no_use_is_told_and_then_mended(
    world: CoreHarness, entries: dict[str, bytes], reason: str
):
    world.apply(POLICY, "site6", POLICY_SPEC)
    world.cluster.put_secret("network", "keys", **entries)
    world.apply(CONNECTION, "site6", site_spec())
    await world.settle()
    assert world.condition("site6", "CredentialsResolved") == ("False", reason)
    assert world.ready() == ("False", reason)
    assert not world.sent
    world.put_key()
    await world.settle()
    assert world.ready() == ("True", "UpToDate")
    assert world.accepted() == {"put": 1}


@pytest.mark.parametrize("gone", ["policy", "secret", "gateway"])
async def test_what_disappears_later_leaves_azure_as_it_is(site: CoreHarness, gone: str):
    match gone:
        case "policy":
            # Somebody has taken the finalizer away by force.
            del site.cluster.documents[POLICY, "network", "site6"]
            site.pump()
        case "secret":
            del site.cluster.secrets["network", "keys"]
        case "gateway":
            del site.azure.gateways[site.gateway]
    await site.advance(2000)
    assert not site.sent
    told = {"policy": "PolicyResolved", "secret": "CredentialsResolved", "gateway": "Ready"}[gone]
    found = site.condition("site6", told)
    assert found is not None
    assert found[0] == "False"
    assert site.condition("site6", "Stalled") is None
