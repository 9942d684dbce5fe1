"""`kubectl azvpn import`: from what exists to manifests that change nothing when they are applied."""

import argparse
import asyncio
import sys
from pathlib import Path

from azure_vpn_operator.api.vpn_connection import ManagementPolicy
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.importing.arm_template import read_template
from azure_vpn_operator.azvpn.importing.found import Found
from azure_vpn_operator.azvpn.importing.manifests import Manifests, Options, make_manifests
from azure_vpn_operator.azvpn.importing.terraform import read_state
from azure_vpn_operator.azvpn.importing.writing import remarks_on, stream_of, write_folder

EXAMPLES = """\
  kubectl azvpn import --resource-group TestRG1 > network.yaml
  kubectl azvpn import --resource-group TestRG1 --gateway VNet1GW --observe --output-dir network
  kubectl azvpn import --terraform-state terraform.tfstate
  terraform show -json | kubectl azvpn import --terraform-state /dev/stdin
  kubectl azvpn import --arm-template template.json --resource-group TestRG1"""

_PLACEHOLDER = "00000000-0000-0000-0000-000000000000"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument("-g", "--resource-group", metavar="GROUP", help="all connections of this resource group")
    parser.add_argument("--gateway", action="append", default=[], metavar="NAME", help="only those of this gateway")
    parser.add_argument("--subscription", metavar="ID", help="its subscription (default: AZURE_SUBSCRIPTION_ID)")
    sources = parser.add_mutually_exclusive_group()
    sources.add_argument("--terraform-state", type=Path, metavar="FILE", help="a Terraform or OpenTofu state instead")
    sources.add_argument("--arm-template", type=Path, metavar="FILE", help="an ARM template for that group instead")
    parser.add_argument("--parameters", type=Path, metavar="FILE", help="parameter file of the template")
    parser.add_argument("-n", "--namespace", metavar="NAME", help="namespace of the objects (default: none is written)")
    parser.add_argument("--observe", action="store_true", help="have the operator watch them and write nothing")
    parser.add_argument("--no-keys", action="store_true", help="do not have it manage the shared keys")
    parser.add_argument("--output-dir", type=Path, metavar="DIR", help="a file for each object (default: one stream)")


def run(options: argparse.Namespace) -> int:
    """Write the manifests; 1 if something of what exists is not in them."""
    manifests = make_manifests(
        _find(options),
        Options(
            namespace=options.namespace,
            keys=not options.no_keys,
            management_policy=ManagementPolicy.OBSERVE if options.observe else None,
        ),
    )
    if options.output_dir is None:
        sys.stdout.write(stream_of(manifests))
    else:
        write_folder(manifests, options.output_dir)
    _tell(manifests, options)
    return int(bool(manifests.notes))


def _find(options: argparse.Namespace) -> Found:
    if options.terraform_state is not None:
        return read_state(options.terraform_state)
    if options.resource_group is None:
        raise ToolError("nothing to import: give --resource-group, --terraform-state or --arm-template")
    if options.arm_template is not None:
        return read_template(
            options.arm_template, options.subscription or _PLACEHOLDER, options.resource_group, options.parameters
        )
    try:
        from azure_vpn_operator.azvpn.importing.azure import read_group  # noqa: PLC0415 - what it needs may not be installed
    except ModuleNotFoundError as error:
        raise ToolError(
            f"reading Azure needs the library {error.name}: pip install 'azure-vpn-operator[controller]'"
        ) from error
    return asyncio.run(read_group(options.subscription, options.resource_group, options.gateway))


def _tell(manifests: Manifests, options: argparse.Namespace) -> None:
    kinds = [document["kind"] for document in manifests.objects]
    connections, policies = kinds.count("VpnConnection"), kinds.count("IpsecPolicy")
    where = f" in {options.output_dir}" if options.output_dir is not None else ""
    sys.stderr.write(f"{connections} connections and {policies} policies{where}.\n")
    if options.output_dir is not None or manifests.notes:
        sys.stderr.write("".join(f"{line}\n" for line in remarks_on(manifests)))
