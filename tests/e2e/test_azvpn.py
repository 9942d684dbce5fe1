"""`kubectl azvpn` as a user calls it, against the shared system."""

import json

import yaml

from support.world.side_by_side import side_by_side
from support.world.tenant import KEY, POLICY_SPEC, Document, Ran, Tenant, condition
from workbench.stack import INSTALLATION_ID


@side_by_side
async def test_status_says_what_is_down_and_why(tenant: Tenant):
    await tenant.apply(tenant.connection("c1"), tenant.connection("c2", site=2))
    await tenant.until_ready("c1", "c2")
    assert (await tenant.azvpn("status", "--exit-code")).code == 0

    await tenant.change_topology({"name": "site-2", "device": {"outage": True}})
    await tenant.until(lambda found: condition(found, "Connected")["status"] == "False", "c2")
    ran = await tenant.azvpn("status", "--exit-code")

    assert ran.code == 1
    assert ran.out.splitlines()[1].split()[1:4] == ["c2", "Down", "0/1"]
    ran = await tenant.azvpn("status", "--output", "json")
    assert {link["id"]: link["tunnel"] for link in json.loads(ran.out)["links"]} == {
        f"{tenant.namespace}/c1": "Up",
        f"{tenant.namespace}/c2": "Down",
    }


@side_by_side
async def test_undo_puts_the_values_from_before_into_azure(tenant: Tenant):
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}))
    await tenant.until_ready()
    before = await tenant.in_azure()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    assert (await tenant.azvpn("rollout", "status", "p1", "--timeout", "90")).code == 0
    changed = await tenant.in_azure()

    undone = await tenant.azvpn("rollout", "undo", "p1")
    assert undone.code == 0, undone.err
    ran = await tenant.azvpn("rollout", "status", "p1", "--timeout", "90")

    assert (ran.code, ran.out.splitlines()[-1].partition(":")[0]) == (0, "AtRest")
    after = await tenant.in_azure()
    assert before is not None
    assert changed is not None
    assert after is not None
    assert changed["properties"]["ipsecPolicies"][0]["dhGroup"] == "ECP256"
    assert after["properties"]["ipsecPolicies"] == before["properties"]["ipsecPolicies"]


@side_by_side
async def test_a_policy_that_is_not_there_is_kubectls_own_error(tenant: Tenant):
    ran = await tenant.azvpn("rollout", "history", "nobody")

    assert ran.code == 2
    assert 'ipsecpolicies.azvpn.dev "nobody" not found' in ran.err


@side_by_side
async def test_a_reset_brings_the_tunnel_down_and_up_once(tenant: Tenant):
    await tenant.apply(tenant.connection())
    before = (await tenant.until_ready())["status"]["halves"][0]["tunnels"][0]["lastEstablished"]
    since = await tenant.now()

    ran = await tenant.azvpn("reset", "c1")

    assert (ran.code, ran.out.splitlines()[-1][:12]) == (0, "Done, and up"), ran
    assert [path for _, path in await tenant.writes(since)].count("c1/resetconnection") == 1

    def is_established_anew(found: Document) -> bool:
        tunnels = found["status"]["halves"][0]["tunnels"]
        return bool(tunnels) and tunnels[0]["lastEstablished"] > before

    await tenant.until(is_established_anew)
    await tenant.until_event("ResetAccepted")


@side_by_side
async def test_a_reset_of_a_suspended_object_is_refused_and_not_done_later(tenant: Tenant):
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    await tenant.edit(suspend=True)
    since = await tenant.now()

    ran = await tenant.azvpn("reset", "c1")
    await tenant.edit(suspend=False)
    await tenant.until_ready()

    assert ran.code == 1
    assert "Refused: spec.suspend is true" in ran.out
    assert not [path for _, path in await tenant.writes(since) if "resetconnection" in path]


async def import_group(tenant: Tenant, *arguments: str) -> Ran:
    """With the identity and the address of the simulated Azure, as a user who has signed in."""
    return await tenant.azvpn(
        *("import", "--resource-group", tenant.group, *arguments), environment=tenant.stack.azure.environment
    )


@side_by_side
async def test_what_is_imported_is_adopted_without_a_write_but_the_tags(tenant: Tenant):
    policy = {**POLICY_SPEC, "saLifeTimeSeconds": 7200, "saDataSizeKilobytes": 102400000}
    await tenant.put_in_azure("Old_One", tenant.body(ipsecPolicies=[policy], routingWeight=10))
    await tenant.put_in_azure("Old_Two", tenant.body(site=2, ipsecPolicies=[policy], dpdTimeoutSeconds=30))
    since = await tenant.now()

    ran = await import_group(tenant)
    assert ran.code == 0, ran.err
    objects: list[Document] = list(yaml.safe_load_all(ran.out))
    assert [document["kind"] for document in objects] == ["IpsecPolicy", "VpnConnection", "VpnConnection"]
    assert KEY not in ran.out + ran.err
    for name in ("old-one-key", "old-two-key"):
        await tenant.apply(tenant.secret(name))
    applied = await tenant.kubectl("apply", "--server-side", "-f", "-", stdin=ran.out)
    assert applied.code == 0, applied.err
    await tenant.until_ready("old-one", "old-two")

    assert sorted(await tenant.writes(since)) == [("PATCH", "Old_One"), ("PATCH", "Old_Two")]
    again = await import_group(tenant)
    assert again.out == ran.out, "what is owned now is imported the same"


@side_by_side
async def test_an_imported_group_may_be_only_watched(tenant: Tenant):
    await tenant.put_in_azure("c1", tenant.body())
    since = await tenant.now()

    ran = await import_group(tenant, "--observe", "--no-keys")
    assert (await tenant.kubectl("apply", "--server-side", "-f", "-", stdin=ran.out)).code == 0
    await tenant.until(lambda found: condition(found, "Ready").get("reason") == "Observed")

    assert (await tenant.get())["status"].get("differences", []) == []
    assert await tenant.writes(since) == []


@side_by_side
async def test_a_group_that_is_not_there_is_said_in_azures_words(tenant: Tenant):
    ran = await tenant.azvpn("import", "--resource-group", "nowhere", environment=tenant.stack.azure.environment)

    assert ran.code == 2
    assert "nowhere" in ran.err


@side_by_side
async def test_plan_says_what_applying_then_does_and_writes_nothing_itself(tenant: Tenant):
    await tenant.apply(
        tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}), tenant.connection("c2", site=2)
    )
    await tenant.until_ready("c1", "c2")
    wanted = [
        tenant.policy(dhGroup="ECP384"),
        tenant.connection(ipsecPolicyRef={"name": "p1"}, routingWeight=7),
        tenant.connection("c3", site=3),
        tenant.connection("c2", site=2),
    ]
    manifests = yaml.safe_dump_all(wanted)
    since = await tenant.now()

    ran = await plan(tenant, manifests, "--output", "json", "--exit-code")
    assert ran.code == 1, ran.err
    told = {item["object"].partition("/")[2]: item for item in json.loads(ran.out)["connections"]}
    assert {name: (item["action"], item["effect"]) for name, item in told.items()} == {
        "c1": ("Change", "TunnelDrop"),
        "c2": ("Nothing", "None"),
        "c3": ("Create", "None"),
    }
    assert {item["path"] for item in told["c1"]["differences"]} == {"ipsecPolicies[0].dhGroup", "routingWeight"}
    assert await tenant.writes(since) == []
    assert KEY not in ran.out + ran.err

    applied = await tenant.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=manifests)
    assert applied.code == 0, applied.err
    await tenant.until_ready("c1", "c2", "c3")
    await tenant.until(lambda found: found["status"].get("change", {}).get("state") != "Confirming")

    assert {name for _, name in await tenant.writes(since)} == {"c1", "c3"}
    assert (await plan(tenant, manifests, "--exit-code")).code == 0


@side_by_side
async def test_an_object_that_plans_says_so_and_writes_nothing_until_it_is_enforced(tenant: Tenant):
    since = await tenant.now()
    await tenant.apply(tenant.connection(managementPolicy="Plan"))
    planned = await tenant.until_reason("Planned")
    assert condition(planned, "Ready")["message"] == "planned only; would create the connection"
    assert await tenant.writes(since) == []
    await tenant.edit(managementPolicy="Enforce")
    await tenant.until_ready()
    assert await tenant.writes(since) == [("PUT", "c1")]


async def plan(tenant: Tenant, manifests: str, *arguments: str) -> Ran:
    """With the operator's settings and the identity of the simulated Azure, as a user who has signed in."""
    environment = {**tenant.stack.azure.environment, "AZVPN_INSTALLATION_ID": INSTALLATION_ID}
    return await tenant.azvpn("plan", "-", *arguments, environment=environment, stdin=manifests)
