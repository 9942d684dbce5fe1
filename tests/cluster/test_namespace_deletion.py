"""A namespace that is deleted with connections in it comes to its end, and Azure is left as each connection's policy says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import yaml

from support.world.tenant import Tenant
from workbench.cluster.install import CHART, DEPLOYMENT, RELEASE, write_values
from workbench.kubectl import KubectlError

from .conftest import Site, install_again, installation
from .test_two_replicas import LIMIT

pytestmark = pytest.mark.timeout(300)


async def delete_namespace(site: Site, name: str) -> None:
    """Delete it and wait; fails with what the namespace says of itself if it hangs."""
    try:
        await site.kubectl("delete", "namespace", name, f"--timeout={LIMIT:g}s")
    except KubectlError as error:
        left = await site.kubectl.get("namespace", name)
        objects = await site.kubectl("get", "vpnconn,ipsecpol,rolebindings", "-n", name, "-o", "yaml")
        raise AssertionError(f"{error}\n{left['status']}\n{objects[-4000:]}") from error


async def test_connections_of_every_kind_go_and_azure_keeps_what_it_should(installed: Site, tenant: Tenant) -> None:
    await tenant.apply(
        tenant.policy(),
        tenant.connection("c1", ipsecPolicyRef={"name": "p1"}),
        tenant.connection("c2", site=2, deletionPolicy="Retain"),
        tenant.connection("c3", site=3, sharedKeySecretRef={"name": "no-such-secret"}),
        tenant.connection("c4", site=4, ipsecPolicyRef={"name": "no-such-policy"}),
    )
    await tenant.until_ready("c1", "c2", seconds=LIMIT)
    await tenant.edit("c1", routingWeight=3)  # something is under way when it begins

    await delete_namespace(installed, tenant.namespace)

    assert await tenant.in_azure("c1") is None
    kept = await tenant.in_azure("c2")
    assert kept is not None
    assert "azvpn-owner" not in kept.get("tags", {})
    assert await tenant.in_azure("c3") is None
    assert await tenant.in_azure("c4") is None


async def test_a_namespace_that_azure_keeps_busy_ends_when_azure_lets_go(installed: Site, tenant: Tenant) -> None:
    await tenant.apply(*(tenant.connection(f"c{number}", site=number) for number in range(1, 5)))
    await tenant.until_ready("c1", "c2", "c3", "c4", seconds=LIMIT)

    await delete_namespace(installed, tenant.namespace)

    # One gateway takes one deletion at a time: the last ones had to wait in a namespace that was ending already.
    assert sorted(await tenant.writes()) == sorted(
        [(verb, f"c{number}") for verb in ("DELETE", "PUT") for number in range(1, 5)]
    )


DELETION_ROLE = f"{DEPLOYMENT}-namespace-deletion"


@pytest.fixture
async def put_back(installed: Site) -> AsyncIterator[None]:
    """The operator works in the whole cluster again afterwards."""
    yield
    await install_again(installed)


async def test_the_only_namespace_that_is_watched_may_go(installed: Site, put_back: None, tenant: Tenant) -> None:
    await install_again(installed, watchNamespaces=[tenant.namespace])
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready(seconds=LIMIT)

    await delete_namespace(installed, tenant.namespace)

    assert await tenant.in_azure() is None


async def test_a_namespace_that_took_the_operators_rights_along_ends_once_it_has_others(
    installed: Site, put_back: None, tenant: Tenant
) -> None:
    own = {"watchNamespaces": [tenant.namespace]}
    await install_again(installed, **own, rbac={"namespaceDeletion": {"create": False}})
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=LIMIT)
    await installed.kubectl("delete", "namespace", tenant.namespace, "--wait=false")

    async def rights_are_gone() -> bool:
        left = await installed.kubectl("get", "rolebindings", "-n", tenant.namespace, "-o", "name")
        return DEPLOYMENT not in left

    await tenant.eventually(rights_are_gone, seconds=LIMIT)
    assert await tenant.get() is not None  # it hangs
    # Nothing can be made in a namespace that is ending, so nothing but the ClusterRole is added.
    role = [document for document in await rendered(installed, **own) if document["metadata"]["name"] == DELETION_ROLE]
    await installed.apply_objects(*role)
    try:
        await delete_namespace(installed, tenant.namespace)
    finally:
        await installed.kubectl("delete", "clusterrole,clusterrolebinding", DELETION_ROLE)

    assert await tenant.in_azure() is None


async def rendered(site: Site, **values: Any) -> list[dict[str, Any]]:
    """What the chart makes of these values."""
    file = write_values(site.folder / "install", installation(site, **values))
    text = await site.helm("template", RELEASE, CHART, "--values", file)
    return [document for document in yaml.load_all(text, yaml.CSafeLoader) if document]
