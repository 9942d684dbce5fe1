"""The simulated Azure's journal against the custom roles that are shipped: no right is missing, none is there for nothing."""

from support.world.tenant import Document, Tenant, condition
from support.world.topology import role_actions

BGP_SITE = {"name": "site-1", "bgp": {"asn": 65100, "peeringAddress": "172.17.0.1"}}


async def test_the_operator_uses_exactly_the_actions_of_its_role(tenant: Tenant):
    await _use_everything(tenant)

    entries = (await tenant.control("GET", "/journal"))["entries"]
    asked = _asked([entry for entry in entries if entry["principal"] == "demo"])
    assert [right for right, allowed in asked.items() if not allowed] == []
    assert set(asked) == _lower(role_actions())


async def test_to_watch_the_smaller_role_is_enough(tenant: Tenant):
    await tenant.change_topology(BGP_SITE)
    await tenant.put_in_azure("c1", tenant.body(enableBgp=True))
    await tenant.until_settled()

    await tenant.apply(tenant.connection(managementPolicy="Observe", enableBgp=True))
    await tenant.until(lambda found: condition(found, "Ready").get("reason") == "Observed")
    await tenant.until(lambda found: condition(found, "BgpEstablished").get("status") == "True")

    asked = _asked(await tenant.requests())
    assert asked
    assert set(asked) <= _lower(role_actions("custom-role-observe.json"))


async def _send_logs(tenant: Tenant) -> None:
    gateway = {"name": "gw", "diagnosticSettings": [{"workspace": "logs"}]}
    group = {"name": tenant.group, "virtualNetworkGateways": [gateway], "workspaces": [{"name": "logs"}]}
    await tenant.control(
        "PUT", "/topology", {"subscriptions": [{"id": tenant.subscription, "resourceGroups": [group]}]}
    )


async def _use_everything(tenant: Tenant) -> None:
    """A connection with BGP and policy-based selectors: made, changed where Azure shows no times, its key changed, reset, and deleted.

    Before the reset its device has another key for a while, and the gateway's log says so; right after it, that would count as its work.
    """
    await _send_logs(tenant)
    await _hide_times_of_tunnels(tenant)
    await tenant.change_topology(BGP_SITE)
    await tenant.apply(
        tenant.policy(),
        tenant.connection(ipsecPolicyRef={"name": "p1"}, enableBgp=True, usePolicyBasedTrafficSelectors=True),
    )
    await tenant.until_ready()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    await tenant.until(lambda found: condition(found, "Ready").get("reason") == "Confirming")
    before = _digest(await tenant.until_ready())
    await tenant.change_topology({"name": "site-1", "device": {"key": "Another.Canary.Key"}})
    await tenant.set_secret("Another.Canary.Key")
    await tenant.annotate(reconcile_at="now")
    await tenant.until(
        lambda found: _has_proved_its_key(found, before), what="its new key is in force, and has proved itself"
    )
    await tenant.until_ready()
    await tenant.change_topology({"name": "site-1", "device": {"key": "A.Third.Canary.Key"}})
    await tenant.until(lambda found: "AUTHENTICATION_FAILED" in condition(found, "Connected").get("message", ""))
    await tenant.change_topology({"name": "site-1", "device": {"key": "Another.Canary.Key"}})
    await tenant.until_ready()
    await tenant.annotate(reset="once")
    await tenant.until(lambda found: [item["state"] for item in found["status"].get("resets", [])] == ["Done"])
    await tenant.delete()
    await tenant.until_gone()


def _digest(connection: Document) -> str:
    return str(connection["status"]["halves"][0]["key"]["digest"])


def _has_proved_its_key(connection: Document, before: str) -> bool:
    change = connection["status"].get("change") or {}
    return _digest(connection) != before and change.get("state") not in {"Sent", "Confirming"}


async def _hide_times_of_tunnels(tenant: Tenant) -> None:
    gateway = {"name": "gw", "tunnelStatus": "noTimes"}
    group = {"name": tenant.group, "virtualNetworkGateways": [gateway]}
    await tenant.control(
        "PUT", "/topology", {"subscriptions": [{"id": tenant.subscription, "resourceGroups": [group]}]}
    )


def _asked(entries: list[Document]) -> dict[str, bool]:
    """The actions that requests needed a right for, and whether it was always there."""
    found: dict[str, bool] = {}
    for right, allowed in (item for entry in entries for item in entry["rights"].items()):
        found[right.lower()] = found.get(right.lower(), True) and allowed
    return found


def _lower(actions: list[str]) -> set[str]:
    """Azure does not tell actions apart by their letters' case."""
    return {action.lower() for action in actions}
