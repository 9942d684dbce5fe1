"""What Argo CD's actions make of an object does what their names say: the operator acts on it."""

from typing import Any

from support.git_tools import ArgoLua
from support.world.stories import POLICY, STUBBORN
from support.world.tenant import Document, Tenant, condition

CONNECTION = "VpnConnection"


async def _choose(tenant: Tenant, argo: ArgoLua, action: str, name: str = "c1", kind: str = CONNECTION) -> Document:
    """Choose the action in the menu: Argo CD sends the difference as a merge patch."""
    before = await tenant.get(name, kind)
    assert argo.offered(before)[action], f"{action} is greyed out"
    return await tenant.patch(_difference(argo.act(before, action), before), name, kind)


def _difference(new: Any, old: Any) -> Any:
    if not isinstance(new, dict) or not isinstance(old, dict):
        return new
    changed = {name: _difference(value, old.get(name)) for name, value in new.items() if value != old.get(name)}
    return changed | {name: None for name in old if name not in new}


def _paused(reason: str) -> Any:
    return lambda found: condition(found, "Paused").get("reason") == reason


async def test_actions_of_a_connection(tenant: Tenant, argo: ArgoLua):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()

    asked = await _choose(tenant, argo, "reconcile")
    token = asked["metadata"]["annotations"]["azvpn.dev/reconcile-at"]
    await tenant.until(lambda found: (found["status"].get("lastHandled") or {}).get("reconcileAt") == token)

    await _choose(tenant, argo, "hold-for-an-hour")
    await tenant.until(_paused("HeldUntil"), what="held")
    await _choose(tenant, argo, "end-hold")
    await tenant.until(_paused("NotPaused"), what="no longer held")

    await _choose(tenant, argo, "suspend")
    await tenant.until(_paused("Suspended"), what="suspended")
    await _choose(tenant, argo, "resume")
    await tenant.until(_paused("NotPaused"), what="resumed")

    since = await tenant.now()
    await _choose(tenant, argo, "rotate-key")

    async def is_written() -> bool:
        return ("PUT", "c1/sharedkey") in await tenant.writes(since)

    await tenant.eventually(is_written, what="the key is written once more")
    await tenant.until_ready()


async def test_actions_of_a_policy(tenant: Tenant, argo: ArgoLua):
    await tenant.change_topology({"name": "site-1", "device": STUBBORN})
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()

    await _choose(tenant, argo, "pause-rollout", "p1", POLICY)
    await tenant.edit("p1", POLICY, dhGroup="ECP384")
    await tenant.until_reason("RolloutPaused", "p1", POLICY)
    await _choose(tenant, argo, "resume-rollout", "p1", POLICY)
    await tenant.until_reason("RolloutFailed", "p1", POLICY, seconds=120)

    taken = {**STUBBORN["proposals"][0], "dhGroup": ["DHGroup24", "ECP384"]}
    await tenant.change_topology({"name": "site-1", "device": {"proposals": [taken]}})
    await _choose(tenant, argo, "rollout-retry", "p1", POLICY)
    await tenant.until_reason("RolledOut", "p1", POLICY, of="RolledOut", seconds=120)


async def test_a_rekey_need_not_be_awaited(tenant: Tenant, argo: ArgoLua):
    reference = {"name": "p1"}
    await tenant.apply(tenant.policy(), *(tenant.connection(f"c{n}", site=n, ipsecPolicyRef=reference) for n in (1, 2)))
    await tenant.until_ready("c1", "c2")
    await tenant.edit("p1", POLICY, pfsGroup="PFS2048")
    await tenant.until_reason("WaitingForRekey", "p1", POLICY, of="RolledOut")

    # The rekey itself is minutes away: an SA lives for 30,000 seconds of an Azure that runs sixty times as fast.
    await _choose(tenant, argo, "rollout-continue", "p1", POLICY)

    await tenant.until(
        lambda found: condition(found, "RolledOut")["status"] == "True" and found["status"]["updatedConnections"] == 2,
        "p1",
        POLICY,
        seconds=120,
        what="rolled out",
    )
