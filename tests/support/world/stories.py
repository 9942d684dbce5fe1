"""What people do, and the states that they meet by it: each story is played on the whole system, and keeps a version of each state.

Size: a story is a few lines; together they are the table of states, acted out.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from support.world.film import Film
from support.world.rules import drop_rules, restore_rules
from support.world.tenant import POLICY_SPEC, Document, Tenant, condition, is_ready

CONNECTION, POLICY = "VpnConnection", "IpsecPolicy"
ANY = ""
PROPOSAL = {name: POLICY_SPEC[name] for name in POLICY_SPEC if name != "saLifeTimeSeconds"}
STUBBORN = {"proposals": [PROPOSAL]}
"""A device that takes the policy of the tests and no other algorithms."""


class Stage:
    """Where a story is played, and what is kept of it."""

    def __init__(self, tenant: Tenant, film: Film) -> None:
        self.tenant = tenant
        self._film = film
        self.kept: dict[tuple[str, str], Document] = {}

    def keep(self, state: str, document: Document) -> None:
        """Keep this version as the state."""
        document["metadata"].pop("managedFields", None)
        self.kept[document["kind"], state] = document

    async def keep_first(
        self, state: str, is_so: Callable[[Document], bool], name: str = "c1", kind: str = CONNECTION
    ) -> Document:
        """Wait for the first version that is so, and keep it."""
        found = await self._film.take(is_so, self.tenant.namespace, name, kind)
        self.keep(state, found)
        return found


Story = Callable[[Stage], Awaitable[None]]


def says(reason: str, of: str = "Ready") -> Callable[[Document], bool]:
    """The condition has this reason, about the latest spec."""

    def is_so(document: Document) -> bool:
        found = condition(document, of)
        about = found.get("reason"), found.get("observedGeneration")
        return about == (reason, document["metadata"]["generation"])

    return is_so


def with_tunnel_up(reason: str) -> Callable[[Document], bool]:
    """Ready has this reason, and all tunnels are up: who is faster, the tunnel or the first look at it, is no matter of the state."""
    return lambda document: says(reason)(document) and says("AllTunnelsUp", "Connected")(document)


def _unlike(document: Document) -> bool:
    return bool(document["status"]["observedGeneration"] != document["metadata"]["generation"])


async def life_of_a_connection(stage: Stage) -> None:
    """Made, edited, held, deleted."""
    tenant = stage.tenant
    stage.keep("fresh", await tenant.create(tenant.connection()))
    await stage.keep_first("creating", says("Creating"))
    await tenant.until_ready(seconds=60)
    stage.keep("ready", await tenant.get())
    edited = await tenant.edit(dpdTimeoutSeconds=30)
    assert _unlike(edited)
    stage.keep("edited", edited)
    await stage.keep_first("updating", says("Updating"))
    await stage.keep_first("confirming", with_tunnel_up("Confirming"))
    await tenant.until_ready(seconds=60)
    await tenant.annotate(hold_until=(datetime.now(UTC) + timedelta(hours=1)).isoformat(timespec="seconds"))
    await stage.keep_first("held", says("HeldUntil", "Paused"))
    await tenant.delete()
    await stage.keep_first("deletion-held", says("DeletionHeld"))
    await tenant.annotate(hold_until=None)
    await stage.keep_first("deleting", says("Deleting"))
    await tenant.until_gone(seconds=60)


async def tunnel_goes_down(stage: Stage) -> None:
    """The other side is away."""
    tenant = stage.tenant
    await tenant.apply(tenant.connection(dpdTimeoutSeconds=9))
    await tenant.until_ready(seconds=60)
    await tenant.change_topology({"name": "site-1", "device": {"outage": True}})
    await stage.keep_first("tunnel-down", lambda found: is_ready(found) and says("UnknownPeerSide", "Connected")(found))


async def own_edit_that_fails(stage: Stage) -> None:
    """The device takes no other values: with Rollback they come back, with Pause the edit stays."""
    tenant = stage.tenant
    for site in (1, 2):
        await tenant.change_topology({"name": f"site-{site}", "device": STUBBORN})
    good, bad = {"name": "good"}, {"name": "bad"}
    await tenant.apply(tenant.policy("good"), tenant.policy("bad", dhGroup="ECP384"))
    pause = {"withinSeconds": 60, "onFailure": "Pause"}
    await tenant.apply(
        tenant.connection(ipsecPolicyRef=good), tenant.connection("c2", site=2, ipsecPolicyRef=good, confirm=pause)
    )
    await tenant.until_ready("c1", "c2", seconds=60)
    await tenant.edit("c1", ipsecPolicyRef=bad)
    await tenant.edit("c2", ipsecPolicyRef=bad)
    await stage.keep_first("rolling-back", says("RollingBack"))
    # The old values are in force a moment before the tunnel is up with them.
    await stage.keep_first("rolled-back", with_tunnel_up("RolledBack"))
    await stage.keep_first("change-failed", says("ChangeFailed"), "c2")


async def suspended(stage: Stage) -> None:
    """A pause, and an edit under it."""
    tenant = stage.tenant
    await tenant.apply(tenant.connection())
    await tenant.until_ready(seconds=60)
    await tenant.edit(suspend=True)
    await stage.keep_first("suspended", lambda found: is_ready(found) and says("Suspended", "Paused")(found))
    await tenant.edit(routingWeight=3)
    await stage.keep_first("suspended-edited", says("ChangesPaused"))


async def parts_are_missing(stage: Stage) -> None:
    """What others bring is not there (yet), or is no good."""
    tenant = stage.tenant
    await tenant.apply(tenant.secret("crooked", "two words"))
    await tenant.apply(
        tenant.connection("c1", sharedKeySecretRef={"name": "later"}),
        tenant.connection("c2", site=2, ipsecPolicyRef={"name": "later"}),
        tenant.connection("c3", site=3, virtualNetworkGateway={"name": "later"}),
        tenant.connection("c4", site=4, sharedKeySecretRef={"name": "crooked"}),
        tenant.connection("c5", site=5, sharedKeySecretRef=None),
    )
    await stage.keep_first("secret-missing", says("SecretNotFound"))
    await stage.keep_first("policy-missing", says("PolicyNotFound"), "c2")
    await stage.keep_first("gateway-missing", says("GatewayNotFound"), "c3")
    await stage.keep_first("key-invalid", says("SharedKeyInvalid"), "c4")
    await stage.keep_first("key-required", says("SharedKeyRequired"), "c5")


async def azure_has_it_already(stage: Stage) -> None:
    """Made by somebody else, or by another owner; and one that is only looked at."""
    tenant = stage.tenant
    await tenant.put_in_azure("c1", tenant.body(routingWeight=5))
    await tenant.put_in_azure("c2", tenant.body(site=2, tags={"azvpn-owner": "other/team/c2"}))
    await tenant.put_in_azure("c3", tenant.body(site=3))
    await tenant.apply(
        tenant.connection("c1"),
        tenant.connection("c2", site=2),
        tenant.connection("c3", site=3, managementPolicy="Observe"),
    )
    await stage.keep_first("adoption-refused", with_tunnel_up("AdoptionRefused"))
    await stage.keep_first("owned-by-another", with_tunnel_up("OwnedByAnother"), "c2")
    await stage.keep_first("observed", with_tunnel_up("Observed"), "c3")


async def drift(stage: Stage) -> None:
    """Somebody changes the policy in the portal, and somebody deletes it while it is used."""
    tenant = stage.tenant
    # With CorrectSafe it would be put back while the tunnel is down for the moment that the change takes.
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}, driftPolicy="Report"))
    await tenant.until_ready(seconds=60)
    await tenant.change_in_azure(ipsecPolicies=[])
    # What somebody changed in Azure lets the tunnel negotiate anew.
    await stage.keep_first("drift-held", with_tunnel_up("DriftDetected"))
    await tenant.delete("p1", POLICY)
    await stage.keep_first("deletion-waits", says("DeletionWaitsForReferences"), "p1", POLICY)


async def azure_refuses(stage: Stage) -> None:
    """A right is missing, then nothing answers."""
    tenant = stage.tenant
    forbidden: dict[str, Any] = {"status": 403, "code": "AuthorizationFailed", "message": "no authorization to write"}
    async with tenant.fault("status", method="PUT", path="/connections/", **forbidden):
        await tenant.apply(tenant.connection())
        await stage.keep_first("azure-forbidden", says("AzureForbidden"))
    async with tenant.fault("status", path="/connections/", status=503, code="ServiceUnavailable", message="away"):
        await tenant.apply(tenant.connection("c2", site=2))
        await stage.keep_first("azure-unavailable", says("AzureUnavailable"), "c2")


async def outside_its_window(stage: Stage) -> None:
    """A change that takes the tunnel down, hours before it may."""
    tenant = stage.tenant
    start = (datetime.now(UTC) + timedelta(hours=3)).strftime("%H:00")
    await tenant.apply(tenant.connection(changeWindows=[{"start": start, "duration": "1h"}]))
    await tenant.until_ready(seconds=60)
    await tenant.edit(dpdTimeoutSeconds=60)
    await stage.keep_first("waiting-for-window", says("WaitingForWindow"))


async def rollout_that_works(stage: Stage) -> None:
    """A policy is made, used, edited, and paused."""
    tenant = stage.tenant
    stage.keep("fresh", await tenant.create(tenant.policy()))
    await stage.keep_first("unused", says("NotReferenced", "InUse"), "p1", POLICY)
    users = ("a", "b", "c")
    await tenant.apply(
        *(tenant.connection(name, site=site, ipsecPolicyRef={"name": "p1"}) for site, name in enumerate(users, 1))
    )
    await tenant.until_ready(*users, seconds=60)
    await tenant.until(
        lambda found: says("RolledOut", "RolledOut")(found) and found["status"]["updatedConnections"] == 3,
        "p1",
        POLICY,
        seconds=60,
    )
    stage.keep("rolled-out", await tenant.get("p1", POLICY))
    edited = await tenant.edit("p1", POLICY, saLifeTimeSeconds=7200)
    assert _unlike(edited)
    stage.keep("edited", edited)
    await stage.keep_first("rolling-out", says("RollingOut", "RolledOut"), "p1", POLICY)
    await stage.keep_first("waiting-for-rollout", says("WaitingForRollout"), "c")
    await tenant.until_reason("RolledOut", "p1", POLICY, of="RolledOut", seconds=120)
    await tenant.edit("p1", POLICY, rollout={"paused": True}, saLifeTimeSeconds=3600)
    await stage.keep_first("rollout-paused", says("RolloutPaused", "RolledOut"), "p1", POLICY)


async def rollout_that_fails(stage: Stage) -> None:
    """No device takes the edit: the first is undone, and the others are spared."""
    tenant = stage.tenant
    for site in (1, 2):
        await tenant.change_topology({"name": f"site-{site}", "device": STUBBORN})
    reference = {"name": "p1"}
    await tenant.apply(tenant.policy(), *(tenant.connection(f"c{n}", site=n, ipsecPolicyRef=reference) for n in (1, 2)))
    await tenant.until_ready("c1", "c2", seconds=60)
    await tenant.edit("p1", POLICY, dhGroup="ECP384")
    await stage.keep_first("rollout-failed", says("RolloutFailed"), "p1", POLICY)
    await stage.keep_first("rollout-stopped", with_tunnel_up("RolloutStopped"))


async def rekey_is_awaited(stage: Stage) -> None:
    """Another PFS group is used at the next rekey only."""
    tenant = stage.tenant
    reference = {"name": "p1"}
    await tenant.apply(tenant.policy(), *(tenant.connection(f"c{n}", site=n, ipsecPolicyRef=reference) for n in (1, 2)))
    await tenant.until_ready("c1", "c2", seconds=60)
    await tenant.edit("p1", POLICY, pfsGroup="PFS2048")
    await stage.keep_first("waiting-for-rekey", says("WaitingForRekey", "RolledOut"), "p1", POLICY)


STORIES: tuple[Story, ...] = (
    rollout_that_works,
    own_edit_that_fails,
    rollout_that_fails,
    life_of_a_connection,
    rekey_is_awaited,
    drift,
    tunnel_goes_down,
    azure_has_it_already,
    azure_refuses,
    parts_are_missing,
    suspended,
    outside_its_window,
)
"""Those that can be played side by side with anything else; what takes longest comes first."""


async def fleet_halts(stage: Stage) -> None:
    """Eight edits that fail, of which three may go at a time."""
    tenant = stage.tenant
    names = [f"c{site}" for site in range(1, 9)]
    good, bad = {"name": "good"}, {"name": "bad"}
    await tenant.apply(tenant.policy("good"), tenant.policy("bad", dhGroup="ECP384"))
    for site, name in enumerate(names, 1):
        await tenant.change_topology({"name": f"site-{site}", "device": STUBBORN})
        await tenant.apply(tenant.connection(name, site=site, ipsecPolicyRef=good))
    await tenant.until_ready(*names, seconds=60)
    for name in names:
        await tenant.edit(name, ipsecPolicyRef=bad)
    await stage.keep_first("waiting-for-budget", with_tunnel_up("WaitingForBudget"), ANY)
    await stage.keep_first("fleet-halted", with_tunnel_up("FleetHalted"), ANY)


async def objects_older_than_a_rule(stage: Stage) -> None:
    """They came in before the rule was there: the operator is the second door."""
    tenant = stage.tenant
    await drop_rules(tenant)
    try:
        # With its default written out: whether the API server adds it depends on which watch shows the object.
        old, weak = tenant.connection("old"), tenant.policy("old", saDataSizeKilobytes=102_400_000)
        await tenant.create({**old, "spec": {**old["spec"], "connectionMode": "Sometimes"}})
        await tenant.create({**weak, "spec": {**weak["spec"], "ipsecEncryption": "GCMAES256"}})
    finally:
        await restore_rules(tenant)
    await stage.keep_first("spec-invalid", says("InvalidSpec"), "old")
    await stage.keep_first("spec-invalid", says("InvalidSpec"), "old", POLICY)


ALONE: tuple[Story, ...] = (fleet_halts, objects_older_than_a_rule)
"""Those that others would suffer from."""
