"""The six algorithms of a policy: every value that Azure has, and the best ones."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from azure_vpn_operator.api import algorithms

ENUMS: Final[Mapping[str, type[StrEnum]]] = {
    "ikeEncryption": algorithms.IkeEncryption,
    "ikeIntegrity": algorithms.IkeIntegrity,
    "dhGroup": algorithms.DhGroup,
    "ipsecEncryption": algorithms.IpsecEncryption,
    "ipsecIntegrity": algorithms.IpsecIntegrity,
    "pfsGroup": algorithms.PfsGroup,
}
BEST: Final = {
    "ikeEncryption": "AES256",
    "ikeIntegrity": "SHA384",
    "dhGroup": "ECP384",
    "ipsecEncryption": "GCMAES256",
    "ipsecIntegrity": "GCMAES256",
    "pfsGroup": "ECP384",
}
