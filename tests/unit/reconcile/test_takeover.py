"""The annotation adopt-from hands over what nobody looks after; it takes nothing from another namespace that does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from support.world.core import CONNECTION, OWNER, POLICY, POLICY_SPEC, CoreHarness, site_spec

THIEF = "other-team"
OWNER_TAG = f"{OWNER}/site6"


@pytest.fixture
async def site() -> AsyncIterator[CoreHarness]:
    world = CoreHarness()
    await world.start()
    world.set_up_site()
    await world.settle()
    world.forget_journals()
    yield world
    await world.stop()


async def claim(world: CoreHarness, namespace: str = THIEF, *, adopt_from: str | None = OWNER_TAG) -> tuple[str, str]:
    """Another object wants the same connection; returns reason and message of its Ready."""
    world.cluster.put_secret(namespace, "keys", sharedKey=b"TheirKey")
    world.cluster.create(POLICY, namespace, "theirs", {**POLICY_SPEC, "dhGroup": "ECP384"})
    spec: dict[str, Any] = site_spec("Site6", adoptionPolicy="Always", ipsecPolicyRef={"name": "theirs"})
    annotations = {"azvpn.dev/adopt-from": adopt_from} if adopt_from else {}
    world.cluster.create(CONNECTION, namespace, "claimant", spec, annotations=annotations)
    world.pump()
    await world.settle(quiet=60)
    found = world.cluster.get(CONNECTION, namespace, "claimant")
    assert found is not None
    ready = next(c for c in found["status"]["conditions"] if c["type"] == "Ready")
    return ready["reason"], ready["message"]


@pytest.mark.parametrize("adopt_from", [OWNER_TAG, None])
async def test_what_another_namespace_looks_after_is_neither_taken_nor_is_its_owner_named(
    site: CoreHarness, adopt_from: str | None
):
    reason, message = await claim(site, adopt_from=adopt_from)
    assert reason == "OwnedByAnother"
    assert OWNER not in message
    assert "site6" not in message
    assert site.sent == []
    assert site.ready() == ("True", "UpToDate")


async def test_what_is_suspended_there_is_still_looked_after(site: CoreHarness):
    site.edit(CONNECTION, "site6", suspend=True)
    await site.settle()
    assert (await claim(site))[0] == "OwnedByAnother"
    assert site.tags()["azvpn-owner"] == OWNER_TAG


async def test_it_can_be_taken_once_its_object_only_observes(site: CoreHarness):
    site.edit(CONNECTION, "site6", managementPolicy="Observe")
    await site.settle()
    assert (await claim(site))[0] == "UpToDate"
    assert site.tags()["azvpn-owner"].endswith(f"{THIEF}/claimant")


async def test_it_can_be_taken_once_its_object_is_gone_without_having_let_it_go(site: CoreHarness):
    tags = site.tags()
    site.edit(CONNECTION, "site6", deletionPolicy="Retain")
    await site.settle()
    site.delete(CONNECTION, "site6")
    await site.settle()
    site.live("VNet1toSite6").document["tags"] = tags
    assert (await claim(site, adopt_from=None))[0] == "OwnedByAnother"
    found = site.cluster.get(CONNECTION, THIEF, "claimant")
    assert found is not None
    assert OWNER not in found["status"]["conditions"][0]["message"]
    site.cluster.annotate(CONNECTION, THIEF, "claimant", adopt_from=OWNER_TAG)
    site.pump()
    await site.settle()
    assert site.tags()["azvpn-owner"].endswith(f"{THIEF}/claimant")


async def test_within_a_namespace_the_annotation_is_enough(site: CoreHarness):
    reason, _ = await claim(site, "network")
    assert reason == "UpToDate"
    assert site.tags()["azvpn-owner"] == f"{OWNER}/claimant"
    assert site.ready() == ("False", "OwnedByAnother")
