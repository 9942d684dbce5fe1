"""Configurations as `peer-config` writes them for a policy, without a cluster or files.

As a program it writes the recorded ones anew (tests/unit/azvpn/peer_config/golden).
"""

from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.azvpn.peer_config.devices import DEVICES, render
from azure_vpn_operator.azvpn.peer_config.ends import Given, peer_side
from azure_vpn_operator.azvpn.peer_config.in_force import values_in_force
from azure_vpn_operator.azvpn.peer_config.page import Rendered
from azure_vpn_operator.azvpn.peer_config.peer_side import PeerSide
from azure_vpn_operator.domain.rules.validation import read_policy
from azure_vpn_operator.domain.rules.violations import Invalid
from support.azure_gateway import AZURE_ADDRESS, DEVICE_ADDRESS, KEY
from support.builders import SITE6_POLICY, a_connection, a_policy
from support.cases.objects import DROP, policy

NAME = "vnet1-to-site6"
GIVEN = {"azure_addresses": (AZURE_ADDRESS,), "device_address": DEVICE_ADDRESS}


def a_side(
    values: Mapping[str, Any] | None = None,
    *,
    default_policy: bool = False,
    given: Mapping[str, Any] | None = None,
    key: str | None = KEY,
    **spec: Any,
) -> PeerSide:
    """The how-to's Site6 with some values of its policy changed, or with the Default policy, and some fields of the spec."""
    written = a_policy(**(values or {}))
    connection = a_connection(**({"ipsecPolicyRef": DROP} if default_policy else {}), **spec)
    holds = values_in_force(connection, None if default_policy else written, as_written=True)
    return peer_side(connection, holds, Given(**{**GIVEN, **(given or {})}), key)


def a_configuration(format_name: str, values: Mapping[str, Any] | None = None, **changes: Any) -> Rendered:
    """A configuration of `a_side`."""
    return render(a_side(values, **changes), format_name)


def ike_combinations(encryption: str) -> Iterator[dict[str, str]]:
    """All values of phase 1 that a policy can have with an encryption."""
    for integrity, group in product(IkeIntegrity, DhGroup):
        yield {"ikeEncryption": encryption, "ikeIntegrity": str(integrity), "dhGroup": str(group)}


def ipsec_combinations(encryption: str) -> Iterator[dict[str, str]]:
    """All values of phase 2 that a policy can have with an encryption."""
    for integrity, group in product(IpsecIntegrity, PfsGroup):
        values = {"ipsecEncryption": encryption, "ipsecIntegrity": str(integrity), "pfsGroup": str(group)}
        if not isinstance(read_policy(policy(None, **values)), Invalid):
            yield values


def in_azure(values: Mapping[str, Any]) -> dict[str, Any]:
    """The whole policy in Azure's names."""
    return {**SITE6_POLICY, **values}


IKE_ENCRYPTIONS = tuple(map(str, IkeEncryption))
IPSEC_ENCRYPTIONS = tuple(map(str, IpsecEncryption))

_SITE = {"azure_prefixes": ("10.1.0.0/16",), "device_prefixes": ("10.6.0.0/16",)}
_RECORDED: Mapping[str, Mapping[str, Any]] = {
    "site6": {"given": _SITE, "key": None},
    "default-active-active-bgp": {
        "default_policy": True,
        "given": {"azure_addresses": (AZURE_ADDRESS, "203.0.113.3"), "azure_asn": "65515", "device_asn": "65010"},
        "key": None,
        "enableBgp": True,
    },
    "ranges-gcm-responder": {
        "values": {
            "ikeEncryption": "AES256",
            "ikeIntegrity": "SHA256",
            "dhGroup": "ECP256",
            "ipsecEncryption": "GCMAES256",
            "ipsecIntegrity": "GCMAES256",
            "pfsGroup": "ECP256",
            "saDataSizeKilobytes": 0,
        },
        "key": "Golden.123456",
        "connectionMode": "InitiatorOnly",
        "usePolicyBasedTrafficSelectors": True,
        "trafficSelectorPolicies": [
            {
                "localAddressRanges": ["10.1.0.0/16"],
                "remoteAddressRanges": ["10.6.0.0/16", "10.7.0.0/16"],
            }
        ],
    },
}
"""By name: a route-based connection with a policy, one with the Default policy and all that doubles, and one by ranges."""


def recorded() -> Iterator[tuple[Path, str]]:
    """The files of recorded configurations, and what is to be in them."""
    folder = Path(__file__).parents[1] / "unit" / "azvpn" / "peer_config" / "golden"
    for format_name, (name, changes) in product(DEVICES, _RECORDED.items()):
        yield folder / f"{format_name}.{name}.txt", a_configuration(format_name, **changes).text


if __name__ == "__main__":
    for path, content in recorded():
        path.write_text(content, encoding="utf-8")
