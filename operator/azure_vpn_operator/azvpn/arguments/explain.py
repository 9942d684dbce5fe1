"""What `kubectl azvpn explain` takes."""

import argparse

from azure_vpn_operator.azvpn import kubectl

EXAMPLES = """\
  kubectl azvpn explain vnet1-to-site6 --namespace network
  kubectl azvpn explain vnet1-to-vnet2 -n network --azure      asks Azure too: both halves, gateways, IKE SAs, keys side by side
  kubectl azvpn explain --all --all-namespaces                 every connection that is down
  kubectl azvpn explain vnet1-to-site6 -n network -o json

The exit code is 0 if the tunnel is up, 1 if it is not (or, with --all, if any is down), and 2 if that could not be told."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the VpnConnection")
    parser.add_argument("--all", action="store_true", help="all connections that are down")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="with --all: of all namespaces")
    parser.add_argument(
        "--azure", action="store_true", help="ask Azure too, as the identity in the variables of azure-identity"
    )
    parser.add_argument("-o", "--output", choices=["text", "json"], default="text", help="default: text")
    kubectl.add_arguments(parser)
