"""A namespace that is deleted with connections in it comes to its end, and Azure is left as each connection's policy says."""

from collections.abc import AsyncIterator

import pytest

from support.world.tenant import Tenant
from workbench.cluster.install import DEPLOYMENT, rolled_out
from workbench.kubectl import KubectlError
from workbench.stack import SYSTEM_NAMESPACE

from .conftest import Site, install_again
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


@pytest.fixture
async def only_here(installed: Site, tenant: Tenant) -> AsyncIterator[Tenant]:
    """The operator watches this test's namespace only, and has rights in no other; it is put back afterwards."""
    deployment = (f"deployment/{DEPLOYMENT}", "-n", SYSTEM_NAMESPACE)
    binding = ("rolebinding", DEPLOYMENT, "-n", tenant.namespace)
    await installed.kubectl("delete", "clusterrolebinding", DEPLOYMENT)
    account = f"--serviceaccount={SYSTEM_NAMESPACE}:{DEPLOYMENT}"
    await installed.kubectl("create", *binding, f"--clusterrole={DEPLOYMENT}", account)
    await installed.kubectl("set", "env", *deployment, f"AZVPN_WATCH_NAMESPACES={tenant.namespace}")
    await rolled_out(installed.kubectl)
    yield tenant
    await installed.kubectl("set", "env", *deployment, "AZVPN_WATCH_NAMESPACES-")
    await install_again(installed)


FINISH = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "ClusterRole",
    "metadata": {"name": "azure-vpn-operator-finish"},
    "rules": [
        {
            "apiGroups": ["azvpn.dev"],
            "resources": ["vpnconnections", "ipsecpolicies"],
            "verbs": ["list", "watch", "patch"],
        },
        {
            "apiGroups": ["azvpn.dev"],
            "resources": ["vpnconnections/status", "ipsecpolicies/status"],
            "verbs": ["patch"],
        },
    ],
}
"""What an operator needs to finish in a namespace that ends, and no Secret: rights that the namespace does not take along."""


async def bind_everywhere(site: Site) -> None:
    await site.apply_objects(FINISH)
    name = FINISH["metadata"]["name"]
    account = f"--serviceaccount={SYSTEM_NAMESPACE}:{DEPLOYMENT}"
    await site.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", account)


@pytest.fixture
async def finishing_rights(installed: Site) -> AsyncIterator[None]:
    await bind_everywhere(installed)
    yield
    await installed.kubectl("delete", "clusterrole,clusterrolebinding", FINISH["metadata"]["name"])


async def test_the_only_namespace_that_is_watched_may_go(
    installed: Site, finishing_rights: None, only_here: Tenant
) -> None:
    await only_here.apply(only_here.policy(), only_here.connection(ipsecPolicyRef={"name": "p1"}))
    await only_here.until_ready(seconds=LIMIT)

    await delete_namespace(installed, only_here.namespace)

    assert await only_here.in_azure() is None


async def test_a_namespace_that_took_the_operators_rights_along_ends_once_it_has_others(
    installed: Site, only_here: Tenant
) -> None:
    await only_here.apply(only_here.connection())
    await only_here.until_ready(seconds=LIMIT)
    await installed.kubectl("delete", "namespace", only_here.namespace, "--wait=false")

    async def rights_are_gone() -> bool:
        left = await installed.kubectl("get", "rolebindings", "-n", only_here.namespace, "-o", "name")
        return DEPLOYMENT not in left

    await only_here.eventually(rights_are_gone, seconds=LIMIT)
    await bind_everywhere(installed)
    try:
        await delete_namespace(installed, only_here.namespace)
    finally:
        await installed.kubectl("delete", "clusterrole,clusterrolebinding", FINISH["metadata"]["name"])

    assert await only_here.in_azure() is None
