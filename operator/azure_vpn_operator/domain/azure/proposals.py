"""What a gateway negotiates with a policy: Azure's names as the transforms of IKEv2, and the lists of its Default policy.

The names of the transforms are those of IANA's registry for IKEv2 (RFC 7296, 8247, 8221): what every device's manual can be held
against. A device that offers one of the proposals comes to an agreement; what a policy cannot express at all is said, not guessed.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from azure_vpn_operator.domain.azure.canonical import CanonicalPolicy


class Encryption(StrEnum):
    """Encryption of IKE or ESP; the number is the length of the key in bits."""

    NULL = "NULL"
    DES = "DES-CBC"
    DES3 = "3DES-CBC"
    AES_CBC_128 = "AES-CBC-128"
    AES_CBC_192 = "AES-CBC-192"
    AES_CBC_256 = "AES-CBC-256"
    AES_GCM_128 = "AES-GCM-16-128"
    AES_GCM_192 = "AES-GCM-16-192"
    AES_GCM_256 = "AES-GCM-16-256"

    @property
    def is_aead(self) -> bool:
        """Whether it brings its own integrity, so that none is negotiated beside it."""
        return self.value.startswith("AES-GCM")


class Hash(StrEnum):
    """The hash of an HMAC, of which integrity and the pseudo-random function are made."""

    MD5 = "MD5"
    SHA1 = "SHA1"
    SHA256 = "SHA2-256"
    SHA384 = "SHA2-384"


class Group(IntEnum):
    """A Diffie-Hellman group by its number (RFC 2409, 3526, 5114, 5903)."""

    MODP_768 = 1
    MODP_1024 = 2
    MODP_2048 = 14
    ECP_256 = 19
    ECP_384 = 20
    MODP_2048_S256 = 24
    """2048 bits with a subgroup of 256; not group 14."""

    @property
    def description(self) -> str:
        """Number and key, for people."""
        kind, bits = self.name.split("_")[:2]
        return f"group {self.value}, {bits}-bit {kind}"


@dataclass(frozen=True, slots=True)
class IkeProposal:
    """One combination for the IKE SA (main mode, phase 1)."""

    encryption: Encryption
    integrity: Hash | None
    """None with an AEAD."""
    prfs: tuple[Hash, ...]
    """The pseudo-random function; several if Azure's policy does not name it, of which the gateway takes one."""
    group: Group


@dataclass(frozen=True, slots=True)
class EspProposal:
    """One combination for the IPsec SAs (quick mode, phase 2)."""

    encryption: Encryption
    integrity: Hash | None
    """None with an AEAD."""
    pfs: Group | None
    """The group of each rekey, None for none. The first SA is made with the keys of phase 1, so a wrong group shows at a rekey only."""


@dataclass(frozen=True, slots=True)
class Unnegotiable:
    """A value with which no proposal can be made."""

    field: str
    """Its name in Azure's `ipsecPolicies`."""
    why: str


@dataclass(frozen=True, slots=True)
class Proposals:
    """What one policy, or none, makes a gateway offer and accept; any one of each list is enough for a tunnel."""

    ike: tuple[IkeProposal, ...]
    esp: tuple[EspProposal, ...]
    unnegotiable: tuple[Unnegotiable, ...] = ()
    """Why a list is empty."""


_AES: Final = {
    "AES128": Encryption.AES_CBC_128,
    "AES192": Encryption.AES_CBC_192,
    "AES256": Encryption.AES_CBC_256,
    "GCMAES128": Encryption.AES_GCM_128,
    "GCMAES192": Encryption.AES_GCM_192,
    "GCMAES256": Encryption.AES_GCM_256,
}
_ENCRYPTIONS: Final = {"DES": Encryption.DES, "DES3": Encryption.DES3, **_AES}
_HASHES: Final = {"MD5": Hash.MD5, "SHA1": Hash.SHA1, "SHA256": Hash.SHA256, "SHA384": Hash.SHA384}
_GROUPS: Final = {
    "DHGroup1": Group.MODP_768,
    "DHGroup2": Group.MODP_1024,
    "DHGroup14": Group.MODP_2048,
    "DHGroup24": Group.MODP_2048_S256,
    "PFS1": Group.MODP_768,
    "PFS2": Group.MODP_1024,
    "PFS2048": Group.MODP_2048,
    "PFS24": Group.MODP_2048_S256,
    "ECP256": Group.ECP_256,
    "ECP384": Group.ECP_384,
}
"""In the canonical spellings."""

_UNNAMED_PRF: Final = (Hash.SHA384, Hash.SHA256)
"""What a device should offer where the policy names a GCMAES as integrity of IKE: no document says which function Azure takes then."""


def proposals_of(policy: CanonicalPolicy | None) -> Proposals:
    """What a gateway offers and accepts; None is the Default policy, as its initiator's list has it."""
    if policy is None:
        return Proposals(DEFAULT_IKE, DEFAULT_ESP_OFFERED)
    faults: list[Unnegotiable] = []
    ike, esp = _ike(policy, faults), _esp(policy, faults)
    return Proposals(() if ike is None else (ike,), () if esp is None else (esp,), tuple(faults))


def dh_group_of(policy: CanonicalPolicy) -> Group | None:
    """The group of phase 1; None if the policy names none."""
    return _GROUPS.get(policy.dh_group)


def pfs_group_of(policy: CanonicalPolicy) -> Group | None:
    """The group of phase 2: None without perfect forward secrecy, that of phase 1 for PFSMM."""
    return dh_group_of(policy) if policy.pfs_group == "PFSMM" else _GROUPS.get(policy.pfs_group)


def _ike(policy: CanonicalPolicy, faults: list[Unnegotiable]) -> IkeProposal | None:
    encryption, integrity = _ENCRYPTIONS.get(policy.ike_encryption), _HASHES.get(policy.ike_integrity)
    group = dh_group_of(policy)
    before = len(faults)
    if encryption is None:
        faults.append(_unknown("ikeEncryption", policy.ike_encryption))
    if group is None:
        why = "IKE begins with a Diffie-Hellman exchange, and None names no group for it: choose one"
        faults.append(
            Unnegotiable("dhGroup", why) if policy.dh_group == "None" else _unknown("dhGroup", policy.dh_group)
        )
    named_aead = policy.ike_integrity in _AES
    if integrity is None and not named_aead:
        faults.append(_unknown("ikeIntegrity", policy.ike_integrity))
    elif named_aead and encryption is not None and not encryption.is_aead:
        why = f"{policy.ike_integrity} is no integrity for {policy.ike_encryption}: choose SHA256 or SHA384"
        faults.append(Unnegotiable("ikeIntegrity", why))
    if len(faults) > before or encryption is None or group is None:
        return None
    prfs = _UNNAMED_PRF if integrity is None else (integrity,)
    return IkeProposal(encryption, None if encryption.is_aead else integrity, prfs, group)


def _esp(policy: CanonicalPolicy, faults: list[Unnegotiable]) -> EspProposal | None:
    none = policy.ipsec_encryption == "None"
    encryption = Encryption.NULL if none else _ENCRYPTIONS.get(policy.ipsec_encryption)
    integrity, group = _HASHES.get(policy.ipsec_integrity), pfs_group_of(policy)
    before = len(faults)
    if encryption is None:
        faults.append(_unknown("ipsecEncryption", policy.ipsec_encryption))
    elif encryption.is_aead != (policy.ipsec_integrity in _AES):
        why = "a GCMAES has to be named both as ipsecEncryption and as ipsecIntegrity"
        faults.append(Unnegotiable("ipsecIntegrity", why))
    elif integrity is None and not encryption.is_aead:
        faults.append(_unknown("ipsecIntegrity", policy.ipsec_integrity))
    if group is None and policy.pfs_group != "None":
        why = "PFSMM is the group of phase 1, and the policy names none: choose one for dhGroup"
        faults.append(
            Unnegotiable("pfsGroup", why) if policy.pfs_group == "PFSMM" else _unknown("pfsGroup", policy.pfs_group)
        )
    if len(faults) > before or encryption is None:
        return None
    return EspProposal(encryption, None if encryption.is_aead else integrity, group)


def _unknown(field: str, value: str) -> Unnegotiable:
    return Unnegotiable(field, f"{value} is not known to this release")


def _offered(*pairs: tuple[Encryption, Hash | None], pfs: Group | None = None) -> tuple[EspProposal, ...]:
    return tuple(EspProposal(encryption, integrity, pfs) for encryption, integrity in pairs)


_AES256_SHA1: Final = (Encryption.AES_CBC_256, Hash.SHA1)
_AES256_SHA256: Final = (Encryption.AES_CBC_256, Hash.SHA256)
_AES128_SHA1: Final = (Encryption.AES_CBC_128, Hash.SHA1)
_AES128_SHA256: Final = (Encryption.AES_CBC_128, Hash.SHA256)
_DES3_SHA1: Final = (Encryption.DES3, Hash.SHA1)
_DES3_SHA256: Final = (Encryption.DES3, Hash.SHA256)
_GCM256: Final = (Encryption.AES_GCM_256, None)

DEFAULT_IKE: Final = tuple(
    IkeProposal(encryption, hash_, (hash_,), Group.MODP_1024)
    for encryption, hash_ in (
        (Encryption.AES_CBC_256, Hash.SHA1),
        (Encryption.AES_CBC_256, Hash.SHA256),
        (Encryption.AES_CBC_128, Hash.SHA1),
        (Encryption.AES_CBC_128, Hash.SHA256),
        (Encryption.DES3, Hash.SHA1),
        (Encryption.DES3, Hash.SHA256),
    )
)
"""Phase 1 of the Default policy on a route-based gateway. The one group is 2. Source: Azure's page about VPN devices."""

DEFAULT_ESP_OFFERED: Final = _offered(_GCM256, _AES256_SHA1, _DES3_SHA1, _AES256_SHA256, _AES128_SHA1, _DES3_SHA256)
"""Phase 2 of the Default policy where the gateway begins, in its order; none has perfect forward secrecy. Same source."""

DEFAULT_ESP_ACCEPTED: Final = (
    *DEFAULT_ESP_OFFERED,
    *_offered((Encryption.DES, Hash.SHA1), _AES128_SHA256),
    *_offered(_AES256_SHA1, _AES256_SHA256, _AES128_SHA1, _AES128_SHA256, _DES3_SHA1, pfs=Group.MODP_768),
    *_offered(
        *(_AES256_SHA1, _AES256_SHA256, _AES128_SHA1, _AES128_SHA256, _DES3_SHA1, _DES3_SHA256), pfs=Group.MODP_1024
    ),
    *_offered(_AES256_SHA1, _AES256_SHA256, _AES128_SHA1, _AES128_SHA256, _DES3_SHA1, pfs=Group.MODP_2048),
    *_offered(_AES256_SHA1, _AES256_SHA256, pfs=Group.MODP_2048_S256),
)
"""Phase 2 of the Default policy where the device begins: 26 combinations. Same source."""

DEFAULT_SA_SECONDS: Final = 27_000
DEFAULT_SA_KILOBYTES: Final = 102_400_000
"""Lifetimes of the Default policy on a route-based gateway."""
