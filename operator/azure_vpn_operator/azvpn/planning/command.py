"""`kubectl azvpn plan`: what applying manifests would change in Azure, field by field, before anything is applied."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from azure_vpn_operator.azvpn import kubectl
from azure_vpn_operator.azvpn.failure import ToolError

EXAMPLES: Final = """\
  kubectl azvpn plan manifests/                        what would `kubectl apply -f manifests/` change in Azure?
  kustomize build overlays/prod | kubectl azvpn plan -
  kubectl azvpn plan --exit-code                       what is still to be written for the objects of the namespace?
  kubectl azvpn plan policy.yaml --output json"""

_PROGRESS_SECONDS: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files, folders, or - for stdin (default: the objects of the cluster)"
    )
    parser.add_argument("-o", "--output", choices=("text", "json"), default="text", help="form (default: text)")
    parser.add_argument(
        "--exit-code", action="store_true", help="end with 1 if something would be written, is refused or is not known"
    )
    parser.add_argument("--installation-id", metavar="ID", help="of the operator (default: as its Deployment has it)")
    parser.add_argument(
        "--operator-namespace", metavar="NAME", default="azure-vpn-system", help="default: azure-vpn-system"
    )
    parser.add_argument("--access-file", metavar="FILE", help="of the operator (default: as its Deployment mounts it)")
    kubectl.add_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the plan; 1 with --exit-code if it is not empty."""
    # What this takes is loaded here: it is much, and where only the light install is, some of it is missing.
    try:
        from azure_vpn_operator.azvpn.planning import asking, objects, report, settings  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ToolError(f"plan needs the library {error.name}: pip install 'azure-vpn-operator[controller]'") from error
    reach = kubectl.Kubectl(options)
    namespace = reach.namespace()
    files = objects.read_files(options.paths, namespace)
    if options.paths and not (files.objects or files.secrets):
        raise ToolError("the files have no VpnConnection, no IpsecPolicy and no Secret in them")
    decided = settings.find_settings(reach, options.operator_namespace, options.installation_id, options.access_file)
    if decided.unknown:
        sys.stderr.write(f"note: {decided.unknown}; what it forbids is not in this plan\n")
    known = objects.read_cluster(reach, files.namespaces or [namespace])
    question = asking.Question(
        objects.overlay(known, files, datetime.now(UTC)), files, decided, options.operator_namespace
    )
    answer = asyncio.run(asking.ask_operator(question, reach, _progress()))
    sys.stdout.write(report.as_json(answer) if options.output == "json" else report.as_text(answer))
    return int(options.exit_code and not answer.is_empty)


def _progress() -> Callable[[int, int], None]:
    """What tells a person at a terminal, from the third second on, how far it has come."""
    begun = time.monotonic()

    def tell(done: int, total: int) -> None:
        if sys.stderr.isatty() and time.monotonic() - begun > _PROGRESS_SECONDS:
            sys.stderr.write(f"\r{done} of {total} read{'' if done < total else chr(10)}")
            sys.stderr.flush()

    return tell
