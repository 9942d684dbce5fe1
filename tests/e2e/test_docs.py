"""Runs the commands of the tour and of guides against a demo, so that no page can promise what does not happen."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from support.pages import (
    DOCS,
    ROOT,
    Block,
    blocks_of,
    commands_not_run,
    outputs_of,
    reader_environment,
    run,
    run_blocks,
)
from workbench.control_plane.plane import ControlPlane

TOUR = DOCS / "getting-started" / "demo.md"
GUIDES = tuple(
    DOCS / "guides" / f"{name}.md"
    for name in (
        *("monitoring", "gitops-argo-cd", "pipelines", "vnet-to-vnet", "rotate-keys", "high-availability"),
        *("crypto-floor", "status-page", "configure-the-other-side", "kubectl-azvpn", "bring-in-what-exists", "plan"),
        *("from-nothing-to-a-tunnel", "gateway-logs", "explain"),
    )
)
"""These leave the demo as they found it, but for keys and a policy."""
RUNBOOKS = tuple(sorted((DOCS / "runbooks").glob("*.md")))
"""These only look, and take it for granted that kubectl knows the cluster."""
ENTER = Block("source .demo/env\n", fails=False, says="")
LAST = DOCS / "guides" / "change-a-policy-safely.md"
"""This one has a demo of its own: it leaves other devices and values; after 25 Events of an object the operator is sparing with more."""
LINT = DOCS / "guides" / "lint.md"
"""This one needs no cluster, and shows the output of every block."""
INSTALL = DOCS / "guides" / "install.md"
"""This one needs a cluster with nothing in it."""
NOT_RUN = {
    "demo.md": ["make demo-up", "make demo-down", "make demo ACT=rollback", "make demo ACT=strongswan"],
    # It needs the Prometheus operator's CRDs.
    "monitoring.md": ["kubectl apply -k manifests/overlays/monitoring"],
    # The demo's connections belong to the operator; tests/e2e/test_azvpn.py adopts what was imported, and others delete with Retain.
    "bring-in-what-exists.md": [
        "kubectl get vpnconn -o custom-columns=NAME:.metadata.name,READY:.status.conditions[0].reason,DIFFERENCES:.status.differences",
        """kubectl patch vpnconn vnet1tosite6 --type=merge -p '{"spec":{"deletionPolicy":"Retain"}}'""",
        "kubectl delete vpnconn vnet1tosite6",
    ],
    # There is no az on the machine; the simulator's tests play the requests that it sends.
    "gateway-logs.md": [
        "az monitor diagnostic-settings create --name vpn-logs --resource <gateway's id> --workspace <workspace's id> \\",
        "az role assignment create --role 'Log Analytics Reader' --assignee <client id> --scope <workspace's id>",
        "az monitor log-analytics workspace show --ids <workspace's id> --query customerId --output tsv",
    ],
    # What is to be installed is here already.
    "kubectl-azvpn.md": [
        "pip install azure-vpn-operator",
        # tests/e2e/test_plugin.py packs an archive and unpacks it as krew does.
        "make plugin BASE=https://downloads.mycompany.net/azure-vpn-operator",
        "kubectl krew install --manifest=dist/azvpn.yaml --archive=dist/kubectl-azvpn_v0.1.0_linux_amd64.tar.gz",
    ],
    # The demo's API server has no pods.
    "status-page.md": ["kubectl --namespace azure-vpn-system port-forward deployment/azure-vpn-operator 8082"],
}
"""Commands that no test runs, by page."""
SHOWS_AZ = {"from-nothing-to-a-tunnel.md"}
"""These compare with the `az` of today, which is not there."""

pytestmark = pytest.mark.timeout(1200)


@pytest.fixture
def environment(kubernetes_binaries: Mapping[str, Path]) -> dict[str, str]:
    return reader_environment()


@pytest.mark.walkthrough
@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(
            [[ENTER, *(block for page in RUNBOOKS for block in blocks_of(page))], *map(blocks_of, GUIDES[::2])],
            id="runbooks and every other guide",
            marks=pytest.mark.xdist_group(name="guides"),
        ),
        pytest.param(
            [*map(blocks_of, GUIDES[1::2]), blocks_of(TOUR)],
            id="the other guides and the tour",
            marks=pytest.mark.xdist_group(name="tour"),
        ),
        pytest.param([blocks_of(LAST)], id=LAST.stem, marks=pytest.mark.xdist_group(name=LAST.stem)),
    ],
)
async def test_pages_do_what_they_say(tmp_path: Path, environment: dict[str, str], blocks: list[list[Block]]) -> None:
    demo = (sys.executable, "-m", "workbench.demo")
    for folder in ("manifests", "crds", "gitops"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    try:
        code, text = await run(*demo, "up", "--dir", ".demo", cwd=tmp_path, environment=environment)
        assert code == 0, text
        for page in blocks:
            await run_blocks(page, tmp_path, environment)
    finally:
        await run(*demo, "down", "--dir", ".demo", cwd=tmp_path, environment=environment)


async def test_installing_does_what_the_page_says(
    tmp_path: Path, environment: dict[str, str], chart_tools: Mapping[str, Path], own_control_plane: ControlPlane
) -> None:
    for name in ("manifests", "charts"):
        (tmp_path / name).symlink_to(ROOT / name)
    where = {"PATH": f"{chart_tools['helm'].parent}{os.pathsep}{environment['PATH']}", "HOME": str(tmp_path)}

    await run_blocks(blocks_of(INSTALL), tmp_path, where | {"KUBECONFIG": str(own_control_plane.kubeconfig)})


async def test_linting_says_what_the_page_shows(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "manifests").symlink_to(ROOT / "manifests")

    outputs = await run_blocks(blocks_of(LINT), tmp_path, environment)

    assert [output.rstrip("\n") for output in outputs] == outputs_of(LINT)


@pytest.mark.parametrize("page", [TOUR, *GUIDES, *RUNBOOKS, LAST, LINT, INSTALL], ids=lambda page: page.stem)
def test_every_command_of_a_page_is_run_but_those_that_start_and_end_the_demo(page: Path) -> None:
    not_run = commands_not_run(page)
    if page.name in SHOWS_AZ:
        not_run = [command for command in not_run if not re.search(r"\baz network ", command)]
    assert not_run == NOT_RUN.get(page.name, [])
