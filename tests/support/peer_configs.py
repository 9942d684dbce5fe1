"""Configurations as `peer-config` writes them for a policy, without a cluster or files."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from azure_vpn_operator.api.algorithms import (
    DhGroup,
    IkeEncryption,
    IkeIntegrity,
    IpsecEncryption,
    IpsecIntegrity,
    PfsGroup,
)
from azure_vpn_operator.azvpn.peer_config.devices import render
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
