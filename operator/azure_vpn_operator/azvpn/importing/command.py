"""`kubectl azvpn import`: from what exists to manifests that change nothing when they are applied."""

import argparse
import asyncio
import sys

from azure_vpn_operator.api.vpn_connection import ManagementPolicy
from azure_vpn_operator.azvpn.failure import ToolError
from azure_vpn_operator.azvpn.importing.arm_template import read_template
from azure_vpn_operator.azvpn.importing.found import Found
from azure_vpn_operator.azvpn.importing.manifests import Manifests, Options, make_manifests
from azure_vpn_operator.azvpn.importing.terraform import read_state
from azure_vpn_operator.azvpn.importing.writing import remarks_on, stream_of, write_folder

_PLACEHOLDER = "00000000-0000-0000-0000-000000000000"


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
