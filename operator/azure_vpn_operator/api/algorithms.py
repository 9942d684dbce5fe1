"""The algorithms of an IPsec/IKE policy in Azure's spellings.

IKE is Main Mode or phase 1, IPsec is Quick Mode or phase 2. The values are those of the enums of Azure's REST API for
`ipsecPolicies`, which has a few more than Microsoft's how-to lists (GCMAES for IKE, PFS14, PFSMM).
"""

from enum import StrEnum


class IkeEncryption(StrEnum):
    """Encryption of the IKE (phase 1) channel."""

    DES = "DES"
    DES3 = "DES3"
    AES128 = "AES128"
    AES192 = "AES192"
    AES256 = "AES256"
    GCMAES128 = "GCMAES128"
    GCMAES256 = "GCMAES256"


class IkeIntegrity(StrEnum):
    """Integrity of the IKE (phase 1) channel; with a GCMAES encryption it only names the pseudo-random function."""

    MD5 = "MD5"
    SHA1 = "SHA1"
    SHA256 = "SHA256"
    SHA384 = "SHA384"
    GCMAES128 = "GCMAES128"
    GCMAES256 = "GCMAES256"


class DhGroup(StrEnum):
    """Diffie-Hellman group of phase 1. DHGroup14 and DHGroup2048 are two spellings of group 14."""

    NONE = "None"
    DHGROUP1 = "DHGroup1"
    DHGROUP2 = "DHGroup2"
    DHGROUP14 = "DHGroup14"
    DHGROUP2048 = "DHGroup2048"
    ECP256 = "ECP256"
    ECP384 = "ECP384"
    DHGROUP24 = "DHGroup24"


class IpsecEncryption(StrEnum):
    """Encryption of the traffic (phase 2). None sends it in clear text."""

    NONE = "None"
    DES = "DES"
    DES3 = "DES3"
    AES128 = "AES128"
    AES192 = "AES192"
    AES256 = "AES256"
    GCMAES128 = "GCMAES128"
    GCMAES192 = "GCMAES192"
    GCMAES256 = "GCMAES256"


class IpsecIntegrity(StrEnum):
    """Integrity of the traffic (phase 2)."""

    MD5 = "MD5"
    SHA1 = "SHA1"
    SHA256 = "SHA256"
    GCMAES128 = "GCMAES128"
    GCMAES192 = "GCMAES192"
    GCMAES256 = "GCMAES256"


class PfsGroup(StrEnum):
    """Diffie-Hellman group of phase 2. PFS14 and PFS2048 are two spellings of group 14; PFSMM is phase 1's group."""

    NONE = "None"
    PFS1 = "PFS1"
    PFS2 = "PFS2"
    PFS2048 = "PFS2048"
    PFS14 = "PFS14"
    PFS24 = "PFS24"
    PFSMM = "PFSMM"
    ECP256 = "ECP256"
    ECP384 = "ECP384"
