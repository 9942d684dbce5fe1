"""What `kubectl azvpn strength` takes."""

import argparse
from typing import Final

from azure_vpn_operator.azvpn import kubectl

EXAMPLES = """\
  kubectl azvpn strength                      policies of the namespace, the weakest first
  kubectl azvpn strength -A --floor fips      ends with 1 if one in use does not pass"""


FLOORS: Final = ("recommended", "fips", "cnsa")
"""The values of `CryptoFloor`."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say which arguments the command takes."""
    parser.add_argument("--floor", choices=FLOORS, help="end with 1 if a policy in use is below it")
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="all namespaces")
    kubectl.add_arguments(parser)
