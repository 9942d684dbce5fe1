"""The access file on the real processes: who may use what changes while the operator runs, and a broken file changes nothing.

Nobody waits for time to pass to see that something does not happen: a neighbour's whole change is carried out meanwhile.
"""

import asyncio
import base64
import re
import shutil
import sys
from pathlib import Path

from support.pages import DOCS, ROOT, Block, blocks_of, commands_not_run, reader_environment, run_blocks
from support.world.access_file import AccessFile
from support.world.tenant import Document, Tenant, condition, is_ready
from support.world.topology import FAR, HUB, HUB_GATEWAY, TEAM, TEAM_SECRET
from workbench.control_plane.plane import ControlPlane
from workbench.rest import call
from workbench.stack import SYSTEM_NAMESPACE

GUIDE = DOCS / "guides" / "tenancy.md"
POLICY = {"ipsecPolicyRef": {"name": "p1"}}
SAID = "the access file cannot be used; the rules read before it hold on"


def only(tenant: Tenant, *groups: str, **more: object) -> Document:
    """Rules that restrict the team to these groups, and nobody else."""
    return {"default": "Allow", "namespaces": [{"names": [tenant.namespace], "resourceGroups": [*groups], **more}]}


async def carry_out_a_change_of(other: Tenant, weight: int) -> None:
    """A whole change of somebody who may: whatever the operator would do about others, it has had the time to."""
    await other.edit("c2", routingWeight=weight)
    await other.until(lambda found: condition(found, "Synced").get("status") == "True", "c2")

    async def is_there() -> bool:
        live = await other.in_azure("c2")
        return live is not None and live["properties"]["routingWeight"] == weight

    await other.eventually(is_there, what="the neighbour's change")
    await other.until_ready("c2")


async def test_allowed_then_refused_then_allowed_again_without_a_restart(
    access_tenant: Tenant, access_file: AccessFile
):
    tenant = access_tenant
    process = tenant.stack.operator.pid
    await access_file.allow(tenant, only(tenant, tenant.group))
    await tenant.apply(tenant.policy(), tenant.connection(**POLICY, driftPolicy="Correct"))
    await tenant.until_ready()

    async with tenant.neighbour() as other:
        await other.apply(other.connection("c2", site=2))
        await other.until_ready("c2")
        await access_file.allow(tenant, only(tenant, "another-group"))
        refused = await tenant.until_reason("NotAllowed")
        assert condition(refused, "Stalled")["reason"] == "NotAllowed"
        message = condition(refused, "Ready")["message"]
        assert "namespaces[0].resourceGroups" in message
        assert tenant.group in message
        assert "another-group" not in str(refused), "what others may use is not told"

        since = await tenant.now()
        await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
        await tenant.set_secret("E2E.Denied.Key.1")
        await tenant.change_in_azure(routingWeight=99)
        await tenant.edit(dpdTimeoutSeconds=40)
        await tenant.until_reason("NotAllowed")
        await carry_out_a_change_of(other, 7)
        assert await tenant.requests(since, path="connections/c1") == [], "neither read nor written"
        after = await tenant.get()
        assert after["status"]["halves"] == refused["status"]["halves"], "the status learns nothing new"

    await tenant.set_secret("E2E.Allowed.Key.2")
    await access_file.allow(tenant, only(tenant, tenant.group))

    async def goes_on() -> bool:
        live = await tenant.in_azure()
        _, key = await tenant.azure("GET", "connections/c1/sharedkey")
        held = live["properties"] if live is not None else {}
        shown = (held["ipsecPolicies"][0]["dhGroup"], held["dpdTimeoutSeconds"], held["routingWeight"], key["value"])
        return shown == ("ECP256", 40, 0, "E2E.Allowed.Key.2")

    await tenant.eventually(goes_on, what="all that was wanted meanwhile is done")
    # The device does not know the new key.
    await tenant.until(lambda found: condition(found, "Synced")["status"] == "True")
    assert sorted(await tenant.writes(since, path="connections/c1")) == [("PUT", "c1"), ("PUT", "c1/sharedkey")]
    assert tenant.stack.operator.pid == process
    assert tenant.stack.operator.exit_code is None


BROKEN = {
    "not-yaml": ("namespaces: [", "not YAML"),
    "a-misspelt-restriction": ("namespaces: [{names: [red], resourceGroup: [x]}]", "namespaces[0].resourceGroup: "),
    "gone": (None, "No such file or directory"),
}


async def test_a_broken_file_is_said_and_changes_nothing(access_tenant: Tenant, access_file: AccessFile):
    tenant = access_tenant
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    async with tenant.neighbour() as other:
        await other.apply(other.connection("c2", site=2))
        await other.until_ready("c2")
        await access_file.allow(tenant, only(tenant))
        await tenant.until_reason("NotAllowed")
        _, in_force_since = await access_file.state(tenant)
        since = await tenant.now()

        for weight, (text, problem) in enumerate(BROKEN.values(), start=1):
            said = tenant.log().count(SAID)
            access_file.replace(text)

            async def is_said(said: int = said, problem: str = problem) -> bool:
                log = tenant.log()
                return log.count(SAID) > said and problem in log.rpartition(SAID)[2]

            await tenant.eventually(is_said, what=f"complaint about {problem}")
            assert await access_file.state(tenant) == (False, in_force_since)
            assert await tenant.scrape("/readyz") == (200, "ok\n")
            await carry_out_a_change_of(other, weight)
            await tenant.edit(dpdTimeoutSeconds=30 + weight)
            await tenant.until_reason("NotAllowed")
        assert await tenant.writes(since, path="connections/c1") == []

    await access_file.allow(tenant, only(tenant, tenant.group))
    await tenant.until_ready()


async def test_with_a_broken_file_it_does_not_start(access_tenant: Tenant, tmp_path: Path):
    broken = tmp_path / "access.yaml"
    broken.write_text("namespaces: [{names: [red], resourceGroup: [x]}]")
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).parent / "azure-vpn-operator"),
        "run",
        env={**access_tenant.stack.operator_environment, "AZVPN_ACCESS_FILE": str(broken)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 2
    assert f"{broken}: namespaces[0].resourceGroup: " in said.decode()


async def test_what_is_no_longer_allowed_is_let_go_and_stays_in_azure_with_its_tag(
    access_tenant: Tenant, access_file: AccessFile
):
    tenant = access_tenant
    await tenant.apply(tenant.connection())
    await tenant.until_ready()
    await access_file.allow(tenant, only(tenant))
    await tenant.until_reason("NotAllowed")
    since = await tenant.now()

    await tenant.delete()
    await tenant.until_gone()

    assert "stays in Azure" in (await tenant.until_event("Retained"))["note"]
    live = await tenant.in_azure()
    assert live is not None
    assert live["tags"] == {"azvpn-owner": f"demo/{tenant.namespace}/c1"}
    assert await tenant.requests(since, path="connections/c1") == []


async def test_a_pair_is_held_by_its_denied_half_and_the_allowed_half_is_deleted(
    access_tenant: Tenant, access_file: AccessFile
):
    tenant, far = access_tenant, access_tenant.in_subscription(FAR)
    elsewhere = {"resourceGroup": tenant.group, "subscriptionId": FAR}
    ends = {"localNetworkGateway": None, "peerVirtualNetworkGateway": {"name": "gw", **elsewhere}}
    await tenant.apply(tenant.policy(), tenant.connection(**ends, reverse={"azureName": "c1", **elsewhere}, **POLICY))
    await tenant.until_ready()
    far_gateway = (
        f"/subscriptions/{FAR}/resourceGroups/{tenant.group}/providers/Microsoft.Network/virtualNetworkGateways/gw"
    )
    near_alone = only(tenant, tenant.group, subscriptions=[tenant.subscription], gateways=["gw", far_gateway])

    await access_file.allow(tenant, near_alone)
    held = await tenant.until_reason("NotAllowed")
    assert FAR in condition(held, "Ready")["message"]
    since = await tenant.now()
    await tenant.edit("p1", "IpsecPolicy", dhGroup="ECP256")
    async with tenant.neighbour() as other:
        await other.apply(other.connection("c2", site=2))
        await other.until_ready("c2")
        await carry_out_a_change_of(other, 5)
    assert await tenant.writes(since, path="connections/c1") == []

    await tenant.delete()
    await tenant.until_gone()
    assert await tenant.in_azure() is None
    kept = await far.in_azure()
    assert kept is not None
    assert kept["tags"] == {"azvpn-owner": f"demo/{tenant.namespace}/c1"}
    assert await tenant.writes(since, path="connections/c1") == [("DELETE", "c1")]


# The guide's commands and its file, as they are printed. The test is the kubelet, and knows other folders.

IDENTITIES = "/etc/azure-vpn-operator/identities"


def printed_after(block: Block) -> str:
    """What the guide shows below a block of commands."""
    found = re.search(re.escape(block.code) + r"```\n\n```console\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None, block.code
    return found[1]


def without_ages(table: str) -> list[str]:
    return [re.sub(r"\b\d+s", "5s", line).rstrip() for line in table.strip().splitlines()]


async def mount(tenant: Tenant, access_file: AccessFile, identities: Path) -> None:
    """What the kubelet does with the ConfigMap and the Secret of the guide."""
    space = f"/api/v1/namespaces/{SYSTEM_NAMESPACE}"
    secret = await call(tenant.cluster, "GET", f"{space}/secrets/azure-vpn-operator-identities")
    for name, value in secret["data"].items():
        (identities / name).write_bytes(base64.b64decode(value))
    found = await call(tenant.cluster, "GET", f"{space}/configmaps/azure-vpn-operator-access")
    await access_file.allow(tenant, found["data"]["access.yaml"].replace(IDENTITIES, str(identities)))


def red_connection(tenant: Tenant, name: str, **changes: object) -> Document:
    """A connection of the guide's red team."""
    usual: Document = {
        "azureName": f"red-to-{name}",
        "subscriptionId": FAR,
        "virtualNetworkGateway": {"name": "red-gw"},
        "localNetworkGateway": {"name": "Site6"},
        "ipsecPolicyRef": {"name": "site6"},
    }
    return tenant.connection(name, **{**usual, **changes})


async def test_the_guide_sets_up_an_empty_cluster(own_control_plane: ControlPlane, tmp_path: Path):
    (tmp_path / "team-red.secret").write_text(TEAM_SECRET)
    for name in ("manifests", "crds"):
        (tmp_path / name).symlink_to(ROOT / name)
    environment = {**reader_environment(), "KUBECONFIG": str(own_control_plane.kubeconfig)}
    await run_blocks(blocks_of(GUIDE)[:1], tmp_path, environment)


async def test_the_guide_does_what_it_says(access_tenant: Tenant, access_file: AccessFile, tmp_path: Path):
    tenant = access_tenant
    environment = {**reader_environment(), "KUBECONFIG": str(tenant.stack.plane.kubeconfig)}
    set_up, shown, told = blocks_of(GUIDE)
    identities = tmp_path / "identities"
    identities.mkdir()
    for name in ("manifests", "crds"):
        shutil.copytree(ROOT / name, tmp_path / name)
    (written,) = re.findall(r"^```yaml\n(default: .*?)```", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    (tmp_path / "manifests" / "overlays" / "tenancy" / "access.yaml").write_text(written)
    (tmp_path / "team-red.secret").write_text(f"{TEAM_SECRET}\n")

    await run_blocks([set_up], tmp_path, environment)
    await mount(tenant, access_file, identities)

    async with tenant.neighbour("team-red") as red, tenant.neighbour("network") as network:
        await red.apply(red.policy("site6"), red_connection(red, "site6", resourceGroup="blue-network"))
        await red.until_reason("NotAllowed", "site6")
        table, message = await run_blocks([shown, told], tmp_path, environment)
        assert without_ages(table) == without_ages(printed_after(shown))
        assert message.strip() == printed_after(told).strip()
        await red.delete("site6")
        await red.until_gone("site6")

        theirs = red.in_group("red-network").in_subscription(FAR)
        in_hub = {"resourceGroup": "hub", "subscriptionId": HUB}
        peers = {
            "hub": {"id": HUB_GATEWAY},
            "other": {"name": "OtherGW", **in_hub},
            "namesake": {"name": "red-gw", **in_hub},
        }
        await theirs.apply(
            red_connection(theirs, "site6"),
            *(
                red_connection(theirs, name, localNetworkGateway=None, peerVirtualNetworkGateway=peer)
                for name, peer in peers.items()
            ),
        )
        await theirs.until_ready("site6")
        hub = await theirs.until(is_ready, "hub")
        assert condition(hub, "PairInSync")["reason"] == "PartnerUnreadable", (
            "the team may use the hub, not look into it"
        )
        for name, rule in (("other", "namespaces[0].gateways"), ("namesake", "namespaces[0].subscriptions")):
            refused = await theirs.until_reason("NotAllowed", name)
            assert f"({rule})" in condition(refused, "Ready")["message"]
        assert sorted(await theirs.writes(principal=TEAM)) == [("PUT", "red-to-hub"), ("PUT", "red-to-site6")]
        assert await theirs.requests(principal="demo") == [], "the operator's own identity is not used for the team"

        await network.apply(network.connection())
        await network.until_ready()
        assert await network.requests(principal=TEAM) == []
        assert await network.writes(principal="demo") == [("PUT", "c1")]

        await tenant.apply(tenant.connection("c2", site=2))
        refused = await tenant.until_reason("NotAllowed", "c2")
        assert "(default)" in condition(refused, "Ready")["message"]
        assert await tenant.requests(path="connections/c2") == []


def test_every_command_of_the_guide_is_run():
    assert commands_not_run(GUIDE) == []
