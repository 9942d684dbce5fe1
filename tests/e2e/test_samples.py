"""What the reader of the README does first: apply the samples, and look."""

import asyncio
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.world.tenant import Tenant, condition, is_ready_and_connected

SAMPLES = Path(__file__).parents[2] / "manifests" / "samples"


async def test_the_samples_become_ready_and_connected_and_read_well_in_kubectl(tenant: Tenant):
    tenant.namespace = "network"
    connections = ("vnet1-to-site6", "vnet1-to-vnet2", "vnet2-to-vnet1", "vnet1-vnet3", "vnet1-to-site7")
    for sample in ("vnet-to-vnet", "site-to-site", "default-policy"):
        applied = await tenant.kubectl("apply", "--server-side", "-k", str(SAMPLES / sample))
        assert applied.code == 0, applied.err

    # A half of a pair says for a moment that its partner is being changed, although it is Ready itself.
    await asyncio.gather(*(tenant.until(_is_at_rest, name, what="at rest") for name in connections))

    table = (await tenant.kubectl("get", "vpnconn")).out.splitlines()
    assert table[0].split() == ["NAME", "READY", "TUNNEL", "SINCE", "PEER", "POLICY", "REASON", "AGE"]
    rows = {row.split()[0]: row.split() for row in table[1:]}
    shown = {name: [row[1], row[2], *row[4:7]] for name, row in rows.items()}
    assert shown == {
        "vnet1-to-site6": ["True", "1/1", "Site6", "site6", "UpToDate"],
        "vnet1-to-site7": ["True", "1/1", "Site7", "Default", "UpToDate"],
        "vnet1-to-vnet2": ["True", "1/1", "VNet2GW", "vnet-pair", "UpToDate"],
        "vnet1-vnet3": ["True", "2/2", "VNet3GW", "vnet-pair", "UpToDate"],
        "vnet2-to-vnet1": ["True", "1/1", "VNet1GW", "vnet-pair", "UpToDate"],
    }
    assert all(re.fullmatch(r"\d+[smh]\S*", row[3]) for row in rows.values()), table

    policies = (await tenant.kubectl("get", "ipsecpol")).out.splitlines()
    assert policies[0].split()[:2] == ["NAME", "READY"]
    assert {row.split()[0]: row.split()[1] for row in policies[1:]} == {"site6": "True", "vnet-pair": "True"}

    both = (await tenant.kubectl("get", "azvpn", "-o", "name")).out.split()
    assert len(both) == 7

    wide = (await tenant.kubectl("get", "vpnconn", "vnet1-to-vnet2", "-o", "wide")).out
    assert re.search(r"VNet1GW\s+True\s+True\s+Azure holds what the object says", wide), wide
    for name in ("vnet1-to-vnet2", "vnet2-to-vnet1", "vnet1-vnet3"):
        assert condition(await tenant.get(name), "PairInSync")["status"] == "True"

    waited = await tenant.kubectl("wait", "vpnconn", "--all", "--for=condition=Ready", "--timeout=5s")
    assert waited.code == 0, waited.err

    await _nothing_differs(tenant)

    described = (await tenant.kubectl("describe", "vpnconn", "vnet1-to-site6")).out
    for event in ("Created", "TunnelUp", "UpToDate"):
        assert re.search(rf"Normal\s+{event}", described), described


def _is_at_rest(connection: Mapping[str, Any]) -> bool:
    return is_ready_and_connected(connection) and connection["status"]["summary"]["reason"] == "UpToDate"


async def _nothing_differs(tenant: Tenant) -> None:
    """Neither defaults nor what the operator writes are a difference from Git, whichever way a tool looks: nothing has to be ignored."""
    kinds = ("vpnconn,ipsecpol", "-o", "jsonpath={.items[*].metadata.resourceVersion}")
    before = (await tenant.kubectl("get", *kinds)).out
    for sample in ("vnet-to-vnet", "site-to-site", "default-policy"):
        another = ("--server-side", "--force-conflicts", "--field-manager=argocd-controller")
        for way in (("--server-side",), another, ()):
            diff = await tenant.kubectl("diff", *way, "-k", str(SAMPLES / sample))
            assert (diff.code, diff.out) == (0, ""), (sample, way, diff)
        applied = await tenant.kubectl("apply", "--server-side", "-k", str(SAMPLES / sample))
        assert applied.code == 0, applied.err
    assert (await tenant.kubectl("get", *kinds)).out == before, "applying the same once more writes nothing"
