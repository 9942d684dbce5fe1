"""Draws the dashboard from a demo that runs: `make demo-up`, then `python -m workbench.monitoring`.

For two minutes a real Prometheus scrapes the demo's operator, while the demo's user turns on BGP, edits a policy, and a device fails.
Then every question of the dashboard is asked. Fails if a panel has no data.
"""

import asyncio
import json
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from workbench.demo.folder import DemoFolder
from workbench.monitoring.asking import ask_all, without_data
from workbench.monitoring.picture import draw
from workbench.monitoring.prometheus import NoPrometheusError, Prometheus
from workbench.stack import ROOT, SUBSCRIPTION

PICTURE = ROOT / "docs" / "images" / "dashboard.svg"


def main() -> int:
    """Write the picture; returns 0, or 1 with the reason."""
    folder = DemoFolder(ROOT / ".demo")
    if not folder.is_running_in_background:
        sys.stderr.write("No demo runs in the background: `make demo-up` first.\n")
        return 1
    with tempfile.TemporaryDirectory() as temporary:
        try:
            return asyncio.run(_watch(folder, Path(temporary)))
        except NoPrometheusError as error:
            sys.stderr.write(f"{error}\n")
            return 1


async def _watch(folder: DemoFolder, temporary: Path) -> int:
    environment = _environment(folder.env_file)
    address = urlsplit(environment["OPERATOR_METRICS_URL"]).netloc
    async with Prometheus(temporary, address) as prometheus:
        begun = time.time()
        await asyncio.sleep(10)
        await _play(folder, environment["SIMULATOR_CONTROL_URL"])
        ended = time.time()
        board = await ask_all(prometheus, begun, ended, "20s")
    missing = list(without_data(board))
    for title in missing:
        sys.stderr.write(f"no data: {title}\n")
    PICTURE.write_text(draw(board, begun, ended, "Azure VPN connections: two minutes of the demo"), encoding="utf-8")
    asked = sum(len(item.panel.questions) for item in board)
    print(f"{asked} questions, {len(missing)} panels without data: {PICTURE.relative_to(ROOT)}")
    return 1 if missing else 0


async def _play(folder: DemoFolder, control: str) -> None:
    """What happens meanwhile: BGP on one pair, a tunnel that is down for a while, an edit of a policy."""
    for name in ("vnet1-to-vnet2", "vnet2-to-vnet1"):
        await _kubectl(folder, "patch", "vpnconn", name, "--type=merge", "-p", '{"spec":{"enableBgp":true}}')
    await asyncio.sleep(40)
    await _set_outage(control, outage=True)
    await asyncio.sleep(20)
    await _set_outage(control, outage=False)
    await _kubectl(
        folder,
        "patch",
        "ipsecpol",
        "site6",
        "--type=merge",
        "-p",
        json.dumps({"spec": {"saLifeTimeSeconds": _other_lifetime()}}),
    )
    await asyncio.sleep(50)


def _other_lifetime() -> int:
    """Another value at each run, so that there is something to change."""
    return 10_000 + int(time.time()) % 10_000


async def _set_outage(control: str, *, outage: bool) -> None:
    site = {"name": "Site7", "device": {"outage": outage}}
    groups = [{"name": "TestRG1", "localNetworkGateways": [site]}]
    topology = {"subscriptions": [{"id": SUBSCRIPTION, "resourceGroups": groups}]}
    async with aiohttp.ClientSession(raise_for_status=True) as web, web.put(f"{control}/topology", json=topology):
        pass


async def _kubectl(folder: DemoFolder, *arguments: str) -> None:
    command = ["kubectl", "--kubeconfig", str(folder.kubeconfig), *arguments]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)


def _environment(file: Path) -> dict[str, str]:
    lines = (line.removeprefix("export ") for line in file.read_text(encoding="utf-8").splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line)
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


if __name__ == "__main__":
    sys.exit(main())
