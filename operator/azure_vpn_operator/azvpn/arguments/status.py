"""What `kubectl azvpn status` takes."""

import argparse

from azure_vpn_operator.azvpn import kubectl

EXAMPLES = """\
  kubectl azvpn status                        the namespace of the context, what needs a look first
  kubectl azvpn status --all-namespaces --map
  kubectl azvpn status -A --exit-code         ends with 1 if somebody should look
  kubectl azvpn status -A --output json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--map", action="store_true", help="draw gateways and what hangs on them")
    shape.add_argument("-o", "--output", choices=["table", "json"], default="table", help="default: table")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    parser.add_argument("--exit-code", action="store_true", help="end with 1 if somebody should look at something")
    kubectl.add_arguments(parser)
