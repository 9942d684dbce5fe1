"""A real Prometheus over the operator: it takes our rules, and each panel of the dashboard has data of connections that live."""

import os
import shutil
import time
from pathlib import Path

import pytest

from support.promtool import alerts
from support.world.tenant import Tenant
from workbench.monitoring.asking import ask_all, without_data
from workbench.monitoring.prometheus import Prometheus


@pytest.fixture
def program() -> None:
    if shutil.which("prometheus") is None:
        reason = "there is no prometheus: apt-get install prometheus, or see prometheus.io"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)


@pytest.mark.usefixtures("program")
async def test_prometheus_takes_the_rules_and_every_panel_has_data(tenant: Tenant, tmp_path: Path):
    ends = {"virtualNetworkGateway": {"name": "gw"}, "peerVirtualNetworkGateway": {"name": "gw-b"}}
    pair = tenant.connection("pair", localNetworkGateway=None, reverse={"azureName": "back"}, enableBgp=True, **ends)
    await tenant.apply(tenant.policy(), tenant.connection(ipsecPolicyRef={"name": "p1"}), pair)
    await tenant.until_ready("c1", "pair")
    begun = time.time()
    async with Prometheus(tmp_path, f"127.0.0.1:{tenant.stack.metrics_port}") as prometheus:
        await tenant.edit("p1", "IpsecPolicy", saLifeTimeSeconds=3600)
        missing = ["not asked yet"]

        async def all_have() -> bool:
            missing[:] = without_data(await ask_all(prometheus, begun, time.time(), "20s"))
            return not missing

        try:
            await tenant.eventually(all_have, seconds=90, what="every panel has data")
        except AssertionError as error:
            raise AssertionError(f"{error}; without data: {', '.join(missing)}") from None
        assert await prometheus.rules() == dict.fromkeys((rule["alert"] for rule in alerts()), "")
        (connected,) = await prometheus.ask(
            f'azure_vpn_operator_tunnel_connected{{namespace="{tenant.namespace}",name="c1"}}'
        )
        assert connected.points[0][1] == 1
