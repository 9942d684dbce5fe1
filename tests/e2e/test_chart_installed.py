"""The operator as the chart installs it: with its settings, and with the rights of its namespaced mode and no others."""

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from support.packaging import CHART, NAMESPACE, RELEASE, ROOT, Helm, settings_of
from support.world.tenant import condition
from workbench.rest import call
from workbench.stack import Stack

VALUES = CHART / "ci" / "namespaced-values.yaml"
SAMPLES_ONLY = ("--set", "watchNamespaces={network}", "--set", "crds.enabled=true")
CONNECTION = "/apis/azvpn.dev/v1alpha1/namespaces/network/vpnconnections/vnet1-to-site6"

pytestmark = pytest.mark.timeout(300)


class ChartStack(Stack):
    """A whole system whose cluster part comes from helm, but for the pods, which no kubelet runs."""

    def __init__(self, directory: Path, helm: Path, **how: object) -> None:
        super().__init__(directory, **how)  # type: ignore[arg-type]
        self._helm = helm

    @override
    async def install(self) -> None:
        await self.plane.create_namespace("network")
        helm = Helm(self._helm, self.directory / "home", self.plane.kubeconfig)
        where = ("--namespace", NAMESPACE, "--create-namespace")
        await asyncio.to_thread(helm.do, "install", RELEASE, CHART, *where, "--values", VALUES, *SAMPLES_ONLY)
        kubeconfig = self.directory / "operator.kubeconfig"
        await self.plane.service_account_kubeconfig(NAMESPACE, RELEASE, expires_in=timedelta(hours=1), path=kubeconfig)


async def test_a_tunnel_comes_up_with_rights_in_one_namespace_only(
    helm: Helm, chart_tools: Mapping[str, Path], kubernetes_binaries: Mapping[str, Path], tmp_path: Path
) -> None:
    settings = settings_of(helm.template(VALUES, *SAMPLES_ONLY))
    own = {name: text for name, text in settings.items() if not name.endswith("_ADDRESS")}
    async with ChartStack(
        tmp_path / "stack",
        chart_tools["helm"],
        time_scale=60,
        operator_environment=own,
        binaries=kubernetes_binaries,
        audit=True,
    ) as stack:
        await stack.plane.apply(ROOT / "manifests" / "samples" / "site-to-site")
        async with stack.plane.client() as admin:
            deadline = time.monotonic() + 120
            while True:
                found = await call(admin, "GET", CONNECTION)
                conditions = found.get("status", {}).get("conditions", [])
                states = {item["type"]: item["status"] for item in conditions}
                if states.get("Ready") == "True" and states.get("Connected") == "True":
                    break
                assert time.monotonic() < deadline, conditions
                await asyncio.sleep(0.2)
            lease = await call(admin, "GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/{RELEASE}")
        assert lease["spec"]["holderIdentity"]
        assert condition(found, "Ready")["reason"] == "UpToDate"
        log = stack.plane.audit_log
        assert log is not None
        entries = [json.loads(line) for line in log.read_text().rpartition("\n")[0].splitlines()]

    user = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
    mine = [entry for entry in entries if entry["user"]["username"] == user and "objectRef" in entry]
    assert mine
    refused = [entry["requestURI"] for entry in mine if entry["responseStatus"]["code"] == 403]
    assert refused == []
    assert {entry["objectRef"].get("namespace") for entry in mine} == {"network", NAMESPACE}
