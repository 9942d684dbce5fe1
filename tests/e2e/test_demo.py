"""The demo as its user meets it: commands, files, exit codes, and what is left behind. Two demos run side by side."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import pytest

from azure_vpn_simulator.strongswan.needs import find_missing
from workbench.demo.real_ike import MISHAPS
from workbench.processes import Process
from workbench.rest import call, connect

ROOT = Path(__file__).parents[2]
SAMPLES = {
    "vnet1-to-site6": "1/1",
    "vnet1-to-site7": "1/1",
    "vnet1-to-vnet2": "1/1",
    "vnet1-vnet3": "2/2",
    "vnet2-to-vnet1": "1/1",
}
"""The objects, and what the Tunnel column says of each."""
CONNECTIONS_IN_AZURE = 6
PROGRAMS = ["etcd", "kube-apiserver", "simulator", "operator"]
VARIABLES = {
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_LOG_ANALYTICS_AUDIENCE",
    "AZURE_LOG_ANALYTICS_ENDPOINT",
    "AZURE_RESOURCE_MANAGER_ENDPOINT",
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_TENANT_ID",
    "AZVPN_INSTALLATION_ID",
    "KUBECONFIG",
    "SIMULATOR_CONTROL_URL",
    "OPERATOR_METRICS_URL",
    "SSL_CERT_FILE",
    "STATUS_PAGE_URL",
}

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


async def demo(command: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run the demo without a terminal; returns exit code and everything it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "workbench.demo", command, "--dir", str(folder), *arguments),
        env={**os.environ, "PYTHONPATH": str(ROOT / "hack")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


def processes_of(folder: Path) -> list[str]:
    listing = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listing.splitlines() if str(folder) in line and "ps -ww" not in line]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def environment_of(folder: Path) -> dict[str, str]:
    script = f'. {folder / "env"}; exec "$0" -c "import json, os; print(json.dumps(dict(os.environ)))"'
    answer = subprocess.run(
        ["sh", "-c", script, sys.executable], env={}, capture_output=True, text=True, check=True
    ).stdout
    return {name: value for name, value in json.loads(answer).items() if name not in {"PWD", "_", "LC_CTYPE", "SHLVL"}}


@pytest.mark.usefixtures("kubernetes_binaries")
async def test_demo_from_start_to_end(tmp_path: Path) -> None:
    foreground, background = tmp_path / "one", tmp_path / "two"
    try:
        first, second = await asyncio.gather(demo("run", foreground), demo("up", background))

        code, text = first
        assert code == 0, text
        table = text[text.index("VpnConnection   Ready") :]
        for name, tunnel in SAMPLES.items():
            assert [line.split()[1:3] for line in table.splitlines() if line.startswith(name)] == [["True", tunnel]]
        assert processes_of(foreground) == []
        assert {Path(name).suffix for name in names_in(foreground)} == {".log"}

        code, text = second
        assert code == 0, text
        await check_background(background)

        code, text = await demo("up", background)
        assert (code, "runs in the background already" in text) == (0, True)
        code, text = await demo("run", background)
        assert (code, "runs in the background already" in text) == (1, True)

        await check_recovery_of_a_crashed_demo(background)
    finally:
        ended = await demo("down", background)
    assert ended == (0, "The demo has ended; its logs stay.\n")
    assert processes_of(background) == []
    assert {Path(name).suffix for name in names_in(background)} == {".log"}
    assert await demo("down", background) == (0, "No demo was running.\n")


@pytest.mark.walkthrough
@pytest.mark.xdist_group(name="second_act")
@pytest.mark.usefixtures("kubernetes_binaries")
async def test_second_act_costs_one_tunnel_and_tells_so(tmp_path: Path) -> None:
    folder, picture = tmp_path / "demo", tmp_path / "rollback.svg"
    code, text = await demo("run", folder, "--act", "rollback", "--picture", str(picture))

    assert code == 0, text
    story = text[text.index("VpnConnection  Ready") :]
    assert [line.split()[-1] for line in story.splitlines() if line.startswith("site-")] == ["RolloutStopped"] * 8
    assert [line.split()[-1] for line in story.splitlines() if line.startswith("fleet")] == ["RolloutFailed"]
    assert "site-01 alone, the canary, was given ECP384" in story
    assert "The other 7 connections were never touched" in story
    assert "Azure holds DHGroup24 for all 8 connections" in story
    assert "down for" in picture.read_text()
    assert processes_of(folder) == []


@pytest.mark.walkthrough
@pytest.mark.xdist_group(name="third_act")
@pytest.mark.usefixtures("kubernetes_binaries")
async def test_third_act_reads_the_words_of_real_daemons(tmp_path: Path) -> None:
    if (missing := find_missing()) is not None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    folder = tmp_path / "demo"
    code, text = await demo("run", folder, "--act", "strongswan")

    assert code == 0, text
    story = text[text.index("VpnConnection   Ready") :]
    assert [line.split()[1:3] for line in story.splitlines() if line.startswith("vnet1-to-site6")] == [["True", "1/1"]]
    for mishap in MISHAPS:
        assert f"{mishap.title}: {mishap.reason}" in story
    assert "received AUTHENTICATION_FAILED notify error" in story, "the daemon's own words"
    assert processes_of(folder) == []


async def check_background(folder: Path) -> None:
    environment = environment_of(folder)
    assert set(environment) == VARIABLES
    assert [path.stat().st_mode & 0o777 for path in (folder / "env", folder / "kubeconfig")] == [0o600, 0o600]
    names = names_in(folder)
    assert {f"{name}.{kind}" for name in PROGRAMS for kind in ("pid", "log")} <= names
    assert {"kubeconfig", "ca.crt", "env"} <= names
    async with connect(Path(environment["KUBECONFIG"])) as api_client:
        listing = await call(api_client, "GET", "/apis/azvpn.dev/v1alpha1/namespaces/network/vpnconnections")
    assert {item["metadata"]["name"] for item in listing["items"]} == set(SAMPLES)
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{environment['SIMULATOR_CONTROL_URL']}/journal") as answer:
            entries = (await answer.json())["entries"]
        assert sum(entry["method"] == "PUT" for entry in entries) == CONNECTIONS_IN_AZURE
        async with session.get(f"{environment['STATUS_PAGE_URL']}/map.json") as answer:
            drawn = await answer.json()
        # Two objects that are the halves of one tunnel are one link.
        assert {name for link in drawn["links"] for name in link["objects"]} == set(SAMPLES)
        assert [link["attention"] for link in drawn["links"]] == ["Well"] * (len(SAMPLES) - 1)
        await check_azure_with_curl(environment)


async def check_azure_with_curl(environment: Mapping[str, str]) -> None:
    script = """
        token=$(curl -sf "$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token" -d grant_type=client_credentials \
            -d client_id="$AZURE_CLIENT_ID" -d client_secret="$AZURE_CLIENT_SECRET" \
            -d scope=https://management.azure.com/.default | sed 's/.*"access_token": *"//; s/".*//')
        curl -sf -H "Authorization: Bearer $token" "$AZURE_RESOURCE_MANAGER_ENDPOINT/subscriptions/$AZURE_SUBSCRIPTION_ID\
/resourceGroups/TestRG1/providers/Microsoft.Network/connections/VNet1toSite6?api-version=2024-05-01"
    """
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", script, env={**environment, "PATH": os.environ["PATH"]}, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert json.loads(output)["properties"]["ipsecPolicies"][0]["dhGroup"] == "DHGroup24"


async def check_recovery_of_a_crashed_demo(folder: Path) -> None:
    """A killed operator: the rest is cleaned up, a new one starts; with no time to finish it says what is missing."""
    os.kill(int((folder / "operator.pid").read_text()), signal.SIGKILL)

    code, text = await demo("up", folder, "--limit", "1")
    assert code == 1
    assert "VpnConnection vnet1-to-site6: " in text
    assert f"{folder}/*.log" in text
    assert "`make demo-down` ends it" in text
    assert len([line for line in processes_of(folder) if "kube-apiserver" in line]) == 1


@pytest.mark.usefixtures("kubernetes_binaries")
async def test_signal_ends_the_demo_and_everything_it_started(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    command = [sys.executable, "-m", "workbench.demo", "run", "--dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "hack")}
    process = Process.start("demo", command, log=tmp_path / "demo.log", env=environment)
    try:

        async def has_an_operator() -> bool:
            return (folder / "operator.pid").exists()

        await process.wait_until(has_an_operator, timeout_seconds=60)
        assert await process.stop(grace_seconds=60) == 130
    finally:
        await process.stop()
    assert processes_of(folder) == []
    assert {Path(name).suffix for name in names_in(folder)} == {".log"}
