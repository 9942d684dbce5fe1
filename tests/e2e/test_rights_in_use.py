"""The audit log that all tests of this folder leave against the shipped RBAC: no right is missing, none is there for nothing."""

import json

import pytest
import yaml

from support.world.tenant import Tenant, condition
from workbench.stack import ROOT, SERVICE_ACCOUNT, SYSTEM_NAMESPACE

Right = tuple[str, str, str]
"""Group, resource (with its subresource), verb."""


@pytest.mark.judges_the_run
async def test_the_operator_uses_exactly_the_rights_that_it_ships_with(tenant: Tenant):
    await _use_everything(tenant)

    used, refused = _audited(tenant)

    assert refused == set()
    assert used == _shipped()


async def _use_everything(tenant: Tenant) -> None:
    """Both kinds with finalizers, status and Events, and one Event twice, which makes it a series."""
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    for outage in (True, False, True, False):
        await tenant.change_topology({"name": "site-1", "device": {"outage": outage, "delaySeconds": 0}})
        wanted = "False" if outage else "True"
        await tenant.until(lambda found, wanted=wanted: condition(found, "Connected")["status"] == wanted)
    await tenant.delete()
    await tenant.until_gone()
    await tenant.delete("p1", "IpsecPolicy")
    await tenant.until_gone("p1", "IpsecPolicy")


def _shipped() -> set[Right]:
    """The rights of ClusterRole and Role. A server-side apply that creates needs `create` too, and is audited as `patch` alone."""
    documents = yaml.safe_load_all((ROOT / "manifests" / "base" / "rbac.yaml").read_text(encoding="utf-8"))
    rules = [
        rule
        for document in documents
        if document["kind"] in {"ClusterRole", "Role"} and document["metadata"]["name"] == SERVICE_ACCOUNT
        for rule in document["rules"]
    ]
    rights = {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    return rights - {("", "secrets", "create"), ("coordination.k8s.io", "leases", "create")}


def _audited(tenant: Tenant) -> tuple[set[Right], set[Right]]:
    user = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{SERVICE_ACCOUNT}"
    log = tenant.stack.plane.audit_log
    assert log is not None
    used, refused = set(), set()
    whole = log.read_text(encoding="utf-8").rpartition("\n")[0]  # the server may be in the middle of a line
    for line in whole.splitlines():
        entry = json.loads(line)
        about = entry.get("objectRef")
        if entry["user"]["username"] != user or about is None:
            continue
        resource = "/".join(part for part in (about["resource"], about.get("subresource")) if part)
        right = (about.get("apiGroup", ""), resource, entry["verb"])
        # No error may be overlooked, but only 403 says that a right is missing.
        (refused if entry["responseStatus"]["code"] == 403 else used).add(right)
    return used, refused
