"""Installing, upgrading, going back and uninstalling with helm, on pods that really run: Azure sees none of it."""

import json

import pytest

from support.world.tenant import Tenant
from workbench.cluster.install import CHART, RELEASE, write_values

from .conftest import Site, install_again, installation
from .test_two_replicas import LIMIT, pods, until_steady

pytestmark = pytest.mark.timeout(300)


async def test_an_upgrade_and_the_way_back_lose_no_edit_and_write_nothing_twice(
    installed: Site, tenant: Tenant
) -> None:
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    first = set(await pods(installed))
    revision = await deployed_revision(installed)

    values = write_values(installed.folder / "install", installation(installed, workers=20, logLevel="DEBUG"))
    await installed.helm("upgrade", RELEASE, CHART, "--values", values)
    await tenant.edit(routingWeight=5)  # while the pods are being replaced
    await until_steady(installed)
    await tenant.until_ready(seconds=LIMIT)
    second = set(await pods(installed))
    assert first.isdisjoint(second)

    await installed.helm("rollback", RELEASE, revision)
    await tenant.edit(routingWeight=9)
    await until_steady(installed)
    await tenant.until_ready(seconds=LIMIT)

    assert second.isdisjoint(await pods(installed))
    live = await tenant.in_azure()
    assert live is not None
    assert live["properties"]["routingWeight"] == 9
    assert await tenant.writes() == [("PUT", "c1")] * 3


async def test_an_uninstalled_operator_leaves_all_as_it_is_and_the_next_one_takes_it_up(
    installed: Site, tenant: Tenant
) -> None:
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready(seconds=LIMIT)
    await installed.helm("uninstall", RELEASE, "--wait")
    assert await pods(installed) == {}
    await tenant.edit(routingWeight=5)  # nobody is there to see it
    live = await tenant.in_azure()
    assert live is not None
    assert live["tags"]["azvpn-owner"]

    await install_again(installed)
    await tenant.until_ready(seconds=LIMIT)
    await until_steady(installed)

    assert await tenant.writes() == [("PUT", "c1"), ("PUT", "c1")]


async def deployed_revision(site: Site) -> str:
    history = json.loads(await site.helm("history", RELEASE, "--output", "json"))
    return str(next(each["revision"] for each in history if each["status"] == "deployed"))
