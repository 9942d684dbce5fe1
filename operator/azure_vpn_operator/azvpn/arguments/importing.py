"""What `kubectl azvpn import` takes."""

import argparse
from pathlib import Path

EXAMPLES = """\
  kubectl azvpn import --resource-group TestRG1 > network.yaml
  kubectl azvpn import --resource-group TestRG1 --gateway VNet1GW --observe --output-dir network
  kubectl azvpn import --terraform-state terraform.tfstate
  terraform show -json | kubectl azvpn import --terraform-state /dev/stdin
  kubectl azvpn import --arm-template template.json --resource-group TestRG1"""


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
