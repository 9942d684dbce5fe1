"""The second act: a fleet on one policy, an edit that no device takes, and what becomes of it."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from workbench.algorithms import ALGORITHMS
from workbench.control_plane.manifests import Manifest
from workbench.demo.acts import API, LOOK_SECONDS, NAMESPACE, Act, Demo, IncompleteError
from workbench.demo.live_table import Missing
from workbench.demo.story import Edit, Story
from workbench.rest import Document, call
from workbench.stack import SUBSCRIPTION

POLICY: Final = "fleet"
SITES: Final = tuple(f"site-{number:02d}" for number in range(1, 9))
GROUP: Final = "FleetRG"
KEY: Final = "Demo.Fleet.Key.not.for.use"
QUIET_SECONDS: Final = 3.0
"""So long nothing else may happen at the end."""

BEFORE: Final = ALGORITHMS["dhGroup"]
AFTER: Final = "ECP384"


def _objects() -> list[Document]:
    found: list[Document] = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "fleet-key", "namespace": NAMESPACE},
            "stringData": {"sharedKey": KEY},
        },
        _object("IpsecPolicy", POLICY, ALGORITHMS),
    ]
    for site in SITES:
        spec = {
            "resourceGroup": GROUP,
            "virtualNetworkGateway": {"name": "FleetGW"},
            "localNetworkGateway": {"name": site},
            "ipsecPolicyRef": {"name": POLICY},
            "sharedKeySecretRef": {"name": "fleet-key"},
        }
        found.append(_object("VpnConnection", site, spec))
    return found


def _object(kind: str, name: str, spec: Document) -> Document:
    return {
        "apiVersion": "azvpn.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _strict_devices() -> Document:
    """The devices of the fleet take the values that the policy has at first, and nothing else."""
    sites: list[Any] = [{"name": site, "device": {"key": KEY, "proposals": [ALGORITHMS]}} for site in SITES]
    group = {"name": GROUP, "localNetworkGateways": sites}
    return {"subscriptions": [{"id": SUBSCRIPTION, "resourceGroups": [group]}]}


ROLLBACK: Final = Act(
    stage=f"Fleet: {len(SITES)} sites of one gateway that share the policy {POLICY}; their devices take its values and no others",
    objects=tuple(Manifest(Path("<fleet>"), document) for document in _objects()),
    complete="The edit has cost one tunnel its seconds, and the others nothing.",
    steps=(
        ("kubectl describe ipsecpol fleet", "what the policy says of its edit"),
        ("kubectl get vpnconn", "who holds what, and why"),
        ("kubectl get events", "the story as the operator told it"),
        (
            """curl -s "$SIMULATOR_CONTROL_URL/outages?cause=Settings" """.rstrip(),
            "which tunnels were down, and how long",
        ),
        (
            f"""kubectl patch ipsecpol fleet --type=merge -p '{{"spec":{{"dhGroup":"{BEFORE}"}}}}'""",
            "take the edit back",
        ),
    ),
    confirm_within_seconds=20,
    topology=_strict_devices(),
)


async def play(demo: Demo, limit_seconds: float) -> Story:
    """Make the edit in a fleet that is up, show what comes of it, and return the story when all is quiet again.

    Raises IncompleteError if that is not so after `limit_seconds`, ProcessError if a program has ended.
    """
    deadline = time.monotonic() + limit_seconds
    since = (await demo.control("GET", "/journal?since=999999999999"))["next"]
    tunnels_since = (await demo.control("GET", "/tunnels?since=999999999999"))["next"]
    demo.screen.stage(f"Edit: dhGroup of the policy {POLICY} becomes {AFTER}, which no device takes")
    edit = Edit(POLICY, BEFORE, AFTER, datetime.now(UTC), since)
    async with demo.stack.plane.client() as admin:
        path, merge = f"{API}/ipsecpolicies/{POLICY}", "application/merge-patch+json"
        await call(admin, "PATCH", path, body={"spec": {"dhGroup": AFTER}}, content_type=merge)
    while missing := await _look(demo):
        if time.monotonic() >= deadline:
            told = "\n".join(f"  {item.text}" for item in missing)
            raise IncompleteError(f"The undo is not complete {limit_seconds:g} s after the edit:\n{told}")
        await asyncio.sleep(LOOK_SECONDS)
    demo.screen.stage(f"Quiet: nothing else may happen for {QUIET_SECONDS:g} s")
    await asyncio.sleep(QUIET_SECONDS)
    await _look(demo)
    ours = await demo.control("GET", f"/outages?since={tunnels_since}&cause=Settings")
    return Story.of(
        edit,
        journal=(await demo.control("GET", "/journal"))["entries"],
        tunnels=await demo.control("GET", "/tunnels"),
        outages=await demo.control("GET", f"/outages?since={tunnels_since}"),
        most_at_once=ours["mostAtOnce"],
        reasons={row.name: row.reason for row in demo.fleet.connections},
        policy_reason=next((row.rollout for row in demo.fleet.policies), ""),
    )


async def _look(demo: Demo) -> list[Missing]:
    """Show how things are; returns what keeps the edit from being over and undone."""
    await demo.read()
    missing = [
        Missing(f"IpsecPolicy {row.name}", f"RolledOut {row.rollout}", row.rollout_message)
        for row in demo.fleet.policies
        if not row.seen or row.rollout != "RolloutFailed"
    ]
    for row in demo.fleet.connections:
        if row.missing is not None:
            missing.append(row.missing)
        elif row.reason != "RolloutStopped":
            missing.append(Missing(f"VpnConnection {row.name}", row.reason, row.message))
    demo.screen.show(demo.fleet, missing)
    return missing
