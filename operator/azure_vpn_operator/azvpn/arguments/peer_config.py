"""What `kubectl azvpn peer-config` takes."""

import argparse
from ipaddress import ip_address, ip_network
from typing import Any, Final

from azure_vpn_operator.azvpn import kubectl

EXAMPLES = """\
  kubectl azvpn peer-config vnet1-to-site6 --namespace network --format strongswan
  kubectl azvpn peer-config vnet1-to-site6 --format table -f manifests/samples/site-to-site
  kubectl azvpn peer-config vnet1-to-site6 --format fortigate --azure-address 203.0.113.1 --azure-address 203.0.113.2"""


FORMATS: Final = (
    "strongswan",
    "cisco-ios-xe",
    "cisco-asa",
    "fortigate",
    "juniper-srx",
    "pfsense",
    "vyos",
    "mikrotik",
    "aws-terraform",
    "table",
)
"""The names of the devices, as `peer_config.devices` has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("name", metavar="NAME", help="the VpnConnection")
    formats = ", ".join(FORMATS)
    parser.add_argument("--format", required=True, choices=FORMATS, metavar="FORMAT", help=f"one of {formats}")
    parser.add_argument(
        *("-f", "--filename"),
        action="append",
        default=[],
        metavar="FILE",
        help="read the objects from this file or folder instead of the cluster (- is standard input); may be repeated",
    )
    parser.add_argument(
        "--as-written", action="store_true", help="the values that the manifests ask for, not those that Azure holds"
    )
    parser.add_argument("--show-key", action="store_true", help="read the Secret and print the shared key")
    kubectl.add_arguments(parser)
    ends = parser.add_argument_group("the two ends", "what the status does not tell; each is a placeholder otherwise")
    several: dict[str, Any] = {"action": "append", "default": []}
    ends.add_argument(
        "--azure-address",
        **several,
        type=_address,
        metavar="ADDRESS",
        help="public address of the gateway; twice for an active-active gateway, which has two tunnels",
    )
    ends.add_argument("--peer-address", type=_address, metavar="ADDRESS", help="public address of the device")
    range_help = "range behind the gateway, such as 10.1.0.0/16; may be repeated"
    ends.add_argument("--azure-prefix", **several, type=_prefix, metavar="PREFIX", help=range_help)
    range_help = "range behind the device; may be repeated"
    ends.add_argument("--peer-prefix", **several, type=_prefix, metavar="PREFIX", help=range_help)
    ends.add_argument("--azure-asn", type=_asn, metavar="ASN", help="the gateway's autonomous system, with BGP")
    bgp_help = "the gateway's BGP address; one for each tunnel"
    ends.add_argument("--azure-bgp-address", **several, type=_address, metavar="ADDRESS", help=bgp_help)
    ends.add_argument("--peer-asn", type=_asn, metavar="ASN", help="the device's autonomous system")
    ends.add_argument("--peer-bgp-address", type=_address, metavar="ADDRESS", help="the device's BGP address")


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no IP address") from None


def _prefix(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no range such as 10.1.0.0/16") from None


def _asn(text: str) -> str:
    if not text.isdecimal() or not 0 < int(text) < 2**32:
        raise argparse.ArgumentTypeError(f"{text} is no number of an autonomous system")
    return text
