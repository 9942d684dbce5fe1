"""A cluster to play with, from the command line: `make cluster` and `make cluster-down`.

python -m workbench.cluster up      starts one, with the image of `make image`, and installs the operator into it
python -m workbench.cluster down    takes it away
"""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from workbench.cluster.install import Helm, HelmError, Installation, install
from workbench.cluster.lifecycle import down, up
from workbench.image.names import ROOT, image_name
from workbench.kubectl import Kubectl, KubectlError
from workbench.processes import ProcessError
from workbench.progress import Progress
from workbench.steps import StepError
from workbench.toolchain.binaries import KUBERNETES
from workbench.toolchain.building import find_tools
from workbench.toolchain.go import ToolchainError
from workbench.toolchain.tools import find_tool


async def _up(folder: Path) -> None:
    image = image_name()
    archive = ROOT / "dist" / image.archive
    if not archive.exists():
        raise StepError(f"{archive} is not there; `make image` builds it.")
    began = time.monotonic()
    cluster = await up(folder, images=[archive])
    kubectl = Kubectl(find_tools(KUBERNETES, ["kubectl"])["kubectl"], cluster.kubeconfig)
    helm = Helm(find_tool("helm"), cluster.kubeconfig, folder)
    with Progress("Installing the operator, and waiting until both replicas are ready"):
        installation = Installation(image, cluster.azure_for_pods, {"installationId": "cluster"})
        await install(kubectl, helm, installation, folder / "install")
    print(f"Ready after {time.monotonic() - began:.0f} s. To use it:")
    print(f"  export KUBECONFIG={cluster.kubeconfig} PATH={kubectl.program.parent}:{helm.program.parent}:$PATH")
    print(f"  export SIMULATOR_CONTROL_URL={cluster.azure.control_url}")
    print("  kubectl apply --server-side -k manifests/samples/site-to-site && kubectl -n network get vpnconn --watch")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns 0, or 1 after the reason was printed."""
    parser = argparse.ArgumentParser(prog="python -m workbench.cluster", description="A whole cluster without Docker.")
    parser.add_argument("command", choices=["up", "down"])
    parser.add_argument("--dir", type=Path, default=ROOT / ".cluster", help="its folder (default: .cluster)")
    options = parser.parse_args(arguments)
    folder = options.dir.resolve()
    try:
        if options.command == "up":
            asyncio.run(_up(folder))
        else:
            print("Taken away." if asyncio.run(down(folder)) else "No cluster was running.")
    except (ToolchainError, ProcessError, StepError, KubectlError, HelmError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
