"""Flux' own kustomize-controller applies a folder of our manifests, waits for it, heals it and prunes it, and says when it fails."""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from support.world.flux import Flux, GitFolder
from support.world.stories import STUBBORN
from support.world.tenant import Document, Tenant, condition
from workbench.stack import Stack

pytestmark = pytest.mark.timeout(600)
P1: Mapping[str, Any] = {"ipsecPolicyRef": {"name": "p1"}}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def flux(stack: Stack, kustomize_controller: Path) -> AsyncIterator[Flux]:
    running = Flux(stack.plane, kustomize_controller)
    try:
        await running.start()
        yield running
    finally:
        await running.stop()


@pytest.fixture
async def folder(flux: Flux, tenant: Tenant) -> AsyncIterator[GitFolder]:
    opened = GitFolder(flux, tenant)
    yield opened
    await opened.leave()


async def test_folder_is_applied_and_ready_only_when_all_of_it_is(tenant: Tenant, folder: GitFolder) -> None:
    revision = await folder.push(tenant.policy(), tenant.connection(**P1), tenant.connection("c2", site=2, **P1))
    await folder.follow()
    applied = await folder.until_applied(revision)

    said = datetime.fromisoformat(condition(applied, "Ready")["lastTransitionTime"])
    for name in ("c1", "c2"):
        ready = condition(await tenant.get(name), "Ready")
        assert ready["status"] == "True"
        assert datetime.fromisoformat(ready["lastTransitionTime"]) <= said, f"Flux did not wait for {name}"
    assert sorted(await tenant.writes()) == [("PUT", "c1"), ("PUT", "c2")]


async def test_edit_of_a_policy_is_ready_when_it_has_reached_all_connections(tenant: Tenant, folder: GitFolder) -> None:
    connections = [tenant.connection(name, site=site, **P1) for site, name in enumerate(("c1", "c2", "c3"), 1)]
    await folder.follow()
    await folder.until_applied(await folder.push(tenant.policy(), *connections))

    edited = await folder.push(tenant.policy(saLifeTimeSeconds=7200), *connections)
    await folder.until_applied(edited)

    rolled_out = await tenant.get("p1", "IpsecPolicy")
    assert condition(rolled_out, "RolledOut")["status"] == "True"
    assert rolled_out["status"]["confirmedConnections"] == 3
    for name in ("c1", "c2", "c3"):
        live = await tenant.in_azure(name)
        assert live is not None
        assert live["properties"]["ipsecPolicies"][0]["saLifeTimeSeconds"] == 7200


async def test_policy_that_a_device_refuses_fails_at_once_and_comes_right_with_a_revert(
    tenant: Tenant, folder: GitFolder
) -> None:
    await tenant.change_topology({"name": "site-1", "device": STUBBORN})
    await folder.follow(timeout="10m")
    good = (tenant.policy(), tenant.connection(**P1))
    await folder.until_applied(await folder.push(*good))

    failed = await folder.until_failed(await folder.push(tenant.policy(dhGroup="ECP384"), good[1]))

    assert "IpsecPolicy" in failed["message"], "the object that was changed is named"
    assert "p1" in failed["message"]
    await tenant.until_reason("RolloutStopped")
    await folder.until_applied(await folder.push(*good))


async def test_what_somebody_changes_by_hand_is_put_back_and_nothing_else_is_written(
    tenant: Tenant, folder: GitFolder
) -> None:
    await folder.follow()
    await folder.until_applied(await folder.push(tenant.policy(), tenant.connection(routingWeight=5, **P1)))
    await tenant.until_ready()

    before = [await tenant.get(), await tenant.get("p1", "IpsecPolicy")]
    await _reconciled_again(tenant, folder, times=3)
    after = [await tenant.get(), await tenant.get("p1", "IpsecPolicy")]
    assert [_version(document) for document in after] == [_version(document) for document in before]

    edited = await tenant.kubectl("patch", "vpnconn", "c1", "--type=merge", "-p", '{"spec":{"routingWeight":7}}')
    assert edited.code == 0, edited.err
    await tenant.until(lambda found: found["spec"]["routingWeight"] == 5, what="healed")
    await tenant.until_ready()


async def test_what_leaves_the_folder_is_pruned_and_azure_follows_the_deletion_policy(
    tenant: Tenant, folder: GitFolder
) -> None:
    kept = tenant.connection("kept", site=2, deletionPolicy="Retain", **P1)
    await folder.follow()
    await folder.until_applied(
        await folder.push(tenant.policy(), tenant.connection("gone", **P1), kept, tenant.connection("other", site=3))
    )

    await folder.until_applied(await folder.push(tenant.connection("other", site=3)))

    await tenant.until_gone("gone")
    await tenant.until_gone("kept")
    await tenant.until_gone("p1", "IpsecPolicy")
    assert await tenant.in_azure("gone") is None
    assert await tenant.in_azure("kept") is not None
    assert condition(await tenant.get("other"), "Ready")["status"] == "True"


async def test_objects_that_were_applied_by_hand_are_taken_over_without_a_write(
    tenant: Tenant, folder: GitFolder
) -> None:
    documents: tuple[Document, ...] = (tenant.policy(), tenant.connection(dpdTimeoutSeconds=30, **P1))
    for document in documents:
        applied = await tenant.kubectl("apply", "-f", "-", stdin=json.dumps(document))
        assert applied.code == 0, applied.err
    before = await tenant.until_ready()
    since = await tenant.now()

    await folder.follow()
    await folder.until_applied(await folder.push(*documents))

    after = await tenant.get()
    assert after["metadata"]["uid"] == before["metadata"]["uid"]
    assert after["metadata"]["generation"] == before["metadata"]["generation"]
    assert await tenant.writes(since) == []


@pytest.mark.parametrize(
    ("manager", "stays"),
    [
        pytest.param((), False, id="as kubectl: Flux takes it for an edit by hand"),
        pytest.param(("--field-manager=on-call",), True, id="under a name of one's own"),
    ],
)
async def test_hold_by_annotation_stays_if_it_is_set_under_a_name_of_ones_own(
    tenant: Tenant, folder: GitFolder, manager: tuple[str, ...], *, stays: bool
) -> None:
    await folder.follow()
    await folder.until_applied(await folder.push(tenant.connection()))
    await tenant.until_ready()

    hold = "azvpn.dev/hold-until=2099-01-01T00:00:00Z"
    held = await tenant.kubectl("annotate", *manager, "vpnconn", "c1", hold)
    assert held.code == 0, held.err
    await _reconciled_again(tenant, folder, times=3)

    annotations = (await tenant.get())["metadata"].get("annotations") or {}
    assert ("azvpn.dev/hold-until" in annotations) == stays


async def _reconciled_again(tenant: Tenant, folder: GitFolder, *, times: int) -> None:
    """Flux has gone over the folder so often, counted by its own record of when it last did on request."""
    for number in range(times):
        await tenant.kubectl(
            "annotate", "--overwrite", "kustomization", "repository", f"reconcile.fluxcd.io/requestedAt=again-{number}"
        )

        async def has_reconciled(number: int = number) -> bool:
            status = (await folder.state()).get("status") or {}
            return bool(status.get("lastHandledReconcileAt") == f"again-{number}")

        await tenant.eventually(has_reconciled, what="reconciled by Flux")


def _version(document: Document) -> tuple[str, int]:
    return document["metadata"]["resourceVersion"], document["metadata"]["generation"]
